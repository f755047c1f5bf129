"""People and the tokens their programs act with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.texts import Text
from marketplace.db import Base


class User(Base):
    """A person. Roles on the platform are here; roles in an organisation are in organisations.Membership."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    """Lower case."""
    name: Mapped[str]
    phone: Mapped[str | None]
    """Shown to a counterpart only after an introduction releases contacts."""
    password_hash: Mapped[str | None]
    """None until an invited person chooses one."""
    language: Mapped[str] = mapped_column(default="zh")
    is_broker: Mapped[bool] = mapped_column(default=False)
    is_operator: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    session_number: Mapped[int] = mapped_column(default=1)
    """Raised when whatever was given out to act as this person, such as links in mails, must open nothing any more."""
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_reviewer(self) -> bool:
        return self.is_broker or self.is_operator

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None


class BrowserSession(Base):
    """A browser that is signed in. Its cookie has the key, of which only the digest is kept; no row, no access."""

    __tablename__ = "browser_sessions"
    __table_args__ = (Index(None, "user_id", "seen_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the key, hexadecimal."""
    remembered: Mapped[bool]
    """The person asked to stay signed in on this device."""
    with_code: Mapped[bool]
    """The second factor was shown."""
    device: Mapped[str | None]
    """Coarse: a browser and a system."""
    address: Mapped[str | None]
    """Where it was on the network when last seen."""
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    """Exact to some minutes."""
    confirmed_at: Mapped[datetime]
    """When the person last showed the password (or whatever they signed in with)."""

    user: Mapped[User] = relationship(lazy="raise")


class KnownDevice(Base):
    """A browser somebody has signed in with before, recognised by a cookie that opens nothing."""

    __tablename__ = "known_devices"
    __table_args__ = (UniqueConstraint("user_id", "digest"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    digest: Mapped[str]
    device: Mapped[str | None]
    address: Mapped[str | None]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)


class SecondFactor(Base):
    """The seed a person shares with the app on their telephone (RFC 6238), sealed."""

    __tablename__ = "second_factors"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    seed: Mapped[str]
    """Sealed by marketplace.secrets_kept."""
    since: Mapped[datetime]
    last_step: Mapped[int]
    """The latest half minute a code of which was taken: none is taken twice, nor an older one."""
    failures: Mapped[int] = mapped_column(default=0)
    """Wrong codes in a row."""
    refused_until: Mapped[datetime | None]


class RecoveryCode(Base):
    """Opens the account once when the telephone is lost. Only a keyed digest is kept; using it removes it."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "digest"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    digest: Mapped[str]


class Passkey(Base):
    """A key pair that a device of somebody's made for this site (WebAuthn); the private half never leaves it."""

    __tablename__ = "passkeys"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    """What its person calls it, such as the device it is on; may be empty."""
    credential_id: Mapped[str] = mapped_column(unique=True)
    """What the device calls it (base64url)."""
    public_key: Mapped[str]
    """As the device gave it: COSE, base64url."""
    handle: Mapped[str]
    """What devices know the person by, at random, base64url; the same for all passkeys of one person."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """How often it was used, as the device counts; 0 for good where it does not."""
    last_asked_at: Mapped[datetime | None]
    """When what it signed last was asked: nothing is taken twice, nor anything asked before."""
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class ApiToken(Base):
    """A bearer token; only its digest is kept."""

    __tablename__ = "api_tokens"
    __table_args__ = (UniqueConstraint("user_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None]
    """What its person calls it; None for one that a program asked for without saying."""
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the token, hexadecimal."""
    scopes: Mapped[list[str] | None]
    """What it may be used for (accounts.scopes); None: all that its person may do."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    warned_at: Mapped[datetime | None]
    """When its person was told that it ends soon."""
    last_used_at: Mapped[datetime | None]
    """Exact to an hour."""

    user: Mapped[User] = relationship(lazy="joined")


class ExternalIdentity(Base):
    """Somebody as another system that signs people in knows them (OpenID Connect)."""

    __tablename__ = "external_identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("user_id", "issuer"))
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    issuer: Mapped[str]
    subject: Mapped[str]
    """What the issuer calls the person for good, whatever becomes of their address."""
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined")


class Acceptance(Base):
    """Somebody has accepted one edition of the terms or of the privacy notice. Never changed, but for the address."""

    __tablename__ = "acceptances"
    __table_args__ = (UniqueConstraint("user_id", "text", "edition"), Index(None, "text", "edition"), Index(None, "at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    text: Mapped[Text]
    edition: Mapped[str]
    at: Mapped[datetime]
    address: Mapped[str | None]
    """Of the network; blanked in time."""

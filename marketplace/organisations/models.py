"""Organisations and the people in them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, backref, mapped_column, relationship

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import Base


class Kind(StrEnum):
    INSTITUTE = "institute"
    COMPANY = "company"
    AGENCY = "agency"
    PARK = "park"
    AUTHORITY = "authority"
    INVESTOR = "investor"
    SERVICE_PROVIDER = "service_provider"


class MembershipClass(StrEnum):
    """What the organisation is to the platform (not what a person is to the organisation)."""

    FOUNDING = "founding"
    ORDINARY = "ordinary"
    GUEST = "guest"


class State(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"
    REFUSED = "refused"


class Role(StrEnum):
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"


class Organisation(Base):
    __tablename__ = "organisations"
    __table_args__ = (Index(None, "state"), Index(None, "kind"), Index(None, "region"), Index(None, "membership"))
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    """As registered; usually Chinese."""
    name_en: Mapped[str | None]
    kind: Mapped[Kind]
    membership: Mapped[MembershipClass] = mapped_column(default=MembershipClass.ORDINARY)
    member_since: Mapped[date | None]
    """Of the platform; None: since it was verified."""
    credit_code: Mapped[str | None] = mapped_column(unique=True)
    """Unified social credit code, GB 32100: 18 characters."""
    region: Mapped[str | None]
    """GB/T 2260 code, or an ISO 3166 alpha-2 country code."""
    about: Mapped[str | None]
    about_en: Mapped[str | None]
    website: Mapped[str | None]
    steward_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """The staff member who answers for this company."""
    mailbox: Mapped[str | None]
    """An address that several of its people read, and who comes after them; gets mail once it is confirmed."""
    mailbox_language: Mapped[str] = mapped_column(default="zh", server_default="zh")
    mailbox_confirmed_at: Mapped[datetime | None]
    requires_approval: Mapped[bool] = mapped_column(default=False)
    """Must an admin approve a listing before it is submitted?"""
    state: Mapped[State] = mapped_column(default=State.PENDING)
    reason: Mapped[str | None]
    """Why verification was refused."""
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    steward: Mapped[User | None] = relationship(foreign_keys=[steward_id])
    created_by: Mapped[User | None] = relationship(foreign_keys=[created_by_id])

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_verified(self) -> bool:
        return self.state is State.VERIFIED

    @property
    def member_from(self) -> date:
        """Since when it belongs: as an operator has said, else since it was verified."""
        return self.member_since or (self.decided_at or self.created_at).astimezone(clock.PLACE).date()

    def in_language(self, language: str) -> str:
        """The name as this reader reads it."""
        return (self.name_en or self.name) if language == "en" else self.name


class Membership(Base):
    """A person's role in an organisation."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("user_id", "organisation_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role]
    joined_at: Mapped[datetime]

    # A person's few memberships decide nearly every question, so they come with the person.
    user: Mapped[User] = relationship(backref=backref("memberships", lazy="selectin", order_by=id))
    organisation: Mapped[Organisation] = relationship(lazy="joined")


class Invitation(Base):
    """An e-mail address asked to join an organisation; the link in the mail carries this row's signed number."""

    __tablename__ = "invitations"
    __table_args__ = (Index(None, "email"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), index=True)
    email: Mapped[str]
    role: Mapped[Role]
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined")


class Domain(Base):
    """A domain of e-mail addresses that an organisation says is its own. Once an operator has confirmed it, who is new
    and signs in with such an address through another system belongs to the organisation."""

    __tablename__ = "organisation_domains"
    __table_args__ = (
        UniqueConstraint("organisation_id", "domain"),
        # Several may say so, one has it: else whoever says it first could keep the rightful one out.
        Index("uq_organisation_domains_confirmed", "domain", unique=True,
              sqlite_where=text("confirmed_at IS NOT NULL"), postgresql_where=text("confirmed_at IS NOT NULL")),
        Index(None, "confirmed_at", "created_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    domain: Mapped[str]
    """Lower case, in ASCII."""
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

    organisation: Mapped[Organisation] = relationship(lazy="joined")
    created_by: Mapped[User | None] = relationship(foreign_keys=[created_by_id])

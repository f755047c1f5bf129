"""People and the tokens their programs act with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
    """Raised to sign the person out everywhere."""
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_reviewer(self) -> bool:
        return self.is_broker or self.is_operator

    # What Flask-Login asks of a person.
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None

    def get_id(self) -> str:
        return f"{self.id}.{self.session_number}"


class ApiToken(Base):
    """A bearer token; only its digest is kept."""

    __tablename__ = "api_tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the token, hexadecimal."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined")

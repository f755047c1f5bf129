"""The members that a park keeps a list of, and the parks that look into each other's lists."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.organisations.models import Organisation


class ParkMember(Base):
    """An organisation that a park counts among its own."""

    __tablename__ = "park_members"
    __table_args__ = (
        UniqueConstraint("park_id", "organisation_id"), CheckConstraint("park_id <> organisation_id", name="another"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    park_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), index=True)
    since: Mapped[date]
    steward_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    """Who of the park's people answers for it."""
    note: Mapped[str | None]
    """For the park and its partners."""
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    park: Mapped[Organisation] = relationship(foreign_keys=[park_id], lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(foreign_keys=[organisation_id], lazy="joined", innerjoin=True)
    steward: Mapped[User | None] = relationship(foreign_keys=[steward_id], lazy="joined")

    __mapper_args__ = {"version_id_col": version}


class Partnership(Base):
    """Two parks of which each may look into the other's list, once the one that was asked agrees."""

    __tablename__ = "park_partnerships"
    __table_args__ = (
        UniqueConstraint("park_id", "partner_id"), CheckConstraint("park_id <> partner_id", name="two"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    park_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    """Who asked."""
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    agreed_at: Mapped[datetime | None]
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)

    park: Mapped[Organisation] = relationship(foreign_keys=[park_id], lazy="joined", innerjoin=True)
    partner: Mapped[Organisation] = relationship(foreign_keys=[partner_id], lazy="joined", innerjoin=True)

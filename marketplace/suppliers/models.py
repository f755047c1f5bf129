"""Supplier libraries: what a buyer looks for, who has applied, whom it has accepted and until when."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.events.models import Edition
from marketplace.organisations.models import Organisation


class State(StrEnum):
    """Where a supplier stands in a library."""

    APPLIED = "applied"
    ACCEPTED = "accepted"
    """Until its last day; then it has to renew."""
    DECLINED = "declined"
    LEFT = "left"


class Library(Base):
    """One buyer's suppliers of one kind of thing. Who is in it, only the buyer knows."""

    __tablename__ = "supplier_libraries"
    __table_args__ = (Index(None, "is_open", "created_at"), Index(None, "buyer_id", "created_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("editions.id", ondelete="SET NULL"), index=True)
    """The event of directed procurement that goes with it."""
    title: Mapped[str]
    wanted: Mapped[str]
    """What the buyer procures."""
    conditions: Mapped[str | None]
    """What a supplier must have or show."""
    is_open: Mapped[bool] = mapped_column(default=True)
    """Does it take applications? Whoever is in it renews in any case."""
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    buyer: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    edition: Mapped[Edition | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    @property
    def url(self) -> str:
        return f"/suppliers/{self.ref}"


class Supplier(Base):
    """A company's place in a library, or its wish for one. One row for both, however often it renews."""

    __tablename__ = "suppliers"
    __table_args__ = (
        UniqueConstraint("library_id", "organisation_id"),
        Index(None, "library_id", "state", "valid_until"), Index(None, "state", "valid_until"),
        CheckConstraint("state <> 'accepted' OR valid_until IS NOT NULL", name="lasts"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("supplier_libraries.id", ondelete="CASCADE"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    supplies: Mapped[str]
    proof: Mapped[str | None]
    """Certificates, capacity, whom it supplies already."""
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    state: Mapped[State] = mapped_column(default=State.APPLIED)
    renews: Mapped[bool] = mapped_column(default=False)
    """Accepted, and has asked for another year."""
    applied_at: Mapped[datetime]
    applied_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    reason: Mapped[str | None]
    """Why it was not accepted, or not for another year."""
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    accepted_on: Mapped[date | None]
    """For the first time."""
    valid_until: Mapped[date | None]
    reminders: Mapped[int] = mapped_column(default=0)
    """0: none; 1: told that the year ends soon; 2: told that it has ended."""
    version: Mapped[int] = mapped_column()

    library: Mapped[Library] = relationship(lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    contact: Mapped[User | None] = relationship(foreign_keys=[contact_id], lazy="joined")

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_valid(self) -> bool:
        """In the library today."""
        return self.state is State.ACCEPTED and self.valid_until is not None and self.valid_until >= clock.today()

    @property
    def is_expired(self) -> bool:
        return self.state is State.ACCEPTED and not self.is_valid

    @property
    def waits(self) -> bool:
        """Has the buyer something to decide?"""
        return self.state is State.APPLIED or (self.state is State.ACCEPTED and self.renews)

    @property
    def url(self) -> str:
        return f"{self.library.url}/{self.id}"

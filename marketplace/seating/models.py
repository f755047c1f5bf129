"""A seating of an edition, round by round: tables, who sits where, what speaks for it, and what hosts noted there."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.events.models import Edition, OfTwo, Registration
from marketplace.seating.problem import LEAST, MOST, MOST_ROUNDS


class PlanState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    """Everybody with a seat may see their own table."""


class Work(StrEnum):
    """What the worker has to do with a plan."""

    NONE = "none"
    ASKED = "asked"
    RUNNING = "running"
    FAILED = "failed"


BUSY = frozenset({Work.ASKED, Work.RUNNING})


class SeatingPlan(Base):
    """Who sits where in one round of an edition. `version` tells whoever moves people that others did meanwhile."""

    __tablename__ = "seating_plans"
    __table_args__ = (
        UniqueConstraint("edition_id", "round"),
        CheckConstraint(f"round BETWEEN 1 AND {MOST_ROUNDS}", name="round"),
        CheckConstraint("share BETWEEN 0 AND 1", name="share"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    round: Mapped[int] = mapped_column(default=1)
    state: Mapped[PlanState] = mapped_column(default=PlanState.DRAFT)
    work: Mapped[Work] = mapped_column(default=Work.NONE)
    turn: Mapped[int] = mapped_column(default=0)
    """Which asking the work is for: what was asked before is no longer wanted."""
    of_present: Mapped[bool] = mapped_column(default=False)
    """Of those who have come, keeping the tables that still work, rather than of everybody with a place."""
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Where people sat when that was asked: number of the registration -> number of the table."""
    share: Mapped[float] = mapped_column(default=0.0)
    """Of the time it may take."""
    value: Mapped[int | None]
    """What it was worth when it was solved, in points."""
    greedy: Mapped[int | None]
    """What the same input is worth when people are put down one by one, for comparison."""
    bound: Mapped[int | None]
    """No seating is worth more."""
    is_proven: Mapped[bool] = mapped_column(default=False)
    seconds: Mapped[float] = mapped_column(default=0.0)
    error: Mapped[dict[str, Any] | None]
    """Why there is no seating: a phrase's msgid and values."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """Who asked for it or moved somebody last."""
    published_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    edition: Mapped[Edition] = relationship(lazy="joined", innerjoin=True)
    changed_by: Mapped[User | None] = relationship(foreign_keys=[changed_by_id])
    tables: Mapped[list[Table]] = relationship(
        back_populates="plan", cascade="all, delete-orphan", order_by="Table.number", lazy="selectin"
    )
    seats: Mapped[list[Seat]] = relationship(
        back_populates="plan", cascade="all, delete-orphan", order_by="Seat.id", lazy="selectin"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_busy(self) -> bool:
        return self.work in BUSY

    @property
    def is_published(self) -> bool:
        return self.state is PlanState.PUBLISHED


class Table(Base):
    """A table as it stands in the room."""

    __tablename__ = "seating_tables"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        CheckConstraint(f"size BETWEEN {LEAST} AND {MOST}", name="size"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("seating_plans.id", ondelete="CASCADE"))
    number: Mapped[int]
    """As its card says, from 1."""
    size: Mapped[int]

    plan: Mapped[SeatingPlan] = relationship(back_populates="tables")


class Seat(Base):
    """Where somebody sits in one round."""

    __tablename__ = "seats"
    __table_args__ = (UniqueConstraint("plan_id", "registration_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("seating_plans.id", ondelete="CASCADE"))
    table_id: Mapped[int] = mapped_column(ForeignKey("seating_tables.id", ondelete="CASCADE"), index=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"), index=True)
    is_fixed: Mapped[bool] = mapped_column(default=False)
    """Put there by a person: solving again leaves them there."""
    told_table: Mapped[int | None]
    """The number of the table they were told of."""

    plan: Mapped[SeatingPlan] = relationship(back_populates="seats")
    table: Mapped[Table] = relationship(lazy="joined", innerjoin=True)
    registration: Mapped[Registration] = relationship(lazy="joined", innerjoin=True)


class SeatingFit(Base):
    """What speaks for two guests of an edition at one table: a need of the one and a result of the other."""

    __tablename__ = "seating_fits"
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True)
    one_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True)
    """The registration with the smaller number."""
    other_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    need_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), index=True)
    result_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), index=True)
    fit: Mapped[float]
    """0–100, the matching score."""


class NoteKind(StrEnum):
    SAID = "said"
    AGREED = "agreed"
    ASKED = "asked"
    """A question for the authorities or the park."""


class HostNote(Base):
    """What a host wrote down at a table, on a phone. Sent twice, it is kept once."""

    __tablename__ = "host_notes"
    __table_args__ = (
        UniqueConstraint("author_id", "once"),
        Index(None, "edition_id", "round", "table_number", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    round: Mapped[int]
    table_number: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[NoteKind] = mapped_column(default=NoteKind.SAID)
    text: Mapped[str]
    once: Mapped[str]
    """Made with the form, so that sending it again on a bad network is known as the same."""
    written_at: Mapped[datetime]

    author: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class TalkDay(Base):
    """Talks of two at given times of an edition."""

    __tablename__ = "talk_days"
    __table_args__ = (
        CheckConstraint("slots BETWEEN 1 AND 24", name="slots"),
        CheckConstraint("minutes BETWEEN 5 AND 120", name="minutes"),
        CheckConstraint("places BETWEEN 1 AND 200", name="places"),
    )
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True)
    after: Mapped[int] = mapped_column(default=0)
    """Minutes from the edition's beginning to the first talk: the talks move with the edition."""
    slots: Mapped[int]
    """Times, one after the other."""
    minutes: Mapped[int]
    """How long a talk takes, the change of places included."""
    places: Mapped[int]
    """Talks that can go on at a time."""
    suggests: Mapped[bool] = mapped_column(default=True)
    """Whether good counterparts meet though neither asked."""
    is_busy: Mapped[bool] = mapped_column(default=False)
    """The worker is arranging."""
    turn: Mapped[int] = mapped_column(default=0)
    """Which asking the work is for: what was asked before is no longer wanted."""
    value: Mapped[int | None]
    bound: Mapped[int | None]
    """No arrangement is worth more."""
    published_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    edition: Mapped[Edition] = relationship(lazy="joined", innerjoin=True)

    __mapper_args__ = {"version_id_col": version}

    def begins(self, slot: int) -> datetime:
        return self.edition.starts_at + timedelta(minutes=self.after + slot * self.minutes)


class TalkWishKind(StrEnum):
    ASKS = "asks"
    MUST = "must"
    """Those who run the event want these two to meet."""
    REFUSES = "refuses"
    """No, thanks."""


class TalkWish(OfTwo, Base):
    """What somebody (the one) said of a talk with somebody else (the other)."""

    __tablename__ = "talk_wishes"
    __table_args__ = (
        UniqueConstraint("one_id", "other_id"),
        CheckConstraint("one_id <> other_id", name="two"),
        Index(None, "edition_id", "kind"),
    )
    kind: Mapped[TalkWishKind]


class TalkGuest(Base):
    """When somebody cannot, and how many talks they take."""

    __tablename__ = "talk_guests"
    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"), index=True)
    cannot: Mapped[list[Any]] = mapped_column(default=list)
    """Numbers of times."""
    most: Mapped[int | None]


class Talk(OfTwo, Base):
    """Who meets whom, when and where."""

    __tablename__ = "talks"
    __table_args__ = (
        UniqueConstraint("edition_id", "slot", "place"),
        UniqueConstraint("edition_id", "slot", "one_id"),
        UniqueConstraint("edition_id", "slot", "other_id"),
        UniqueConstraint("one_id", "other_id"),
        CheckConstraint("one_id < other_id", name="ordered"),
    )
    slot: Mapped[int]
    """From 0."""
    place: Mapped[int]
    """From 0."""

    one: Mapped[Registration] = relationship(foreign_keys="Talk.one_id", lazy="joined", innerjoin=True)
    other: Mapped[Registration] = relationship(foreign_keys="Talk.other_id", lazy="joined", innerjoin=True)

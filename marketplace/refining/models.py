"""A need being worked over: what was asked, what was answered, what the broker proposes, and every step of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.listings.models import Listing


class Step(StrEnum):
    """Where a refinement stands."""

    ASKED = "asked"
    """No broker has taken it yet."""
    WORKING = "working"
    PROPOSED = "proposed"
    """The refined text lies before the company."""
    APPROVED = "approved"
    ENDED = "ended"
    """Given up by one of the two, or the need was withdrawn."""


class Turn(StrEnum):
    BROKER = "broker"
    COMPANY = "company"
    NOBODY = "nobody"


class What(StrEnum):
    """What somebody did."""

    ASKED = "asked"
    TAKEN = "taken"
    RELEASED = "released"
    ANSWERED = "answered"
    HANDED = "handed"
    """The questionnaire went over to the other side."""
    PROPOSED = "proposed"
    RETURNED = "returned"
    APPROVED = "approved"
    ENDED = "ended"


OPEN_STEPS = frozenset({Step.ASKED, Step.WORKING, Step.PROPOSED})


class Refinement(Base):
    """One need, worked over once by its company and one broker. Written only through service.py."""

    __tablename__ = "refinements"
    __table_args__ = (
        UniqueConstraint("listing_id", "number"),
        Index(
            "uq_refinements_one_open", "listing_id", unique=True,
            sqlite_where=text("step IN ('asked', 'working', 'proposed')"),
            postgresql_where=text("step IN ('asked', 'working', 'proposed')"),
        ),
        Index(None, "step", "turn"),
        Index(None, "broker_id", "step"),
        Index(None, "remind_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    number: Mapped[int]
    """Counts the refinements of one need."""
    step: Mapped[Step] = mapped_column(default=Step.ASKED)
    turn: Mapped[Turn] = mapped_column(default=Turn.BROKER)
    wish: Mapped[str] = mapped_column(default="")
    """What whoever asked would like to become clearer."""
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    original_id: Mapped[int | None] = mapped_column(ForeignKey("listing_versions.id", ondelete="SET NULL"), index=True)
    """What the need said when refining began."""
    refined_id: Mapped[int | None] = mapped_column(ForeignKey("listing_versions.id", ondelete="SET NULL"), index=True)
    """What it says by the company's approval."""
    base: Mapped[dict[str, Any]]
    """What the need said when the refined text was last written: what differs from it now has been changed since."""
    proposal: Mapped[dict[str, Any] | None]
    """The refined text, of the fields of texts.REFINED; None before the broker has begun."""
    message: Mapped[str | None]
    """What the broker says to the company with it."""
    remark: Mapped[str | None]
    """Why the company sent it back, or why it ended."""
    changed_at: Mapped[datetime]
    remind_at: Mapped[datetime | None]
    """When timers.remind() must look at it next; None when nothing is left to say about this step."""
    reminders: Mapped[int] = mapped_column(default=0)
    """How many were sent about this step."""
    version: Mapped[int] = mapped_column()

    listing: Mapped[Listing] = relationship(lazy="joined", innerjoin=True)
    broker: Mapped[User | None] = relationship(foreign_keys=[broker_id], lazy="joined")
    asked_by: Mapped[User] = relationship(foreign_keys=[asked_by_id])
    questionnaire: Mapped[Questionnaire] = relationship(back_populates="refinement", lazy="joined", innerjoin=True)
    acts: Mapped[list[Act]] = relationship(lambda: Act, order_by=lambda: Act.id, viewonly=True)

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_open(self) -> bool:
        return self.step in OPEN_STEPS


class Questionnaire(Base):
    """The answers, as far as they have been given; what they are about: answers.py."""

    __tablename__ = "refinement_questionnaires"
    refinement_id: Mapped[int] = mapped_column(ForeignKey("refinements.id", ondelete="CASCADE"), primary_key=True)
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed_at: Mapped[datetime | None]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    refinement: Mapped[Refinement] = relationship(back_populates="questionnaire")
    changed_by: Mapped[User | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class Act(Base):
    """One step somebody took. Append-only."""

    __tablename__ = "refinement_acts"
    id: Mapped[int] = mapped_column(primary_key=True)
    refinement_id: Mapped[int] = mapped_column(ForeignKey("refinements.id", ondelete="CASCADE"), index=True)
    what: Mapped[What]
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """None: the system."""
    note: Mapped[str | None]
    proposal: Mapped[dict[str, Any] | None]
    """The text that was proposed, when one was."""

    actor: Mapped[User | None] = relationship()

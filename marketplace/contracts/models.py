"""What follows from a contract: its registration form, its steps (milestones and payments), the surveys of what came
of it. The contract itself is a record of its introduction (introductions/models.py)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.introductions.models import Introduction, Side


class RegistrationForm(Base):
    """What people entered into the form for the registration office; what it knows by itself is not kept."""

    __tablename__ = "contract_registrations"
    id: Mapped[int] = mapped_column(primary_key=True)
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"), unique=True)
    entered: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Field of form.py -> what was entered in place of what it was filled with."""
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    changed_by: Mapped[User] = relationship()

    __mapper_args__ = {"version_id_col": version}


class StepKind(StrEnum):
    MILESTONE = "milestone"
    PAYMENT = "payment"


class StepState(StrEnum):
    PLANNED = "planned"
    OVERDUE = "overdue"
    DONE = "done"
    CANCELLED = "cancelled"


class Step(Base):
    """A milestone or a payment: what was planned, and what came of it. Never deleted, only cancelled."""

    __tablename__ = "contract_steps"
    __table_args__ = (
        CheckConstraint("kind <> 'payment' OR (amount > 0 AND payer IS NOT NULL)", name="payment"),
        CheckConstraint("actual_on IS NULL OR cancelled_at IS NULL", name="done_or_cancelled"),
        Index(None, "introduction_id", "planned_on"),
        Index(None, "planned_on"),
        Index(None, "reminded_at", "planned_on"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"))
    kind: Mapped[StepKind]
    title: Mapped[str]
    planned_on: Mapped[date]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    currency: Mapped[str | None]
    payer: Mapped[Side | None]
    is_final: Mapped[bool] = mapped_column(default=False)
    """The payment after which nothing is owed any more."""
    actual_on: Mapped[date | None]
    actual_amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    evidence: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_because: Mapped[str | None]
    reminded_at: Mapped[datetime | None]
    """When people were told that it is overdue: once for each planned day."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    introduction: Mapped[Introduction] = relationship()
    changed_by: Mapped[User] = relationship()

    __mapper_args__ = {"version_id_col": version}

    @property
    def state(self) -> StepState:
        if self.cancelled_at is not None:
            return StepState.CANCELLED
        if self.actual_on is not None:
            return StepState.DONE
        return StepState.OVERDUE if self.planned_on < clock.today() else StepState.PLANNED


class SurveyKind(StrEnum):
    SIX_MONTHS = "six_months"
    """After work began."""
    TWELVE_MONTHS = "twelve_months"
    """After the technology was in use."""


class Answer(StrEnum):
    IN_USE = "in_use"
    UNDER_WAY = "under_way"
    STOPPED = "stopped"


class Survey(Base):
    """One side asked what became of the technology."""

    __tablename__ = "outcome_surveys"
    __table_args__ = (
        UniqueConstraint("introduction_id", "kind", "side"),
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered"),
        CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction"),
        Index(None, "answered_at", "sent_at"),
        Index(None, "sent_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"))
    kind: Mapped[SurveyKind]
    side: Mapped[Side]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """Until when the links in the mail work; in the case it may be answered after that."""
    reminded_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    answer: Mapped[Answer | None]
    jobs: Mapped[int | None]
    revenue: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    currency: Mapped[str | None]
    satisfaction: Mapped[int | None]
    comment: Mapped[str | None]
    version: Mapped[int] = mapped_column()

    introduction: Mapped[Introduction] = relationship()
    answered_by: Mapped[User | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

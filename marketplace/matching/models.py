"""What people said of matches, and the weights that were trained on it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.db import Base


class Reason(StrEnum):
    """Why a match is not relevant."""

    WRONG_OBJECT = "wrong_object"
    WRONG_FIELD = "wrong_field"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    ALREADY_HAVE_IT = "already_have_it"
    PRICE = "price"
    KNOWN_PARTNER = "known_partner"
    OTHER = "other"


class Side(StrEnum):
    NEED = "need"
    RESULT = "result"
    BROKER = "broker"
    """Or an operator: somebody who stands on neither side."""


class MatchFeedback(Base):
    """"Not relevant", of one pair by one organisation or by the brokers; said again, it replaces what was said."""

    __tablename__ = "match_feedback"
    __table_args__ = (
        CheckConstraint("(side = 'broker') = (organisation_id IS NULL)", name="side"),
        Index(None, "need_id", "result_id"),
        Index(None, "result_id"),
        Index(None, "organisation_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    result_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    side: Mapped[Side]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    """Whose judgement it is; None for the brokers'."""
    reason: Mapped[Reason]
    note: Mapped[str] = mapped_column(default="")
    said_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    said_at: Mapped[datetime]


class TrainedWeights(Base):
    """The weights of one training, as `yinqiao matching model` prints them; the newest accepted ones score."""

    __tablename__ = "matching_weights"
    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    content: Mapped[dict[str, Any]]
    """See matching/weights.py."""


class Answering(Base):
    """How often an organisation was asked for its answer, and how often it gave one in time, of late. Counted where
    answers are given (introductions/answering.py); scored here."""

    __tablename__ = "matching_answers"
    __table_args__ = (CheckConstraint("0 <= answered AND answered <= asked", name="counts"),)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    asked: Mapped[int]
    answered: Mapped[int]
    updated_at: Mapped[datetime]

"""An introduction: where it stands, and the records that its moves leave behind.

Stage (how far) and status (is anybody working on it) are independent. The history is append-only and is what every
figure derives from; `Introduction.stage` and `.status` are what its last row says.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.files.models import StoredFile
from marketplace.introductions.stages import CloseReason as CloseReason
from marketplace.introductions.stages import Confirmed as Confirmed
from marketplace.introductions.stages import Origin as Origin
from marketplace.introductions.stages import Owes as Owes
from marketplace.introductions.stages import ReasonCode as ReasonCode
from marketplace.introductions.stages import Side as Side
from marketplace.introductions.stages import Stage as Stage
from marketplace.introductions.stages import StageColumn as StageColumn
from marketplace.introductions.stages import Status as Status
from marketplace.listings.models import Listing
from marketplace.organisations.models import Organisation


class Introduction(Base):
    """One result, one need, and how far they have come. Written only through service.py, by compare-and-set."""

    __tablename__ = "introductions"
    __table_args__ = (
        CheckConstraint("stage BETWEEN 0 AND 8", name="stage"),
        Index(
            "uq_introductions_one_open", "need_id", "result_id", unique=True,
            sqlite_where=text("status <> 'closed'"), postgresql_where=text("status <> 'closed'"),
        ),
        Index(None, "need_id"),
        Index(None, "result_id"),
        Index(None, "origin_ref"),
        Index(None, "status", "stage", "due_at"),
        Index(None, "status", "due_at"),
        Index(None, "status", "owed_by", "due_at"),
        Index(None, "status", "stage", "match_score"),
        Index(None, "broker_id", "status", "stage", "due_at"),
        Index(None, "broker_id", "status", "due_at"),
        Index(None, "broker_id", "status", "owed_by", "due_at"),
        Index(None, "broker_id", "unanswered_since"),
        Index(None, "unanswered_since"),
        Index(None, "status", "remind_at"),
        Index(None, "status", "wakes_at"),
        Index(None, "created_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    result_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    stage: Mapped[Stage] = mapped_column(StageColumn())
    status: Mapped[Status] = mapped_column(default=Status.ACTIVE)
    close_reason: Mapped[CloseReason | None]
    reason_code: Mapped[ReasonCode | None]
    reason_text: Mapped[str | None]
    origin: Mapped[Origin]
    origin_ref: Mapped[str | None]
    """The event edition or the broadcast it comes from, when `origin` is one of these."""
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """None when the system suggested it."""
    entered_stage_at: Mapped[datetime]
    """By the effective date, not the day it was recorded."""
    owed_by: Mapped[Owes] = mapped_column(default=Owes.NOBODY)
    due_at: Mapped[datetime | None]
    """When the next step is due from whoever owes it."""
    remind_at: Mapped[datetime | None]
    """When run_timers() must look at it next; None when nothing is left to say about this step."""
    reminders: Mapped[int] = mapped_column(default=0)
    """How many were sent about this step."""
    wakes_at: Mapped[datetime | None]
    unanswered_since: Mapped[datetime | None]
    """Since when a side has been waiting for the broker's word."""
    unanswered_by: Mapped[Owes | None]
    """Which side, or both, while `unanswered_since` is set."""
    match_score: Mapped[float | None]
    """How well the pair fits, while it is only suggested; filled by suggesting.py."""
    match_reasons: Mapped[list[Any] | None]
    """Why, as packed values: [[label, here, there], …]."""
    version: Mapped[int] = mapped_column(default=1)
    """Raised by every move; the service compares and sets it."""

    need: Mapped[Listing] = relationship(foreign_keys=[need_id])
    result: Mapped[Listing] = relationship(foreign_keys=[result_id])
    broker: Mapped[User | None] = relationship(foreign_keys=[broker_id])
    interests: Mapped[list[Interest]] = relationship(order_by="Interest.id")
    consents: Mapped[list[Consent]] = relationship(order_by="Consent.id")
    signatures: Mapped[list[NonDisclosure]] = relationship(order_by="NonDisclosure.id")
    signed_copies: Mapped[list[SignedCopy]] = relationship(order_by="SignedCopy.id")
    minutes: Mapped[list[Minutes]] = relationship(order_by="Minutes.id")
    intents: Mapped[list[Intent]] = relationship(order_by="Intent.id")
    contracts: Mapped[list[Contract]] = relationship(order_by="Contract.id")
    outcomes: Mapped[list[Outcome]] = relationship(order_by="Outcome.id")
    confirmations: Mapped[list[Confirmation]] = relationship(order_by="Confirmation.id")
    checks: Mapped[list[Check]] = relationship(order_by="Check.id")

    @property
    def is_open(self) -> bool:
        return self.status is not Status.CLOSED

    @property
    def needs_owner(self) -> bool:
        """Nobody answers for it: it has no broker, or one who has left."""
        if self.broker_id is None:
            return True
        return self.broker is not None and not (self.broker.is_active and self.broker.is_broker)

    @property
    def is_released(self) -> bool:
        """Do the two sides know each other's names and contacts?"""
        return self.stage >= Stage.INTRODUCED and (self.is_open or self.close_reason is CloseReason.COMPLETED)

    def listing_of(self, side: Side) -> Listing:
        return self.need if side is Side.NEED else self.result


class DueMatching(Base):
    """A listing that is new or has changed, and has to be matched again."""

    __tablename__ = "due_matchings"
    __table_args__ = (Index(None, "asked_at"),)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True)
    asked_at: Mapped[datetime]


class _Record:
    """What every record of a move has: whose introduction, which person wrote it, when."""

    id: Mapped[int] = mapped_column(primary_key=True)
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]


class Interest(_Record, Base):
    """One side says that it would like to work with the other."""

    __tablename__ = "introduction_interests"
    __table_args__ = (UniqueConstraint("introduction_id", "side"),)
    side: Mapped[Side]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    cooperation_sought: Mapped[str]
    unclear: Mapped[str]
    about_us: Mapped[str]
    """May identify the writer, so the other side reads it only when it may know who that is."""

    organisation: Mapped[Organisation] = relationship()
    user: Mapped[User] = relationship()


class Consent(_Record, Base):
    """One side agrees that the other learns who it is. Void once `withdrawn_at` is set; never deleted."""

    __tablename__ = "introduction_consents"
    side: Mapped[Side]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    edition: Mapped[str] = mapped_column(default="2026-1", server_default="2026-1")
    """Which wording was agreed to: wordings.CONSENTS."""
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """None while it stands, and where a move back made it void."""

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    organisation: Mapped[Organisation] = relationship()


class NonDisclosure(_Record, Base):
    """One side's signature under the mutual non-disclosure terms, made on the page or on a copy that was sent in."""

    __tablename__ = "introduction_non_disclosures"
    __table_args__ = (UniqueConstraint("introduction_id", "side"),)
    side: Mapped[Side]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    terms: Mapped[str]
    """Which edition of the terms was signed: wordings.NON_DISCLOSURES."""
    copy_id: Mapped[int | None] = mapped_column(ForeignKey("introduction_signed_copies.id"), index=True)
    """The signed copy that the broker accepted; None: signed on the page."""

    user: Mapped[User] = relationship()
    organisation: Mapped[Organisation] = relationship()


class SignedCopy(_Record, Base):
    """An NDA that one side signed on paper and sent in; it counts once the broker has accepted it. Never deleted."""

    __tablename__ = "introduction_signed_copies"
    side: Mapped[Side]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    terms: Mapped[str]
    file_id: Mapped[int] = mapped_column(ForeignKey("files.id"), index=True)
    checked_at: Mapped[datetime | None]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    refused_because: Mapped[str | None]
    """What is wrong with it; None while it waits or when it was accepted."""

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    file: Mapped[StoredFile] = relationship()


class Check(_Record, Base):
    """One item of the broker's checklist, done. The items are data: vocabulary.CHECKLIST."""

    __tablename__ = "introduction_checks"
    item: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)


class Minutes(_Record, Base):
    """What was said at a meeting and what follows; or that somebody did not come."""

    __tablename__ = "introduction_minutes"
    held_on: Mapped[date]
    text: Mapped[str]
    next_action: Mapped[str | None]
    owner: Mapped[Owes]
    due_on: Mapped[date | None]
    absent: Mapped[Side | None]
    """The side that did not come to a meeting that was arranged."""
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)

    user: Mapped[User] = relationship()


class Intent(_Record, Base):
    """A written intent to conclude a contract of this type."""

    __tablename__ = "introduction_intents"
    dated_on: Mapped[date]
    text: Mapped[str]
    contract_type: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)


class Contract(_Record, Base):
    """The contract, as the broker recorded it; the latest row counts."""

    __tablename__ = "introduction_contracts"
    contract_type: Mapped[str]
    signed_on: Mapped[date]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    """None when the parties keep it to themselves."""
    currency: Mapped[str | None]
    parties: Mapped[str]
    """A line each: the name and, where it has one, the credit code; agreements.parties_of reads it."""
    evidence: Mapped[str | None]
    registration_no: Mapped[str | None] = mapped_column(index=True)
    technology_amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    waiver_reason: Mapped[str | None]
    """Why the contract is not registered (技术合同登记)."""
    corrected_because: Mapped[str | None]
    """Why this row took the place of the one before it; None where a move wrote it."""
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)

    user: Mapped[User] = relationship()


class Outcome(_Record, Base):
    """The technology is in use, or the last payment was made."""

    __tablename__ = "introduction_outcomes"
    reached_on: Mapped[date]
    text: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)


class Confirmation(_Record, Base):
    """One side confirms the contract or the outcome. Void once `withdrawn_at` is set; never deleted."""

    __tablename__ = "introduction_confirmations"
    what: Mapped[Confirmed]
    side: Mapped[Side]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    withdrawn_at: Mapped[datetime | None]


class History(Base):
    """One move. Append-only: nothing here is ever changed or deleted."""

    __tablename__ = "introduction_history"
    __table_args__ = (
        UniqueConstraint("introduction_id", "version"),
        # With all that is counted of a row, so that ledgers and figures need not fetch it.
        Index("ix_introduction_history_stages", "to_stage", "effective_at", "from_stage", "introduction_id", "version",
              "actor_id", "side"),
        Index("ix_introduction_history_moves", "move", "effective_at", "introduction_id", "version", "actor_id", "side",
              "reason"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"))
    version: Mapped[int]
    """The introduction's, after the move."""
    move: Mapped[str]
    from_stage: Mapped[Stage | None] = mapped_column(StageColumn())
    """None for the move that began it."""
    to_stage: Mapped[Stage] = mapped_column(StageColumn())
    from_status: Mapped[Status | None]
    status: Mapped[Status]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """None: the system."""
    side: Mapped[Side | None]
    """The side for which the actor moved; None for brokers, operators and the system."""
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    reason: Mapped[CloseReason | None]
    reason_code: Mapped[ReasonCode | None]
    note: Mapped[str | None]
    fingerprint: Mapped[str] = mapped_column(default="")
    """Of what was entered, so that the second click of a double click is recognised."""

    introduction: Mapped[Introduction] = relationship()
    actor: Mapped[User | None] = relationship()

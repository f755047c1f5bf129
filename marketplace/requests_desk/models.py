"""What companies ask of authorities and parks: who answers it by when, each step, what all may read of it."""

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
from marketplace.phrases import Label


class Topic(StrEnum):
    """What it is about; one department or another answers by it."""

    POLICY = "policy"
    PERMITS = "permits"
    SPACE = "space"
    PEOPLE = "people"
    FINANCE = "finance"
    OTHER = "other"


class Level(StrEnum):
    """Who answers; what one cannot settle goes to the next."""

    STEWARD = "steward"
    PARK = "park"
    AUTHORITY = "authority"


LADDER = (Level.STEWARD, Level.PARK, Level.AUTHORITY)


class Step(StrEnum):
    """Where a request stands."""

    WAITING = "waiting"
    """Nobody answers for it yet: an operator assigns it."""
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    """The company has not said yet whether that settles it."""
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


OPEN_STEPS = frozenset({Step.WAITING, Step.ASSIGNED, Step.ANSWERED})
TO_ANSWER = frozenset({Step.WAITING, Step.ASSIGNED})


class What(StrEnum):
    """What somebody did."""

    RAISED = "raised"
    ASSIGNED = "assigned"
    OVERDUE = "overdue"
    """Not answered in time: the next level has it."""
    ESCALATED = "escalated"
    """Sent back too often: likewise."""
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    PUBLISHED = "published"
    RETRACTED = "retracted"


class Request(Base):
    """One question or wish of a company. Written only through service.py and what it is made of."""

    __tablename__ = "requests"
    __table_args__ = (
        Index(None, "step", "due_on"), Index(None, "organisation_id", "raised_at"), Index(None, "edition_id", "step"),
        Index(None, "topic"), Index(None, "steward_id", "step"), Index(None, "handler_id", "step"),
        Index(None, "remind_at"), Index(None, "raised_by_id", "raised_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    """Whose it is."""
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("editions.id", ondelete="SET NULL"))
    """The event at which it was raised."""
    topic: Mapped[Topic]
    title: Mapped[str]
    text: Mapped[str]
    raised_at: Mapped[datetime]
    raised_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    step: Mapped[Step] = mapped_column(default=Step.WAITING)
    level: Mapped[Level] = mapped_column(default=Level.STEWARD)
    steward_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    """The member of the staff who answers for the company, and reads along when somebody else answers."""
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    """The park or authority that answers, from the second level on."""
    department: Mapped[str | None]
    due_on: Mapped[date | None]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    remark: Mapped[str | None]
    """Why the company sent the answer back."""
    returns: Mapped[int] = mapped_column(default=0)
    """How often it did, at this level."""
    closed_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]
    """When timers.run() must look at it next."""
    reminders: Mapped[int] = mapped_column(default=0)
    """How many were sent about this step."""
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    organisation: Mapped[Organisation] = relationship(foreign_keys=[organisation_id], lazy="joined", innerjoin=True)
    edition: Mapped[Edition | None] = relationship()
    raised_by: Mapped[User] = relationship(foreign_keys=[raised_by_id])
    steward: Mapped[User | None] = relationship(foreign_keys=[steward_id], lazy="joined")
    handler: Mapped[Organisation | None] = relationship(foreign_keys=[handler_id], lazy="joined")
    published: Mapped[HelpAnswer | None] = relationship(back_populates="request", uselist=False)
    acts: Mapped[list[RequestAct]] = relationship(lambda: RequestAct, order_by=lambda: RequestAct.id, viewonly=True)

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_open(self) -> bool:
        return self.step in OPEN_STEPS

    @property
    def is_overdue(self) -> bool:
        return self.step in TO_ANSWER and self.due_on is not None and self.due_on < clock.today()

    @property
    def url(self) -> str:
        return f"/requests/{self.ref}"


class RequestAct(Base):
    """One step somebody took. Append-only."""

    __tablename__ = "request_acts"
    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id", ondelete="CASCADE"), index=True)
    what: Mapped[What]
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """None: the system."""
    note: Mapped[str | None]
    level: Mapped[Level]
    """From then on, as are the next four."""
    steward_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    department: Mapped[str | None]
    due_on: Mapped[date | None]

    actor: Mapped[User | None] = relationship(foreign_keys=[actor_id])
    steward: Mapped[User | None] = relationship(foreign_keys=[steward_id])
    handler: Mapped[Organisation | None] = relationship()


class Route(Base):
    """Who answers a topic at a level, in a region; the operators' table."""

    __tablename__ = "request_routes"
    __table_args__ = (UniqueConstraint("topic", "level", "region"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[Topic]
    level: Mapped[Level]
    region: Mapped[str] = mapped_column(default="")
    """Empty: everywhere."""
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    department: Mapped[str | None]
    days: Mapped[int]
    """Working days to answer in."""

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class HelpAnswer(Base):
    """An answer that everybody may read, edited so that nobody is told who had asked."""

    __tablename__ = "help_answers"
    __table_args__ = (
        Index(None, "retracted_at", "topic", "published_at"),
        CheckConstraint("question_zh IS NOT NULL OR question_en IS NOT NULL", name="asks"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("requests.id", ondelete="SET NULL"), unique=True)
    topic: Mapped[Topic]
    question_zh: Mapped[str | None]
    question_en: Mapped[str | None]
    answer_zh: Mapped[str | None]
    answer_en: Mapped[str | None]
    source: Mapped[str | None]
    """Which department says so, or which document."""
    published_at: Mapped[datetime]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    changed_at: Mapped[datetime]
    retracted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    request: Mapped[Request | None] = relationship(back_populates="published")

    __mapper_args__ = {"version_id_col": version}

    @property
    def question(self) -> Label:
        return _both(self.question_zh, self.question_en)

    @property
    def answer(self) -> Label:
        return _both(self.answer_zh, self.answer_en)

    @property
    def url(self) -> str:
        return f"/help/answers/{self.id}"


def _both(zh: str | None, en: str | None) -> Label:
    """What is written in one language only is shown to readers of both."""
    return Label(zh or en or "", en or zh or "")

"""A survey, the questions it asks, who was asked and called, and what they answered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.listings.models import Listing
from marketplace.organisations.models import Organisation
from marketplace.phrases import Label

SMALLEST = 3
"""No group that is published may be smaller, whatever an operator wishes."""


class SurveyOf(StrEnum):
    """What a survey is for."""

    EVENT = "event"
    """Those who take part, before the event."""
    MEMBERS = "members"
    """The members, once a year."""


class State(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Role(StrEnum):
    """What an answer means to the rooms above, whatever its question is called."""

    NEED = "need"
    OFFER = "offer"
    MEET = "meet"
    AVOID = "avoid"


class Survey(Base):
    """What people are asked, until when, and whether everybody may see what came of it."""

    __tablename__ = "surveys"
    __table_args__ = (
        Index(None, "state", "closes_at"),
        Index(None, "created_at"),
        CheckConstraint(f"smallest >= {SMALLEST}", name="smallest"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[SurveyOf]
    state: Mapped[State] = mapped_column(default=State.DRAFT)
    title_zh: Mapped[str]
    title_en: Mapped[str | None]
    intro_zh: Mapped[str | None]
    intro_en: Mapped[str | None]
    number: Mapped[int] = mapped_column(default=1)
    """Of the questions that are asked now."""
    closes_at: Mapped[datetime | None]
    """Answers are taken until then; None: until somebody closes it."""
    page: Mapped[str | None]
    """Path of the page it belongs to, such as an event's."""
    smallest: Mapped[int] = mapped_column(default=5)
    """Groups of fewer organisations are told to nobody outside."""
    published_at: Mapped[datetime | None]
    """Since when everybody may see the figures."""
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}

    @property
    def title(self) -> Label:
        return _both(self.title_zh, self.title_en)

    @property
    def intro(self) -> Label:
        return _both(self.intro_zh, self.intro_en)

    @property
    def url(self) -> str:
        return f"/surveys/{self.id}"

    def in_language(self, language: str) -> str:
        return self.title.in_language(language)


class QuestionSet(Base):
    """The questions as they were asked at a time; never changed once the survey has been open."""

    __tablename__ = "survey_question_sets"
    __table_args__ = (UniqueConstraint("survey_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"))
    number: Mapped[int]
    questions: Mapped[list[Any]]
    """As questions.kept() writes them."""
    created_at: Mapped[datetime]


class Asked(Base):
    """Somebody who is asked. The row stays when they need not answer any more."""

    __tablename__ = "survey_people"
    __table_args__ = (UniqueConstraint("survey_id", "user_id"), Index(None, "survey_id", "ended_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    """For whom they answer."""
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """They gave their place at the event back, or are no member any more."""
    reminders: Mapped[int] = mapped_column(default=0)
    calls: Mapped[int] = mapped_column(default=0)
    """How often somebody of the staff has rung them up; the rows are in survey_calls."""

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")


class Call(Base):
    """Somebody of the staff rang a person up. Append-only; a form sent twice makes one row."""

    __tablename__ = "survey_calls"
    __table_args__ = (UniqueConstraint("asked_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    asked_id: Mapped[int] = mapped_column(ForeignKey("survey_people.id", ondelete="CASCADE"))
    number: Mapped[int]
    """1, 2, 3 … of the calls to this person."""
    called_at: Mapped[datetime]
    called_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    reached: Mapped[bool]
    note: Mapped[str | None]

    called_by: Mapped[User | None] = relationship(lazy="joined")


class Answer(Base):
    """What somebody answered. One a person: answering again changes it."""

    __tablename__ = "survey_answers"
    __table_args__ = (UniqueConstraint("survey_id", "user_id"), Index(None, "survey_id", "number"))
    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    number: Mapped[int]
    """Of the questions that were answered."""
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Question's key -> text, number, code, codes, or numbers of organisations."""
    answered_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    """When it was last answered anew."""
    version: Mapped[int] = mapped_column()

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")

    __mapper_args__ = {"version_id_col": version}


class AnswerListing(Base):
    """A draft that was made of an answer. One for each of its needs and offers, however often the button is pressed."""

    __tablename__ = "survey_answer_listings"
    answer_id: Mapped[int] = mapped_column(ForeignKey("survey_answers.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[Role] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), index=True)

    listing: Mapped[Listing] = relationship(lazy="joined", innerjoin=True)


def _both(zh: str | None, en: str | None) -> Label:
    """What is written in one language only is shown to readers of both."""
    return Label(zh or en or "", en or zh or "")

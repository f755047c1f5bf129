"""A series of events, its editions, who hosts one, and who comes."""

from __future__ import annotations

import secrets
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.organisations.models import Organisation
from marketplace.phrases import Label
from marketplace.surveys.models import Survey


def new_token() -> str:
    return secrets.token_urlsafe(16)


class Strand(StrEnum):
    """The theme an edition is held under."""

    POLICY = "policy"
    PROCUREMENT = "procurement"
    ROADSHOW = "roadshow"
    FOUNDERS = "founders"
    SCIENCE_MEETS_COMPANY = "science_meets_company"
    EXPERT_FORUM = "expert_forum"
    BREAKFAST = "breakfast"


class State(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


RUNS = frozenset({State.OPEN, State.CLOSED})
"""Announced and not cancelled: it will take place."""


class Attendance(StrEnum):
    REGISTERED = "registered"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    ATTENDED = "attended"
    REQUESTED = "requested"
    """An operator is to say yes or no."""
    DECLINED = "declined"


HAS_PLACE = frozenset({Attendance.REGISTERED, Attendance.ATTENDED})
"""Who takes up one of the edition's places."""


ONLINE = Label("线上", "Online")


class Series(Base):
    """Events that belong together, such as a weekly table, and the template its editions are made from."""

    __tablename__ = "series"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("capacity > 0", name="capacity"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title_zh: Mapped[str]
    title_en: Mapped[str | None]
    summary_zh: Mapped[str | None]
    summary_en: Mapped[str | None]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    """Who organises it."""
    weekday: Mapped[int | None]
    """Monday is 0. With it, `starts`, `minutes`, `capacity` and a place or link, editions are planned by the dozen."""
    starts: Mapped[time | None]
    """Where the marketplace is."""
    minutes: Mapped[int | None]
    capacity: Mapped[int | None]
    place_zh: Mapped[str | None]
    place_en: Mapped[str | None]
    video_url: Mapped[str | None]
    needs_approval: Mapped[bool] = mapped_column(default=False, server_default=false())
    open_to_outsiders: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    organisation: Mapped[Organisation] = relationship(lazy="joined")
    hosts: Mapped[list[SeriesHost]] = relationship(
        back_populates="series", cascade="all, delete-orphan", order_by="SeriesHost.position"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def summary(self) -> Label:
        return _both(self.summary_zh, self.summary_en)

    @property
    def place(self) -> Label:
        return _where(self.place_zh, self.place_en, self.video_url)

    @property
    def url(self) -> str:
        return f"/events/series/{self.slug}"

    @property
    def has_template(self) -> bool:
        """Is everything said that an edition needs?"""
        known = (self.weekday, self.starts, self.minutes, self.capacity, self.place_zh or self.video_url)
        return all(part is not None for part in known)

    def in_language(self, language: str) -> str:
        return _both(self.title_zh, self.title_en).in_language(language)


class SeriesHost(Base):
    """A standing host of a series: every edition planned from now on has it among its hosts."""

    __tablename__ = "series_hosts"
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True, index=True)
    position: Mapped[int]

    series: Mapped[Series] = relationship(back_populates="hosts")
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class Edition(Base):
    """One event of a series: what, when, where, for how many."""

    __tablename__ = "editions"
    __table_args__ = (
        Index(None, "state", "starts_at"),
        Index(None, "state", "ends_at"),
        Index(None, "series_id", "starts_at"),
        CheckConstraint("ends_at > starts_at", name="lasts"),
        CheckConstraint("taken >= 0 AND taken <= capacity", name="places"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    strand: Mapped[Strand]
    title_zh: Mapped[str]
    title_en: Mapped[str | None]
    summary_zh: Mapped[str | None]
    summary_en: Mapped[str | None]
    place_zh: Mapped[str]
    """Empty for an edition that is held online only."""
    place_en: Mapped[str | None]
    video_url: Mapped[str | None]
    """Told only to those who have a place, and to the operators."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    moved_from: Mapped[datetime | None]
    """When it was to begin before it was moved to another day."""
    needs_approval: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Does an operator say yes or no to each who registers?"""
    open_to_outsiders: Mapped[bool] = mapped_column(default=True, server_default=true())
    """May people come whose organisation is no founding or ordinary member?"""
    buyer_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    """Whose needs a directed procurement is about."""
    survey_id: Mapped[int | None] = mapped_column(ForeignKey(Survey.id), index=True)
    """What those who come are asked beforehand."""
    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    """Places given out. Counted here so that the last one is given out once, and lists need not count."""
    state: Mapped[State] = mapped_column(default=State.DRAFT)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    series: Mapped[Series] = relationship(lazy="joined", innerjoin=True)
    hosts: Mapped[list[Host]] = relationship(
        back_populates="edition", cascade="all, delete-orphan", order_by="Host.position"
    )
    guests: Mapped[list[Guest]] = relationship(
        back_populates="edition", cascade="all, delete-orphan", order_by="Guest.position"
    )
    buyer: Mapped[Organisation | None] = relationship(lazy="joined")

    __mapper_args__ = {"version_id_col": version}

    @property
    def title(self) -> Label:
        return _both(self.title_zh, self.title_en)

    @property
    def summary(self) -> Label:
        return _both(self.summary_zh, self.summary_en)

    @property
    def place(self) -> Label:
        return _where(self.place_zh, self.place_en, self.video_url)

    @property
    def url(self) -> str:
        return f"/events/{self.ref}"

    @property
    def places_left(self) -> int:
        return self.capacity - self.taken

    @property
    def has_begun(self) -> bool:
        return self.starts_at <= clock.now()

    @property
    def is_past(self) -> bool:
        return self.ends_at <= clock.now()

    @property
    def takes_registrations(self) -> bool:
        return self.state is State.OPEN and not self.has_begun

    def in_language(self, language: str) -> str:
        return self.title.in_language(language)


class Host(Base):
    """An organisation that hosts an edition, beside others."""

    __tablename__ = "edition_hosts"
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True, index=True)
    position: Mapped[int]

    edition: Mapped[Edition] = relationship(back_populates="hosts")
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class Guest(Base):
    """Who speaks or presents at this edition and at no other: somebody by name, or an organisation."""

    __tablename__ = "edition_guests"
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    """As the organisers wrote it, such as “Prof. Lin, Landing University”."""
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    """Set when the name is that of a verified organisation."""

    edition: Mapped[Edition] = relationship(back_populates="guests")
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")

    def in_language(self, language: str) -> str:
        return self.organisation.in_language(language) if self.organisation else self.name


class Registration(Base):
    """A person's place at an edition, or their turn on its waiting list. One row a person; it is never deleted."""

    __tablename__ = "registrations"
    __table_args__ = (
        UniqueConstraint("edition_id", "user_id"),
        Index(None, "edition_id", "state", "registered_at"),
        CheckConstraint("left_at IS NULL OR attended_at IS NOT NULL", name="left_after_coming"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    """For whom the person comes."""
    state: Mapped[Attendance]
    registered_at: Mapped[datetime]
    """Decides the order on the waiting list; set anew by whoever cancels and comes back."""
    attended_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    """They came and have gone before the end."""
    registered_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """The colleague or operator who registered them; None: themselves."""
    decline_reason: Mapped[str | None]
    """Told to the person."""
    reminded_at: Mapped[datetime | None]
    token: Mapped[str | None] = mapped_column(unique=True, default=new_token)
    """Random, in the address behind the QR code by which they are checked in. None until one is needed, for those who
    registered before there were codes."""

    edition: Mapped[Edition] = relationship()
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True, foreign_keys=[user_id])
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")

    @property
    def is_present(self) -> bool:
        return self.state is Attendance.ATTENDED and self.left_at is None


class OfTwo:
    """What is between two guests of an edition, by their registrations."""

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    one_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    other_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"), index=True)


class Answer(StrEnum):
    """What somebody said to an invitation."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


class EventInvitation(Base):
    """Somebody was asked to come to an edition, once."""

    __tablename__ = "event_invitations"
    __table_args__ = (
        UniqueConstraint("edition_id", "user_id"),
        Index(None, "user_id", "sent_at"),
        Index(None, "answer", "reminded_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    """For whom they were asked to come."""
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    why: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What they were told: why it is for them (inviting.py says its shape)."""
    sent_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    answer: Mapped[Answer | None]
    answered_at: Mapped[datetime | None]

    edition: Mapped[Edition] = relationship(lazy="joined", innerjoin=True)
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True, foreign_keys=[user_id])
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")


class Often(StrEnum):
    """How often somebody may be invited to events."""

    ALWAYS = "always"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    NEVER = "never"


class InvitationWish(Base):
    """How often a person allows invitations; without a row, inviting.USUAL applies."""

    __tablename__ = "event_invitation_wishes"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    often: Mapped[Often]


def _where(place_zh: str | None, place_en: str | None, video_url: str | None) -> Label:
    if video_url and not place_zh:
        return ONLINE
    return _both(place_zh, place_en)


def _both(zh: str | None, en: str | None) -> Label:
    """What is written in one language only is shown to readers of both."""
    return Label(zh or en or "", en or zh or "")

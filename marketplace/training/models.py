"""Sessions at which brokers are trained, who took part, and the certificates they hold."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.phrases import Label


class Level(StrEnum):
    """Of a technology manager, as the national syllabus (国家技术转移专业人员能力等级培训大纲) has them."""

    JUNIOR = "junior"
    INTERMEDIATE = "intermediate"
    SENIOR = "senior"


class Taking(StrEnum):
    ENROLLED = "enrolled"
    CANCELLED = "cancelled"
    ATTENDED = "attended"
    ABSENT = "absent"


class TrainingSession(Base):
    """One session: what is taught, when, by whom, for how many."""

    __tablename__ = "training_sessions"
    __table_args__ = (
        Index(None, "starts_at"),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint("hours > 0", name="hours"),
        CheckConstraint("taken >= 0 AND taken <= seats", name="places"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    title_zh: Mapped[str]
    title_en: Mapped[str | None]
    about_zh: Mapped[str | None]
    about_en: Mapped[str | None]
    place: Mapped[str]
    teacher: Mapped[str | None]
    level: Mapped[Level]
    starts_at: Mapped[datetime]
    hours: Mapped[int]
    seats: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    """Places given out, so that the last is given out once."""
    cancelled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}

    @property
    def title(self) -> Label:
        return Label(self.title_zh, self.title_en or self.title_zh)

    @property
    def about(self) -> Label:
        return Label(self.about_zh or self.about_en or "", self.about_en or self.about_zh or "")

    @property
    def has_begun(self) -> bool:
        return self.starts_at <= clock.now()


class Enrolment(Base):
    """A person's place in a session. One row a person; it is never deleted."""

    __tablename__ = "training_enrolments"
    __table_args__ = (UniqueConstraint("session_id", "user_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("training_sessions.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    state: Mapped[Taking]
    enrolled_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    training: Mapped[TrainingSession] = relationship(lazy="joined", innerjoin=True)


class Certificate(Base):
    """A level somebody has been found to have, until a day. Never changed: withdrawn, or followed by another."""

    __tablename__ = "broker_certificates"
    __table_args__ = (
        Index(None, "user_id", "valid_until"), Index(None, "valid_until"),
        CheckConstraint("valid_until > issued_on", name="lasts"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    level: Mapped[Level]
    issuer: Mapped[str]
    """Who stands for it, as written on it."""
    issued_on: Mapped[date]
    valid_until: Mapped[date]
    session_id: Mapped[int | None] = mapped_column(ForeignKey("training_sessions.id", ondelete="SET NULL"), index=True)
    """The session that led to it, if it was one of ours."""
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    reason: Mapped[str | None]
    """Why it was withdrawn."""

    user: Mapped[User] = relationship(foreign_keys=[user_id], lazy="joined", innerjoin=True)

    @property
    def is_valid(self) -> bool:
        return self.withdrawn_at is None and self.valid_until >= clock.today()

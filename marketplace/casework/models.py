"""What is done on a case between its moves: meetings, tasks and documents."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.files.models import StoredFile
from marketplace.introductions.models import Introduction, Minutes, Owes, Side


class MeetingState(StrEnum):
    ARRANGED = "arranged"
    HELD = "held"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class Meeting(Base):
    """A meeting of the sides with or without the broker; before names are released, of one side and the broker."""

    __tablename__ = "meetings"
    __table_args__ = (
        CheckConstraint("minutes_long BETWEEN 5 AND 1440", name="length"),
        Index(None, "introduction_id", "starts_at"),
        Index(None, "state", "starts_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"))
    uid: Mapped[str] = mapped_column(unique=True)
    """What calendars know it by, for good."""
    sequence: Mapped[int] = mapped_column(default=0)
    """Raised with every change that calendars must learn of (RFC 5545)."""
    state: Mapped[MeetingState] = mapped_column(default=MeetingState.ARRANGED)
    subject: Mapped[str]
    starts_at: Mapped[datetime]
    minutes_long: Mapped[int]
    zone: Mapped[str]
    """The zone in which its hour was agreed on (IANA)."""
    place: Mapped[str | None]
    link: Mapped[str | None]
    """To the video meeting."""
    agenda: Mapped[str | None]
    organiser_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    """When it was recorded that it was held, cancelled or missed."""
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    why: Mapped[str | None]
    """Why it was cancelled."""
    text: Mapped[str | None]
    """What was said, where only one side took part or the talks ended there; else it is in `minutes`."""
    next_action: Mapped[str | None]
    next_owner: Mapped[Owes | None]
    next_due_on: Mapped[date | None]
    minutes_id: Mapped[int | None] = mapped_column(ForeignKey("introduction_minutes.id"), index=True)
    """The minutes of the case that closed it."""
    version: Mapped[int] = mapped_column()

    introduction: Mapped[Introduction] = relationship()
    organiser: Mapped[User] = relationship(foreign_keys=[organiser_id])
    minutes: Mapped[Minutes | None] = relationship()
    attendees: Mapped[list[Attendee]] = relationship(
        back_populates="meeting", cascade="all, delete-orphan", order_by="Attendee.id", lazy="selectin"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes_long)

    @property
    def sides(self) -> set[Side]:
        """The sides that take part."""
        return {attendee.side for attendee in self.attendees if attendee.side is not None}


class Attendee(Base):
    """Somebody who is invited to a meeting."""

    __tablename__ = "meeting_attendees"
    __table_args__ = (UniqueConstraint("meeting_id", "user_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    side: Mapped[Side | None]
    """For whom they come; None: the broker."""

    meeting: Mapped[Meeting] = relationship(back_populates="attendees")
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Task(Base):
    """Something to be done on a case by a day; from a template (`code`), or written by hand."""

    __tablename__ = "case_tasks"
    __table_args__ = (
        UniqueConstraint("introduction_id", "code"),
        Index(None, "introduction_id", "due_on"),
        Index(None, "done_at", "reminded_at", "due_on"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"))
    code: Mapped[str | None]
    """Of the template's item, whose words it bears in both languages; a case has each item once."""
    title: Mapped[str]
    note: Mapped[str | None]
    owner: Mapped[Owes]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """Who of the owner's people does it; None: any of them."""
    due_on: Mapped[date]
    is_internal: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Only brokers and operators read it."""
    only_for: Mapped[Side | None]
    """It was agreed with this side alone, which reads it, with brokers and operators; None: whoever knows the case."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """None: the template made it."""
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    dropped_at: Mapped[datetime | None]
    """It is no longer needed."""
    reminded_at: Mapped[datetime | None]
    """When its owner was told that it is overdue: once."""
    version: Mapped[int] = mapped_column()

    introduction: Mapped[Introduction] = relationship()
    person: Mapped[User | None] = relationship(foreign_keys=[person_id])
    done_by: Mapped[User | None] = relationship(foreign_keys=[done_by_id])

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_open(self) -> bool:
        return self.done_at is None and self.dropped_at is None


class Reach(StrEnum):
    """From when on the other side reads a document."""

    SIDES = "sides"
    INTRODUCED = "introduced"
    NDA = "nda"
    BROKERS = "brokers"
    """Never: it is between its side and the broker."""

    @property
    def tier(self) -> int:
        return {Reach.SIDES: 1, Reach.INTRODUCED: 2, Reach.NDA: 3, Reach.BROKERS: 3}[self]


class Document(Base):
    """A document of a case, in one or more versions."""

    __tablename__ = "case_documents"
    __table_args__ = (Index(None, "introduction_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"))
    title: Mapped[str]
    reach: Mapped[Reach]
    side: Mapped[Side | None]
    """Whose it is; None: the broker's."""
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    """It is no longer shown; what was read of it stays on record."""

    introduction: Mapped[Introduction] = relationship()
    versions: Mapped[list[DocumentVersion]] = relationship(
        back_populates="document", order_by="DocumentVersion.number", lazy="selectin"
    )


class DocumentVersion(Base):
    __tablename__ = "case_document_versions"
    __table_args__ = (UniqueConstraint("document_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("case_documents.id", ondelete="CASCADE"))
    number: Mapped[int]
    file_id: Mapped[int] = mapped_column(ForeignKey("files.id"), index=True)
    added_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    added_at: Mapped[datetime]
    note: Mapped[str | None]

    document: Mapped[Document] = relationship(back_populates="versions")
    file: Mapped[StoredFile] = relationship(lazy="joined", innerjoin=True)
    added_by: Mapped[User] = relationship(lazy="joined", innerjoin=True)

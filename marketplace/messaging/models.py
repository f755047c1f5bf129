"""Threads of messages, notices to people, and the mail that waits to leave."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.messaging.kinds import Frequency, Kind
from marketplace.messaging.packing import unpacked
from marketplace.phrases import Phrase


class Audience(StrEnum):
    """Who reads a message besides the brokers, who read everything."""

    ALL = "all"
    SUPPLY = "supply"
    DEMAND = "demand"
    BROKERS = "brokers"


class Thread(Base):
    """What is said about one subject, such as an introduction."""

    __tablename__ = "threads"
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    created_at: Mapped[datetime]


class Message(Base):
    __tablename__ = "messages"
    __table_args__ = (
        Index(None, "thread_id", "created_at"),
        Index("ix_messages_waiting", "thread_id", sqlite_where=text("waits"), postgresql_where=text("waits")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    """None: the marketplace itself notes something."""
    side: Mapped[str]
    """For whom the author spoke when writing (supply, demand, broker): people change sides, words do not."""
    body: Mapped[str]
    audience: Mapped[Audience]
    created_at: Mapped[datetime]
    waits: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Does its writer wait for somebody to answer it or to pass it on?"""
    relays_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"), index=True)
    """The message that this one passes on to the other side."""

    author: Mapped[User | None] = relationship(lazy="joined")


class Notice(Base):
    """One line to one person about something that happened, with the page where it is to be seen."""

    __tablename__ = "notices"
    __table_args__ = (
        Index(None, "user_id", "read_at", "created_at"),
        Index(None, "user_id", "created_at"),
        Index(None, "created_at"),
        Index(
            "ix_notices_collected", "mail_at", "user_id",
            sqlite_where=text("mail_at IS NOT NULL"), postgresql_where=text("mail_at IS NOT NULL"),
        ),
        UniqueConstraint("user_id", "once"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[Kind] = mapped_column(default=Kind.NEWS, server_default=Kind.NEWS.value)
    msgid: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    url: Mapped[str]
    once: Mapped[str | None]
    """A name for the occasion; the same person is told of it one time only."""
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mail_at: Mapped[datetime | None]
    """When it goes with what is collected for its reader; None: mailed at once, or not at all."""

    @property
    def phrase(self) -> Phrase:
        """The sentence, ready to be said in the reader's language."""
        return Phrase(self.msgid, unpacked(self.values))

    @property
    def page(self) -> str:
        """The page it is about, wherever on it; what is about one case stands together."""
        return self.url.partition("#")[0].partition("?")[0]

    @property
    def title(self) -> Any:
        """What its page is called, where the sentence says so."""
        return self.phrase.values.get("title")


class Preference(Base):
    """How often a person wants mail of one kind; without a row, the usual applies."""

    __tablename__ = "notice_preferences"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(primary_key=True)
    frequency: Mapped[Frequency]


class MailedFact(Base):
    """One fact that one address is written to about: never twice, be it a person's, a mailbox's, or both."""

    __tablename__ = "mailed_facts"
    __table_args__ = (Index(None, "at"),)
    address: Mapped[str] = mapped_column(primary_key=True)
    fact: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class OutgoingMail(Base):
    """A mail written in its reader's language. Sent when `sent_at` is set; given up when only `error` is."""

    __tablename__ = "outgoing_mails"
    __table_args__ = (Index(None, "created_at"), Index(None, "to"))
    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str]
    language: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    """Emptied once a mail server has taken the mail: a link in it may act for its reader."""
    html: Mapped[str] = mapped_column(default="", server_default="")
    """The same as a page; emptied with the body, as are the two that follow."""
    headers: Mapped[dict[str, Any] | None]
    """Further ones of its own, such as List-Unsubscribe."""
    calendar: Mapped[str | None]
    """An invitation (iCalendar, RFC 5545) that goes with the mail."""
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]

"""Who asked for news of needs and of which, what was sent out to them, and what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.listings.models import Listing


class What(StrEnum):
    """By what somebody narrows the news they asked for."""

    SUBTYPE = "subtype"
    FIELD = "field"
    REGION = "region"
    KIND = "kind"
    """Of the organisation that has the need."""


class State(StrEnum):
    DRAFT = "draft"
    SENDING = "sending"
    SENT = "sent"
    STOPPED = "stopped"
    """By an operator, or because the need is no longer open."""


class Subscription(Base):
    """Somebody asked for news of needs. Without a row nothing is sent; leaving removes it."""

    __tablename__ = "news_subscriptions"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime]

    choices: Mapped[list[Choice]] = relationship(cascade="all, delete-orphan", lazy="selectin", passive_deletes=True)


class Choice(Base):
    """One of the codes to which somebody narrowed their news; who has none of a kind wants all of it."""

    __tablename__ = "news_choices"
    __table_args__ = (Index(None, "what", "code"),)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("news_subscriptions.user_id", ondelete="CASCADE"), primary_key=True
    )
    what: Mapped[What] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)


class Broadcast(Base):
    """One need, told to everybody who asked for such news."""

    __tablename__ = "broadcasts"
    __table_args__ = (Index(None, "state", "id"), Index(None, "created_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"), index=True)
    state: Mapped[State] = mapped_column(default=State.DRAFT)
    kinds: Mapped[list[str]] = mapped_column(default=list)
    """Kinds of organisation its readers belong to; none: any, or to no organisation."""
    regions: Mapped[list[str]] = mapped_column(default=list)
    """Where those organisations are; none: anywhere."""
    note_zh: Mapped[str | None]
    note_en: Mapped[str | None]
    """A line of the operator's above the need."""
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    listing: Mapped[Listing] = relationship(lazy="joined", innerjoin=True)

    __mapper_args__ = {"version_id_col": version}


class Recipient(Base):
    """One person to whom a need is told: once, whatever the number of broadcasts of it."""

    __tablename__ = "broadcast_recipients"
    __table_args__ = (
        UniqueConstraint("listing_id", "user_id"),
        Index(None, "broadcast_id", "id"),
        Index(None, "mailed_at"),
        Index("ix_broadcast_recipients_waiting", "broadcast_id", "id",
              sqlite_where=text("mailed_at IS NULL AND skipped_at IS NULL"),
              postgresql_where=text("mailed_at IS NULL AND skipped_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id", ondelete="CASCADE"))
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    mailed_at: Mapped[datetime | None]
    """When the mail was written and given to the post."""
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("outgoing_mails.id", ondelete="SET NULL"), index=True)
    skipped_at: Mapped[datetime | None]
    """It was their turn, and they wanted or might have no such news any more."""
    opened_at: Mapped[datetime | None]
    """When the mail's link was followed first."""
    interested_at: Mapped[datetime | None]
    introduction_id: Mapped[int | None] = mapped_column(ForeignKey("introductions.id"), index=True)

    broadcast: Mapped[Broadcast] = relationship(lazy="joined", innerjoin=True)
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

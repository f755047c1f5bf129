"""Addresses that are told of facts, what waits for each of them, and what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.db import Base
from marketplace.organisations.models import Organisation


class Fact(StrEnum):
    LISTING_PUBLISHED = "listing.published"
    LISTING_CHANGED = "listing.changed"
    LISTING_WITHDRAWN = "listing.withdrawn"
    INTEREST_RECEIVED = "interest.received"
    INTRODUCTION_MOVED = "introduction.moved"
    MESSAGE_RECEIVED = "message.received"
    TEST = "test"
    """What "send a test" sends; nobody subscribes to it."""


class Standing(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """By its organisation; what happens meanwhile is not noted."""
    DISABLED = "disabled"
    """By us, for `disabled_because`."""


class Because(StrEnum):
    FAILING = "failing"
    GONE = "gone"


class Outcome(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Problem(StrEnum):
    """Why a try came to nothing."""

    STATUS = "status"
    REDIRECT = "redirect"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    NO_NAME = "no_name"
    CERTIFICATE = "certificate"
    NOT_PUBLIC = "not_public"
    UNREADABLE = "unreadable"
    SECRET = "secret"  # noqa: S105 - the secret cannot be opened
    SWITCHED_OFF = "switched_off"


class Endpoint(Base):
    """An address of an organisation's (without one: of the platform's operators) with what is told there."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        UniqueConstraint("organisation_id", "url"),
        Index(
            "uq_webhook_endpoints_of_platform", "url", unique=True,
            sqlite_where=text("organisation_id IS NULL"), postgresql_where=text("organisation_id IS NULL"),
        ),
        Index(None, "standing"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    url: Mapped[str]
    facts: Mapped[list[str]]
    secret: Mapped[str]
    """Sealed (secrets_kept), as is the former one."""
    former_secret: Mapped[str | None]
    former_until: Mapped[datetime | None]
    """Until when the former secret signs beside the present one."""
    standing: Mapped[Standing] = mapped_column(default=Standing.ACTIVE)
    disabled_because: Mapped[Because | None]
    listens_since: Mapped[datetime]
    """What happened before is not told."""
    failures: Mapped[int] = mapped_column(default=0)
    """How many tries came to nothing since the last that did not."""
    failing_since: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    """After a failure nothing is sent to it for a while."""
    claim: Mapped[str | None]
    """Who sends to it at this moment, one at a time; until `claimed_until`."""
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    version: Mapped[int] = mapped_column()

    organisation: Mapped[Organisation | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class Delivery(Base):
    """One fact for one address: what is sent, word for word, and what came of the last try."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "occasion"),
        Index(None, "endpoint_id", "id"),
        Index(
            "ix_webhook_deliveries_waiting", "endpoint_id", "due_at",
            sqlite_where=text("outcome = 'waiting'"), postgresql_where=text("outcome = 'waiting'"),
        ),
        Index(None, "created_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    """The same at every try, so that a receiver knows what it has had already."""
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    occasion: Mapped[str]
    """A name for what happened: an address is told of it once."""
    fact: Mapped[Fact]
    ref: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime]
    outcome: Mapped[Outcome] = mapped_column(default=Outcome.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    status: Mapped[int | None]
    milliseconds: Mapped[int | None]
    answer: Mapped[str | None]
    """The first characters of it."""
    problem: Mapped[Problem | None]

    endpoint: Mapped[Endpoint] = relationship()


class ToldListing(Base):
    """What we last told of a listing, so that a change can be told from a beginning and an end."""

    __tablename__ = "webhook_listings"
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True)
    shown: Mapped[bool]
    edition: Mapped[int]
    """The number of the version in force; 0 without one."""
    turn: Mapped[int] = mapped_column(default=0)
    """How many facts there have been."""

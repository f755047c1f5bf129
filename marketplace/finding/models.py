"""What is kept of finding: the table of equal terms and spreadsheets of them on their way in; what people want to be
told of; and what was searched for, by nobody in particular."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base


class Origin(StrEnum):
    SHIPPED = "shipped"
    """As a release brought it; the next release may bring it anew."""
    OPERATOR = "operator"
    """Written or changed here; no release touches it."""


class TermGroup(Base):
    """Terms that mean the same: whoever searches for one of them finds the others as well."""

    __tablename__ = "term_groups"
    __table_args__ = (Index(None, "removed_at", "field"), Index(None, "changed_by_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    field: Mapped[str | None]
    """One of listings/vocabulary.py's FIELDS; None where the terms belong to none of them."""
    note: Mapped[str] = mapped_column(default="")
    origin: Mapped[Origin] = mapped_column(default=Origin.OPERATOR)
    key: Mapped[str | None] = mapped_column(unique=True)
    """By which a release knows its own group again, whatever has become of it here."""
    version: Mapped[int] = mapped_column()
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    removed_at: Mapped[datetime | None]
    """A removed group stays, so that it can be put back and so that no release brings it back by itself."""

    terms: Mapped[list[Term]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="Term.position", passive_deletes=True
    )
    changed_by: Mapped[User | None] = relationship()
    __mapper_args__ = {"version_id_col": version}

    @property
    def texts(self) -> list[str]:
        return [term.text for term in self.terms]


class Term(Base):
    __tablename__ = "terms"
    __table_args__ = (Index(None, "group_id"), Index(None, "folded"))
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("term_groups.id", ondelete="CASCADE"))
    position: Mapped[int]
    text: Mapped[str]
    folded: Mapped[str]
    """The text as search compares it: without case, width and accents, in simplified characters."""
    sounds: Mapped[str] = mapped_column(default="")
    """Of a Chinese term, for suggestions: its pinyin and its initials, a space before each ( ldc lidianchi)."""


class TermImport(Base):
    """A spreadsheet of terms: read, shown, and then taken in or left."""

    __tablename__ = "term_imports"
    __table_args__ = (Index(None, "actor_id"), Index(None, "created_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """Random: the address of the import."""
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    file_name: Mapped[str]
    rows: Mapped[list[Any]]
    """[[line, field, terms, note]], as they stood in the file."""
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What became of the rows when they were taken in."""


class Frequency(StrEnum):
    AT_ONCE = "at_once"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"
    """No mail; new hits are counted all the same."""


class Arrival(Base):
    """The moment a listing could first be found by everybody. It has one number for life, however often it changes."""

    __tablename__ = "arrivals"
    __table_args__ = ({"sqlite_autoincrement": True},)
    number: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), unique=True)
    at: Mapped[datetime]


class SavedSearch(Base):
    """A question that somebody keeps asking."""

    __tablename__ = "saved_searches"
    __table_args__ = (UniqueConstraint("owner_id", "digest"), Index(None, "looked_until"))
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    frequency: Mapped[Frequency]
    criteria: Mapped[dict[str, Any]]
    """Its shape: finding/asking.py."""
    digest: Mapped[str]
    """Of the criteria: the same question is kept once."""
    feed_token: Mapped[str] = mapped_column(unique=True)
    """Random; who has it reads what the owner may."""
    looked_until: Mapped[int]
    """The number of the last arrival that was compared with it."""
    mails_since: Mapped[datetime]
    """When its owner last began to want mails of it; what was found before is only counted."""
    seen_at: Mapped[datetime]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    owner: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    __mapper_args__ = {"version_id_col": version}


class NewHit(Base):
    """A listing that arrived after the search was saved and answers it."""

    __tablename__ = "new_hits"
    __table_args__ = (Index(None, "listing_id"), Index(None, "told_at", "found_at"), Index(None, "found_at"))
    saved_search_id: Mapped[int] = mapped_column(
        ForeignKey("saved_searches.id", ondelete="CASCADE"), primary_key=True
    )
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True)
    found_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    """When it went into a mail, or when it was decided that no mail shall tell of it."""
    seen_at: Mapped[datetime | None]


class SearchMade(Base):
    """Words that were searched for; by whom is kept nowhere."""

    __tablename__ = "searches_made"
    __table_args__ = (Index(None, "day", "text"), Index(None, "at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """Random; by it a click finds its search."""
    day: Mapped[date]
    at: Mapped[datetime | None]
    """Forgotten as soon as it is clear that the words were not still being typed."""
    text: Mapped[str]
    """As search compares it, without numbers and addresses that could be somebody's."""
    language: Mapped[str]
    total: Mapped[int]
    dropped: Mapped[list[str]] = mapped_column(default=list)
    missed: Mapped[bool]
    """Found nothing, or nothing with all the words."""
    filtered: Mapped[bool]
    degraded: Mapped[bool]
    """The engine was down and only titles were searched."""
    typing: Mapped[bool]
    """The answer followed the typing; nobody has pressed a button."""


class SearchClick(Base):
    """A result that was opened from the page of a search."""

    __tablename__ = "search_clicks"
    __table_args__ = (UniqueConstraint("search_key", "listing_id"), Index(None, "day"), Index(None, "listing_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    search_key: Mapped[str]
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    position: Mapped[int]
    """From 1, across pages."""
    day: Mapped[date]


class SearchWeek(Base):
    """What is left of a week's searches once the searches themselves are deleted."""

    __tablename__ = "search_weeks"
    week: Mapped[date] = mapped_column(primary_key=True)
    """Its Monday."""
    searches: Mapped[int] = mapped_column(default=0)
    missed: Mapped[int] = mapped_column(default=0)
    followed: Mapped[int] = mapped_column(default=0)
    """Of whose results one at least was opened."""
    clicks: Mapped[int] = mapped_column(default=0)
    positions: Mapped[int] = mapped_column(default=0)
    """The sum of the positions of the clicks."""

"""Searches as Atom feeds (RFC 4287): of any search, as a visitor may see it, and of a saved one, as its owner may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from marketplace import index
from marketplace.accounts import links
from marketplace.db import session
from marketplace.errors import Unavailable
from marketplace.finding import asking
from marketplace.finding.criteria import Criteria, query_of
from marketplace.finding.models import SavedSearch
from marketplace.finding.service import Row, rows
from marketplace.listings.documents import LISTINGS
from marketplace.listings.models import ListingVersion, VersionState
from marketplace.organisations.permissions import Reader
from marketplace.phrases import DEFAULT, LANGUAGES, in_language, say
from search import SearchError

MOST = 50
"""Entries, the newest."""
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""When a feed that has never had an entry last changed."""
_MINTED = "2026"
"""The year from which the names below are ours (RFC 4151)."""


@dataclass(frozen=True)
class Entry:
    id: str
    row: Row
    address: str
    summary: str
    published: datetime | None
    updated: datetime


@dataclass(frozen=True)
class Feed:
    id: str
    title: str
    language: str
    address: str
    """Its own."""
    page: str
    """The same for people."""
    updated: datetime
    entries: Sequence[Entry]


def of_search(criteria: Criteria, language: str) -> Feed:
    """What a visitor finds, whoever asks: a feed's address is passed on, and nobody signs in to a feed reader."""
    question = asking.stored(criteria)
    name = say("Yinqiao: {name}", name=asking.name_for(criteria, language))
    return _feed(
        None, criteria, language, f"search:{asking.digest(question)[:24]}:{language}",
        str(in_language(name, language)), asking.address(criteria, "/search.atom", language=language),
        asking.address(criteria), _BEGINNING,
    )


def of_saved(saved: SavedSearch) -> Feed:
    language = saved.owner.language if saved.owner.language in LANGUAGES else DEFAULT
    name = say("Yinqiao: {name}", name=saved.name)
    return _feed(
        saved.owner, asking.restored(saved.criteria)[0], language, f"saved-search:{saved.id}",
        str(in_language(name, language)), address_of(saved), f"/searches/{saved.id}", saved.created_at,
    )


def address_of(saved: SavedSearch) -> str:
    return f"/searches/{saved.feed_token}.atom"


def _feed(
    reader: Reader, criteria: Criteria, language: str, name: str, title: str, address: str, page: str,
    began: datetime,
) -> Feed:
    entries = _entries(reader, criteria, language)
    return Feed(
        _named(name), title, language, links.to(address), links.to(page),
        max([began, *(entry.updated for entry in entries)]), entries,
    )


def _entries(reader: Reader, criteria: Criteria, language: str) -> list[Entry]:
    newest = replace(
        query_of(reader, criteria), facets=(), highlight=(), vector=None, sort=("published_at", True), page=1, size=MOST
    )
    try:
        page = index.engine().search(LISTINGS.name, newest)
    except SearchError as error:
        raise Unavailable(say("Search does not answer at the moment.")) from error
    if page.dropped:  # a subscriber wants what has all the words, or nothing yet
        return []
    shown = rows(reader, [hit.id for hit in page.hits], language)
    decided = _decided([row.id for row in shown])
    return [_entry(row, decided.get(row.id)) for row in shown]


def _entry(row: Row, decided: datetime | None) -> Entry:
    moments = [moment for moment in (row.published_at, decided) if moment is not None]
    return Entry(
        _named(row.ref), row, links.to(f"/listings/{row.ref}"), "".join(text for text, _ in row.why),
        row.published_at, max(moments, default=_BEGINNING),
    )


def _decided(ids: Sequence[int]) -> dict[int, datetime]:
    """When the version of each that is in force came into force: what else happens to a listing is no news."""
    if not ids:
        return {}
    decided: Any = func.max(ListingVersion.decided_at)
    found = select(ListingVersion.listing_id, decided).where(
        ListingVersion.listing_id.in_(ids), ListingVersion.state == VersionState.IN_FORCE
    )
    return {row[0]: row[1] for row in session.execute(found.group_by(ListingVersion.listing_id)) if row[1]}


def _named(name: str) -> str:
    return f"tag:{links.host()},{_MINTED}:{name}"

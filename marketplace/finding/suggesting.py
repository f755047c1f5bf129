"""What a reader may be about to write: titles, terms and organisations, of what this reader may find."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast
from urllib.parse import urlencode

from sqlalchemy import or_, select

from marketplace import index, logs
from marketplace.db import session
from marketplace.finding import terms
from marketplace.finding.criteria import audience_filters
from marketplace.listings.documents import LISTINGS
from marketplace.listings.models import Kind, Listing, ListingTranslation
from marketplace.listings.permissions import visible_among, visible_to
from marketplace.listings.tiers import veil
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader
from search import SearchError, Suggestion

log = logging.getLogger(__name__)
LONGEST_BEGINNING = 200
_ASKED = 16
"""Of the engine, which puts titles first: some are to be left for terms and organisations."""


class Group(StrEnum):
    TERM = "term"
    TITLE = "title"
    ORGANISATION = "organisation"


MOST = {Group.TERM: 4, Group.TITLE: 4, Group.ORGANISATION: 2}
"""Of each group, in the order they are offered."""
_GROUP_OF = {"title": Group.TITLE, "keywords": Group.TERM, "organisation": Group.ORGANISATION}


@dataclass(frozen=True)
class Suggested:
    text: str
    group: Group
    address: str
    """Where it leads: a term is searched for, a listing or an organisation opens."""
    ref: str | None = None
    """A listing that says so; None for a term of our table."""
    kind: Kind | None = None


@dataclass(frozen=True)
class _Carrier:
    """A listing that a suggestion comes from, and all it may suggest now."""

    ref: str
    kind: Kind
    slug: str
    says: set[str]


def suggest(actor: Reader, text: str) -> list[Suggested]:
    """Terms, titles and organisations that begin with `text` or have a word that does, group by group."""
    text = text[:LONGEST_BEGINNING].replace("\0", "").encode("utf-8", "ignore").decode().strip()
    if not text:
        return []
    try:
        offered = index.engine().suggest(LISTINGS.name, text, filters=audience_filters(actor), limit=_ASKED)
        found = _said_by_listings(actor, offered)
    except SearchError as error:
        log.warning("suggestions fall back to titles: %s", logs.cause(error))
        found = _titles(actor, text)
    tabled = (Suggested(term, Group.TERM, _search_for(term)) for term in terms.beginning(text, MOST[Group.TERM]))
    return _grouped([*found, *tabled, *_organisations(actor, text)])


def _grouped(found: Iterable[Suggested]) -> list[Suggested]:
    first = {(one.group, one.text.casefold()): one for one in reversed([*found])}
    kept = [*reversed(first.values())]
    return [one for group, most in MOST.items() for one in [one for one in kept if one.group is group][:most]]


def _said_by_listings(actor: Reader, offered: Sequence[Suggestion]) -> list[Suggested]:
    carriers = _carriers(actor, {one.id for one in offered})
    return [
        _suggested(one.text, _GROUP_OF[one.attribute], carriers[one.id]) for one in offered
        if one.id in carriers and one.text in carriers[one.id].says
    ]


def _suggested(text: str, group: Group, carrier: _Carrier) -> Suggested:
    address = {
        Group.TITLE: f"/listings/{carrier.ref}", Group.ORGANISATION: f"/organisations/{carrier.slug}",
        Group.TERM: _search_for(text),
    }[group]
    return Suggested(text, group, address, carrier.ref, carrier.kind)


def _search_for(term: str) -> str:
    return f"/search?{urlencode({'q': term})}"


def _carriers(actor: Reader, ids: set[int]) -> dict[int, _Carrier]:
    if not ids:
        return {}
    query = select(
        Listing.id, Listing.ref, Listing.kind, Listing.title, Listing.keywords, Listing.ipc, Listing.anonymous,
        Organisation.name, Organisation.name_en, Organisation.slug,
    ).join(Organisation, Listing.organisation_id == Organisation.id).where(visible_among(actor, ids))
    texts = select(ListingTranslation.listing_id, ListingTranslation.title, ListingTranslation.keywords).where(
        ListingTranslation.listing_id.in_(ids)
    )
    said: dict[int, list[str]] = {}
    for translated in session.execute(texts):
        said.setdefault(translated.listing_id, []).extend((translated.title, *translated.keywords))
    return {row.id: _carrier(row, said.get(row.id, [])) for row in session.execute(query)}


def _carrier(row: Any, translated: list[str]) -> _Carrier:
    says = [row.title, *row.keywords, *row.ipc, *translated]
    named = [row.name, row.name_en or row.name]
    return _Carrier(
        row.ref, row.kind, row.slug,
        {veil(text, cast(Any, row)) for text in says} if row.anonymous else {*says, *named},
    )


def _organisations(actor: Reader, text: str) -> list[Suggested]:
    """Those with something to show: one whose only listings are anonymous must not be given away by them."""
    own = Listing.organisation_id == Organisation.id
    shows = select(Listing.id).where(own, Listing.anonymous.is_(False), visible_to(actor)).exists()
    begins = [name.istartswith(text, autoescape=True) for name in (Organisation.name, Organisation.name_en)]
    query = select(Organisation.name, Organisation.name_en, Organisation.slug).where(or_(*begins), shows)
    return [
        Suggested(
            row.name if row.name.casefold().startswith(text.casefold()) else row.name_en, Group.ORGANISATION,
            f"/organisations/{row.slug}",
        )
        for row in session.execute(query.order_by(Organisation.id).limit(MOST[Group.ORGANISATION]))
    ]


def _titles(actor: Reader, text: str) -> list[Suggested]:
    query = (
        select(Listing.title, Listing.ref, Listing.kind)
        .where(visible_to(actor), Listing.anonymous.is_(False), Listing.title.icontains(text, autoescape=True))
        .limit(MOST[Group.TITLE])
    )
    return [
        Suggested(row.title, Group.TITLE, f"/listings/{row.ref}", row.ref, row.kind) for row in session.execute(query)
    ]

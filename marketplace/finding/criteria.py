"""What a reader looks for, and what that means to the index and, when it is down, to the database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select

from marketplace import clock, regions
from marketplace.listings.documents import CHINA, FACETS, PUBLIC, region_path, stages_of
from marketplace.listings.models import Kind, Listing, ListingTranslation
from marketplace.listings.permissions import audiences
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader, is_verified_member
from search import AnyOf, Between, Filter, NoneOf, Query

LONGEST = 2_000
"""Characters of a query that are read."""
RELEVANCE, NEWEST, CLOSING = "relevance", "newest", "closing"
_QUOTED = ("title", "keywords", "summary", "body")
_WORDS_FOR_SQL = 8
_DIGITS_OF_A_REGION = 6


@dataclass(frozen=True)
class Criteria:
    q: str = ""
    kind: tuple[str, ...] = ()
    subtype: tuple[str, ...] = ()
    field: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    industry: tuple[str, ...] = ()
    trl: tuple[str, ...] = ()
    """Levels ("6") and stages ("4-6")."""
    price_band: tuple[str, ...] = ()
    mode: tuple[str, ...] = ()
    organisation_kind: tuple[str, ...] = ()
    organisation: str | None = None
    """An organisation's slug. Anonymous listings have none, so it cannot be used to find out whose they are."""
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    days: int | None = None
    """Published at most so many days ago."""
    sort: str | None = None
    page: int = 1
    size: int = 20

    @property
    def order(self) -> str:
        """The order in force: by relevance only when there is something to be relevant to."""
        return self.sort or (RELEVANCE if self.q else NEWEST)

    @property
    def is_narrowed(self) -> bool:
        return any(getattr(self, name) for name in (*FACETS, "organisation", "days")) or any(
            value is not None for value in (self.price_min, self.price_max)
        )

    def without(self, *names: str) -> Criteria:
        """The same search with these filters taken away."""
        changes: dict[str, Any] = {name: () if name in FACETS else None for name in names}
        return replace(self, page=1, **changes)

    def narrowest(self, facet: str) -> tuple[str, ...]:
        """What is chosen of a facet, without what something within it was chosen of: Shenzhen says more than its
        province does."""
        chosen: tuple[str, ...] = getattr(self, facet)
        wider = {above for value in chosen for above in path_of(facet, value)[:-1]}
        return tuple(value for value in chosen if value not in wider)


@lru_cache(maxsize=8_192)
def path_of(facet: str, value: str) -> tuple[str, ...]:
    """A value of a facet and all it lies in, the widest first; most lie in nothing."""
    if facet == "region":
        return region_path(value)
    if facet == "industry" and len(value) > 1:
        return value[0], value
    if facet == "trl" and value.isdigit():
        return *stages_of(int(value), int(value)), value
    return (value,)


def levels_of(value: str) -> range:
    """The readiness levels of a level or a stage."""
    return range(int(value[0]), int(value[-1]) + 1)


def query_of(actor: Reader, criteria: Criteria) -> Query:
    """The question to the index. Who may not read tier 1 does not search it either, nor is it quoted to them."""
    member = is_verified_member(actor)
    text = criteria.q[:LONGEST]
    quoted = _QUOTED if member else tuple(name for name in _QUOTED if name in PUBLIC)
    reach = audience_filters(actor)
    return Query(
        text=text, filters=(*reach, *_filters(criteria)), reach=reach, facets=FACETS, sort=_sort(criteria),
        page=criteria.page, size=criteria.size, attributes=None if member else PUBLIC,
        highlight=quoted if text else (),
    )


def audience_filters(actor: Reader) -> tuple[Filter, ...]:
    """What this reader may know of; permissions.audiences, in the index's terms."""
    audience = audiences(actor)
    reaches = AnyOf("audience", audience.any_of)
    return (reaches, NoneOf("excluded", audience.none_of)) if audience.none_of else (reaches,)


def _filters(criteria: Criteria) -> list[Filter]:
    filters: list[Filter] = [
        AnyOf(name, chosen) for name in FACETS if (chosen := criteria.narrowest(name))
    ]
    if criteria.organisation:
        filters.append(AnyOf("organisation_slug", (criteria.organisation,)))
    # A range of prices fits when it overlaps the listing's own.
    if criteria.price_min is not None:
        filters.append(Between("price_high", float(criteria.price_min), None))
    if criteria.price_max is not None:
        filters.append(Between("price_low", None, float(criteria.price_max)))
    if criteria.days is not None:
        filters.append(Between("published_at", _since(criteria.days).timestamp(), None))
    if criteria.order == CLOSING:
        filters.append(Between("closing", clock.now().timestamp(), None))
    return filters


def _sort(criteria: Criteria) -> tuple[str, bool] | None:
    return {RELEVANCE: None, NEWEST: ("published_at", True), CLOSING: ("closing", False)}[criteria.order]


def _since(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    """The criteria as SQL over Listing joined with Organisation: titles only, for when the index does not answer.
    Prices are not compared here."""
    found: list[ColumnElement[bool]] = [_titled(word) for word in criteria.q[:LONGEST].split()[:_WORDS_FOR_SQL]]
    for column, chosen in (
        (Listing.kind, tuple(map(Kind, criteria.kind))), (Listing.subtype, criteria.subtype),
        (Listing.field, criteria.field), (cast(Organisation.kind, String), criteria.organisation_kind),
    ):
        if chosen:
            found.append(column.in_(chosen))
    if criteria.region:
        found.append(or_(*map(_lies_in, criteria.narrowest("region"))))
    if criteria.industry:
        codes = criteria.narrowest("industry")
        found.append(or_(*(Listing.industry.startswith(code, autoescape=True) for code in codes)))
    if criteria.mode:
        found.append(or_(*(cast(Listing.modes, String).contains(f'"{mode}"') for mode in criteria.mode)))
    if criteria.organisation:
        found += [Organisation.slug == criteria.organisation, Listing.anonymous.is_(False)]
    if criteria.trl:
        found.append(or_(*(_reaches(levels_of(value)) for value in criteria.narrowest("trl"))))
    if criteria.days is not None:
        found.append(Listing.published_at >= _since(criteria.days))
    return found


def _titled(word: str) -> ColumnElement[bool]:
    translated = select(ListingTranslation.listing_id).where(ListingTranslation.title.icontains(word, autoescape=True))
    # What an anonymous title would give away is veiled when it is shown; here it could still be asked for.
    return and_(
        Listing.anonymous.is_(False), or_(Listing.title.icontains(word, autoescape=True), Listing.id.in_(translated))
    )


def _reaches(levels: range) -> ColumnElement[bool]:
    """A result has reached one of these levels, or a need accepts one of them (any, when it does not say)."""
    first, last = levels[0], levels[-1]
    accepts = and_(func.coalesce(Listing.trl_min, 1) <= last, func.coalesce(Listing.trl_max, 9) >= first)
    return or_(Listing.trl.between(first, last), and_(Listing.kind == Kind.NEED, accepts))


def _lies_in(code: str) -> ColumnElement[bool]:
    if code == CHINA:
        return func.length(Listing.region) == _DIGITS_OF_A_REGION
    return Listing.region.startswith(regions.stem(code), autoescape=True)

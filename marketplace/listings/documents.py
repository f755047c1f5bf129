"""What can be found of a listing, and by whom.

Tier-0 text and facts lie in attributes of their own, so that a visitor's search touches nothing else; `body` is what
members of verified organisations may read; text of tiers 2 and 3 is never here. tests/listings/test_documents.py
holds this to listings/fields.py and listings/permissions.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import select

from marketplace import clock, index, regions
from marketplace.db import session
from marketplace.files import texts
from marketplace.listings import vectors, vocabulary
from marketplace.listings.bulk import read
from marketplace.listings.fields import FIELDS, Shape
from marketplace.listings.models import Kind, Listing
from marketplace.listings.permissions import audience_of, organisation_token
from marketplace.listings.tiers import view_at
from search import Document, Settings

PUBLIC = ("title", "keywords", "organisation", "summary", "files")
"""The attributes a visitor may search."""
FILES = ("files", "member_files")
"""Tier of a file -> the attribute that has its text; files of higher tiers have none."""
FACETS = ("kind", "subtype", "field", "region", "industry", "trl", "price_band", "mode", "organisation_kind")
CHINA = "CN"
"""What the regions with a GB/T 2260 code lie in; no listing has it for its own."""

SETTINGS = Settings(
    searchable={
        "title": 4.0, "keywords": 3.0, "organisation": 1.0, "summary": 2.0, "body": 1.0, "files": 0.5,
        "member_files": 0.5,
    },
    strings=("audience", "excluded", "owner", "state", "language", "organisation_slug", *FACETS),
    numbers=("trl_low", "trl_high", "price_low", "price_high", "published_at", "closing"),
    suggest=("title", "keywords", "organisation"),
    stored=("title", "keywords", "summary", "body"),
)

CNY_FOR = {
    "CNY": Decimal(1), "USD": Decimal("7.1"), "EUR": Decimal("7.8"), "JPY": Decimal("0.048"), "GBP": Decimal("9.2"),
    "HKD": Decimal("0.91"), "SGD": Decimal("5.4"),
}
"""Round rates: a range of prices is searched with them, never an amount shown."""
_NO_LIMIT = 1e15
_BANDS = [
    (band, _NO_LIMIT if high is None else float(high)) for band, (low, high) in vocabulary.BUDGET_LIMITS.items()
    if low is not None
]
_STAGES = [(stage, int(stage[0]), int(stage[-1])) for stage in vocabulary.TRL_STAGES]
NARRATIVE = tuple(
    field.name for field in FIELDS
    if field.tier == 1 and not field.column and field.shape in (Shape.TEXT, Shape.LONG_TEXT)
)
"""The fields whose text only members of verified organisations read and search."""
_PORTION = 5_000


class Wording(Protocol):
    """A listing's public words in one language; its columns are writable, a view's fields are not."""

    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def keywords(self) -> list[str]: ...


def every_id() -> Iterator[int]:
    """Every listing's id, read in portions: a rebuild ends its transactions between them."""
    yield from _portions()


def of_organisations(ids: Sequence[int]) -> Iterator[int]:
    """The ids of these organisations' listings."""
    yield from _portions(Listing.organisation_id.in_(ids))


def build(ids: list[int]) -> tuple[list[Document], list[int]]:
    """(documents to show, ids to forget), from the rows as they are now."""
    said = texts.of_subjects("listing", ids, len(FILES) - 1)
    show = [
        document_of(listing) if listing.id not in said or listing.anonymous
        else document_of(listing) | _said_by_files(said[listing.id])
        for listing in read(ids)
    ]
    meaning = vectors.of(ids)
    for document in show:
        if document["id"] in meaning:
            document["vector"] = meaning[document["id"]]
    return [*show], sorted(set(ids) - {document["id"] for document in show})


def document_of(listing: Listing) -> dict[str, Any]:
    audience, excluded = audience_of(listing)
    return {
        "id": listing.id, "audience": audience, "excluded": excluded,
        "owner": organisation_token(listing.organisation_id),  # for matching; no reader can ask for it
        **_texts(listing),
        "kind": listing.kind.value, "state": listing.state.value, "subtype": listing.subtype,
        "field": listing.field, "mode": listing.modes, "language": listing.language,
        "region": [*region_path(listing.region)] if listing.region else None,
        "industry": list(dict.fromkeys((listing.industry[0], listing.industry))) if listing.industry else None,
        "organisation_kind": listing.organisation.kind.value,
        **_readiness(listing), **_price(listing), **_dates(listing),
    }


def _said_by_files(said: Sequence[tuple[int, str]]) -> dict[str, list[str]]:
    """Of a listing that names its organisation: an anonymous one's files open at tier 2."""
    return {name: [text for tier, text in said if tier == at] for at, name in enumerate(FILES)}


def wording(listing: Listing) -> Sequence[Wording]:
    """The public words in every language, the original first, as a reader below tier 2 would get them."""
    if listing.anonymous:
        return view_at(listing, 1).words
    return [listing, *(t for t in listing.translations if t.title and t.language != listing.language)]


def members_text(listing: Listing) -> Mapping[str, Any]:
    """Field name -> the longer texts and the rights, as a member of a verified organisation would get them."""
    # Of a listing that names its organisation tier 1 shows these fields as they are; `view_at` takes ten times longer.
    return view_at(listing, 1).fields if listing.anonymous else listing.details


def _texts(listing: Listing) -> dict[str, Any]:
    said, longer = wording(listing), members_text(listing)
    named = None if listing.anonymous else listing.organisation
    return {
        "title": [words.title for words in said],
        "keywords": [*dict.fromkeys(word for words in said for word in words.keywords), *listing.ipc],
        "summary": [words.summary for words in said],
        "organisation": [named.name, named.name_en] if named else None,
        "organisation_slug": named.slug if named else None,
        "body": [str(longer[name]) for name in NARRATIVE if longer.get(name)]
        + [str(row["number"]) for row in longer.get("ip") or () if row.get("number")],
    }


def readiness_of(listing: Listing) -> tuple[int, int] | None:
    """The levels a result has reached (one) or a need accepts (any, when it does not say)."""
    if listing.kind is Kind.NEED:
        return listing.trl_min or 1, listing.trl_max or 9
    return (listing.trl, listing.trl) if listing.trl else None


def price_of(listing: Listing) -> tuple[float, float] | None:
    """What a result asks or a need can pay, in CNY; None when it does not say."""
    if listing.kind is Kind.NEED:
        low, high = vocabulary.BUDGET_LIMITS.get(listing.budget_band or "", (None, None))
        if low is None and high is None:
            return None
        return float(low or 0), _NO_LIMIT if high is None else float(high)
    if listing.price_amount is None or listing.price_kind not in ("indicative", "floor"):
        return None
    amount = float(listing.price_amount * CNY_FOR.get(listing.price_currency or "CNY", Decimal(1)))
    return amount, _NO_LIMIT if listing.price_kind == "floor" else amount


def band_of(listing: Listing, price: float) -> str:
    """The step in which a need's budget, or the amount a result asks, lies."""
    if listing.kind is Kind.NEED:
        return str(listing.budget_band)
    return next(band for band, highest in _BANDS if price <= highest)


@lru_cache(maxsize=8_192)
def region_path(code: str) -> tuple[str, ...]:
    """The region and all it lies in, the country first."""
    inside = regions.ancestors(code)
    return (CHINA, *inside) if code.isdigit() else tuple(inside)


def stages_of(low: int, high: int) -> list[str]:
    """The stages that these levels touch."""
    return [stage for stage, first, last in _STAGES if first <= high and last >= low]


def closing_of(listing: Listing) -> date | None:
    """The last day to answer it."""
    return listing.deadline or listing.valid_until


@lru_cache(maxsize=2_048)
def seconds(day: date) -> float:
    """The last moment of a day of ours."""
    return datetime.combine(day, time.max, clock.PLACE).timestamp()


def _readiness(listing: Listing) -> dict[str, Any]:
    levels = readiness_of(listing)
    if levels is None:
        return {}
    low, high = levels
    return {"trl_low": low, "trl_high": high, "trl": [*_levels_and_stages(low, high)]}


@lru_cache(maxsize=128)
def _levels_and_stages(low: int, high: int) -> Sequence[str]:
    return [*map(str, range(low, high + 1)), *stages_of(low, high)]


def _price(listing: Listing) -> dict[str, Any]:
    price = price_of(listing)
    if price is None:
        return {"price_band": vocabulary.UNSTATED}
    return {"price_low": price[0], "price_high": price[1], "price_band": band_of(listing, price[0])}


def _dates(listing: Listing) -> dict[str, Any]:
    closing = closing_of(listing)
    return {
        "published_at": listing.published_at.timestamp() if listing.published_at else None,
        "closing": seconds(closing) if closing else None,
    }


def _portions(*conditions: Any) -> Iterator[int]:
    last = 0
    while True:
        portion = session.scalars(
            select(Listing.id).where(Listing.id > last, *conditions).order_by(Listing.id).limit(_PORTION)
        ).all()
        if not portion:
            return
        yield from portion
        last = portion[-1]


LISTINGS = index.Findable(
    name="listings", settings=SETTINGS, build=build, every_id=every_id, dimensions=vectors.dimensions
)

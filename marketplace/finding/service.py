"""Finding listings: the index says which and in what order, the database says what may be seen of them."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import func, select

from marketplace import index, logs
from marketplace.db import session
from marketplace.finding import facets
from marketplace.finding.criteria import CLOSING, LONGEST, Criteria, conditions, query_of
from marketplace.finding.facets import Group
from marketplace.finding.marking import found_words, mark, quote
from marketplace.finding.meaning import meant
from marketplace.listings import vocabulary
from marketplace.listings.documents import LISTINGS
from marketplace.listings.fields import BY_NAME, FIELDS, Shape
from marketplace.listings.models import Grant, Kind, Listing, ListingTranslation, State, TranslationState
from marketplace.listings.permissions import visible_among, visible_to
from marketplace.listings.tiers import NAMED_FROM, veil
from marketplace.listings.workflow import STATE_TONES, STATES
from marketplace.organisations.models import Organisation
from marketplace.organisations.models import State as OrganisationState
from marketplace.organisations.permissions import Reader, is_verified_member, organisation_ids
from marketplace.phrases import DEFAULT, Label
from search import Engine, Page, Query, Quote, Refused, SearchError

log = logging.getLogger(__name__)
_NARRATIVE = tuple(
    field.name for field in FIELDS if field.tier == 1 and not field.column and field.shape is Shape.LONG_TEXT
)
_COLUMNS = (
    Listing.id, Listing.ref, Listing.kind, Listing.state, Listing.title, Listing.summary, Listing.keywords,
    Listing.language, Listing.field, Listing.region, Listing.trl, Listing.trl_min, Listing.trl_max, Listing.price_kind,
    Listing.price_amount, Listing.price_currency, Listing.budget_band, Listing.deadline, Listing.valid_until,
    Listing.published_at, Listing.anonymous, Listing.organisation_id,
    Organisation.slug, Organisation.name, Organisation.name_en,
)

# Put together once: building a statement of so many columns takes as long as running it.
_ROWS = select(*_COLUMNS).join(Organisation, Listing.organisation_id == Organisation.id)
_ROWS_WITH_DETAILS = _ROWS.add_columns(Listing.details)
_TRANSLATIONS = select(
    ListingTranslation.listing_id, ListingTranslation.title, ListingTranslation.summary, ListingTranslation.keywords,
    ListingTranslation.state,
)


@dataclass(frozen=True)
class Row:
    """One line of a list of listings, as this reader may see it and in the reader's language."""

    id: int
    ref: str
    kind: Kind
    state: State
    title: Quote
    why: Quote
    """The words found, in their sentence; the beginning of the summary when nothing was asked for."""
    why_from: Label | None
    """The field `why` is taken from, when it is not the summary."""
    organisation: Label | None
    """None when the listing is anonymous to this reader."""
    organisation_slug: str | None
    field: str | None
    region: str | None
    readiness: str
    price_kind: str | None
    price_amount: Decimal | None
    price_currency: str | None
    budget_band: str | None
    published_at: datetime | None
    deadline: date | None
    valid_until: date | None
    score: float = 0.0
    is_machine: bool = False
    """A machine translated the title, and nobody has read it over yet."""
    original: Quote = ()
    """The title as it was written, where the reader needs it beside its translation: nobody has read that over, or
    what was found stands in the original only."""
    language: str = DEFAULT
    """Of the original."""

    @property
    def plain_title(self) -> str:
        return "".join([text for text, _ in self.title])

    @property
    def terms(self) -> Label | None:
        """How a result is priced, or what a need can pay when it says so."""
        if self.kind is Kind.RESULT:
            return vocabulary.PRICE_KINDS.get(self.price_kind or "")
        return None if self.budget_band == "hidden" else vocabulary.BUDGET_BANDS.get(self.budget_band or "")

    @property
    def badge(self) -> tuple[Label, str] | None:
        """Its state and how that looks, when it is not simply published."""
        return None if self.state is State.PUBLISHED else (STATES[self.state], STATE_TONES[self.state])


@dataclass(frozen=True)
class Found:
    criteria: Criteria
    rows: list[Row]
    total: int
    groups: list[Group]
    took_ms: float
    engine: str
    degraded: bool = False
    """The index did not answer: these are listings with the words in their titles."""
    dropped: tuple[str, ...] = ()
    """Words given up so that something could be found."""


def find(actor: Reader, criteria: Criteria, language: str = DEFAULT) -> Found:
    """What this reader may find. Never fails for want of an engine: then titles are searched in the database."""
    started = time.perf_counter()
    try:
        engine = index.engine()
        page = _answer(engine, query_of(actor, criteria))
    except SearchError as error:
        log.warning("search falls back to titles: %s", logs.cause(error))
        return _by_title(actor, criteria, language, started)
    shown = rows(
        actor, [hit.id for hit in page.hits], language,
        pattern=found_words(page.hits), scores={hit.id: hit.score for hit in page.hits},
    )
    return Found(
        criteria, shown, page.total, facets.groups(page.facets, criteria), _since(started), engine.name,
        dropped=page.dropped,
    )


def _answer(engine: Engine, query: Query) -> Page:
    asked = meant(query)
    try:
        return engine.search(LISTINGS.name, asked)
    except Refused as refused:
        if asked.vector is None:
            raise
        # Another embedder's vectors are on their way into the index.
        log.warning("words alone decide: %s", logs.cause(refused))
        return engine.search(LISTINGS.name, query)


def rows(
    actor: Reader, ids: Sequence[int], language: str = DEFAULT, *,
    pattern: re.Pattern[str] | None = None, scores: Mapping[int, float] | None = None,
) -> list[Row]:
    """The listings among `ids` that this reader may see, in that order, in at most four queries."""
    if not ids:
        return []
    member = is_verified_member(actor)
    reads_details = member and pattern is not None
    query: Any = _ROWS_WITH_DETAILS if reads_details else _ROWS
    found: dict[int, Any] = {row.id: row for row in session.execute(query.where(visible_among(actor, ids)))}
    ordered = [found[i] for i in ids if i in found]
    translated = _translations([row.id for row in ordered if row.language != language], language)
    veiled = _veiled(actor, ordered)
    return [
        _row(
            row, translated.get(row.id), pattern, is_veiled=row.id in veiled,
            details=row.details if reads_details else {}, score=(scores or {}).get(row.id, 0.0),
        )
        for row in ordered
    ]


def organisation_called(slug: str) -> Label | None:
    """The name behind a filter on an organisation, if it is public: anybody can ask with any slug."""
    public = Organisation.state == OrganisationState.VERIFIED
    named = select(Organisation.name, Organisation.name_en).where(Organisation.slug == slug, public)
    row = session.execute(named).first()
    return Label(row.name, row.name_en or row.name) if row else None


def _row(
    row: Any, translated: Any, pattern: re.Pattern[str] | None, *, is_veiled: bool, details: Mapping[str, Any],
    score: float,
) -> Row:
    def clean(text: str) -> str:
        return veil(text, cast(Any, row)) if is_veiled else text

    title, summary = (translated.title, translated.summary or row.summary) if translated else (row.title, row.summary)
    keywords = [*((translated and translated.keywords) or ()), *row.keywords]
    is_machine = translated is not None and translated.state is TranslationState.MACHINE
    only_in_original = bool(translated and pattern and not pattern.search(title) and pattern.search(row.title))
    why, why_from = _why(clean, summary, row.summary, keywords, details, pattern)
    return Row(
        id=row.id, ref=row.ref, kind=row.kind, state=row.state, title=mark(clean(title), pattern), why=why,
        why_from=why_from, organisation=None if is_veiled else Label(row.name, row.name_en or row.name),
        organisation_slug=None if is_veiled else row.slug, field=row.field, region=row.region,
        readiness=_readiness(row), price_kind=row.price_kind, price_amount=row.price_amount,
        price_currency=row.price_currency, budget_band=row.budget_band, published_at=row.published_at,
        deadline=row.deadline, valid_until=row.valid_until, score=score, is_machine=is_machine,
        original=mark(clean(row.title), pattern) if is_machine or only_in_original else (), language=row.language,
    )


def _why(
    clean: Callable[[str], str], summary: str, original: str, keywords: Sequence[str], details: Mapping[str, Any],
    pattern: re.Pattern[str] | None,
) -> tuple[Quote, Label | None]:
    """Where a word was found: in the summary, else in a longer text this reader may read, else among the keywords,
    else in the summary as it was written; else how the summary begins."""
    if pattern is None:
        return quote(clean(summary), None), None
    if first := pattern.search(summary):
        return quote(clean(summary), pattern, first=first), None
    for name in _NARRATIVE:
        text = details.get(name)
        if text and (first := pattern.search(text)):
            return quote(clean(text), pattern, first=first), BY_NAME[name].label
    found = [word for word in keywords if pattern.search(word)]
    if found:
        return mark(clean(", ".join(found)), pattern), BY_NAME["keywords"].label
    return quote(clean(original if pattern.search(original) else summary), pattern), None


def _readiness(row: Any) -> str:
    """6, or 5–9."""
    if row.kind is Kind.RESULT:
        return str(row.trl or "")
    low, high = row.trl_min, row.trl_max
    if low is None and high is None:
        return ""
    return str(low) if low == high else f"{low or 1}–{high or 9}"


def _translations(ids: list[int], language: str) -> dict[int, Any]:
    if not ids:
        return {}
    query = _TRANSLATIONS.where(
        ListingTranslation.listing_id.in_(ids), ListingTranslation.language == language, ListingTranslation.title != ""
    )
    return {row.listing_id: row for row in session.execute(query)}


def _veiled(actor: Reader, found: Sequence[Any]) -> set[int]:
    """Which of these rows name nobody to this reader."""
    own = organisation_ids(actor)
    if actor is not None and actor.is_reviewer:
        return set()
    nameless = {row.id for row in found if row.anonymous and row.organisation_id not in own}
    if not nameless or not own:
        return nameless
    granted = select(Grant.listing_id).where(
        Grant.listing_id.in_(nameless), Grant.organisation_id.in_(own), Grant.revoked_at.is_(None),
        Grant.tier >= NAMED_FROM,
    )
    return nameless - set(session.scalars(granted))


def _by_title(actor: Reader, criteria: Criteria, language: str, started: float) -> Found:
    where = [visible_to(actor), *conditions(criteria)]
    joined = select(Listing.id).join(Organisation, Listing.organisation_id == Organisation.id).where(*where)
    total = session.scalar(select(func.count()).select_from(joined.subquery())) or 0
    newest = Listing.published_at.desc().nulls_last()
    order = Listing.valid_until.asc().nulls_last() if criteria.order == CLOSING else newest
    page = joined.order_by(order, Listing.id.desc()).limit(criteria.size).offset((criteria.page - 1) * criteria.size)
    words = [re.escape(word) for word in criteria.q[:LONGEST].split()]
    pattern = re.compile("|".join(words), re.IGNORECASE) if words else None
    shown = rows(actor, session.scalars(page).all(), language, pattern=pattern)
    return Found(criteria, shown, total, facets.groups({}, criteria), _since(started), "sql", degraded=True)


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)

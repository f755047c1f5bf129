"""Beside the questionnaire: the need's own words that find no result, what would find some, and what is left vague.

Every count is asked of the index as this reader, over open results that the need's company may know of: a hint never
tells of a listing that its reader could not find. The number of questions has a bound (about sixty).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marketplace import index, logs
from marketplace.finding.criteria import audience_filters
from marketplace.finding.widening import equal_terms
from marketplace.listings import service as listings
from marketplace.listings.documents import LISTINGS, PUBLIC
from marketplace.listings.models import OPEN_FOR_INTEREST, Kind, Listing
from marketplace.listings.permissions import organisation_token
from marketplace.listings.tiers import HIDDEN
from marketplace.matching.generic import GENERIC
from marketplace.matching.profiles import ASPECTS, Profile, key_terms
from marketplace.organisations.permissions import Reader, is_verified_member
from marketplace.refining.vague import Vague, vague
from search import AnyOf, Filter, NoneOf, Query, SearchError, Term
from search.text import fold

log = logging.getLogger(__name__)
ASKED = 16
"""Of the key terms, so many are looked for: the heaviest."""
FEW = 2
"""A word that so few results have hardly finds anything."""
SHOWN, MOST_INSTEAD, NEIGHBOURS, MOST_NEAR = 6, 3, 10, 8


@dataclass(frozen=True)
class Instead:
    """A word that finds more."""

    text: str
    way: str
    """same, spelt or broader."""
    found: int


@dataclass(frozen=True)
class Unheard:
    """One of the need's weightier words that finds no result, or hardly any."""

    text: str
    found: int
    instead: tuple[Instead, ...]


@dataclass(frozen=True)
class Hints:
    unheard: tuple[Unheard, ...]
    asked: int
    """How many of the need's words were looked for."""
    nearby: tuple[tuple[str, int], ...]
    """Keywords of the results nearest to the need that it does not use, with how many of those have them."""
    vague: tuple[Vague, ...]
    is_degraded: bool
    """The index did not answer: the words could not be looked for."""


def hints(actor: Reader, listing: Listing, content: Mapping[str, Any]) -> Hints:
    """For the text in `content`, which need not be the listing's yet."""
    described, open_ends = _profile(content), tuple(vague(content))
    heaviest = [term for term in key_terms(described) if term.text not in GENERIC][:ASKED]
    try:
        asking = _Asking(actor, listing)
        unheard = tuple(_unheard(asking, heaviest, _written(described)))
        nearby = tuple(_nearby(asking, key_terms(described), content, listing.language))
    except SearchError as error:
        log.warning("hints do without the index: %s", logs.cause(error))
        return Hints((), 0, (), open_ends, True)
    return Hints(unheard, len(heaviest), nearby, open_ends, False)


class _Asking:
    """Questions to the index as one reader, each word asked for once."""

    def __init__(self, actor: Reader, listing: Listing) -> None:
        own = organisation_token(listing.organisation_id)
        self.actor = actor
        self.filters: tuple[Filter, ...] = (
            *audience_filters(actor), AnyOf("kind", (Kind.RESULT.value,)),
            AnyOf("state", tuple(sorted(state.value for state in OPEN_FOR_INTEREST))),
            NoneOf("owner", (own,)), NoneOf("excluded", (own,)),
        )
        self.attributes = None if is_verified_member(actor) else PUBLIC
        self.known: dict[str, int] = {}

    def count(self, text: str) -> int:
        """How many results have the word as it stands."""
        if text not in self.known:
            self.known[text] = self._search(f'"{text}"').total
        return self.known[text]

    def forgiven(self, text: str) -> list[str]:
        """The words by which results are found when the word is taken less literally."""
        page = self._search(text, highlight=("title", "keywords"), size=NEIGHBOURS)
        marked = (piece for hit in page.hits for quote in hit.quotes.values() for piece, is_found in quote if is_found)
        return [piece for piece, _ in Counter(marked).most_common(MOST_INSTEAD) if fold(piece) != fold(text)]

    def _search(self, text: str, **more: Any) -> Any:
        options = {"size": 1, **more}
        asked = Query(text=text, filters=self.filters, reach=self.filters, attributes=self.attributes, **options)
        return index.engine().search(LISTINGS.name, asked)

    def neighbours(self, terms: list[Term]) -> list[Listing]:
        page = index.engine().similar(
            LISTINGS.name, terms, filters=self.filters, limit=NEIGHBOURS, attributes=self.attributes,
        )
        return listings.in_rank_order(self.actor, [hit.id for hit in page.hits])


def _profile(content: Mapping[str, Any]) -> Profile:
    texts = {aspect.name: tuple(_texts(content, aspect.need)) for aspect in ASPECTS}
    return Profile(Kind.NEED, {name: some for name, some in texts.items() if some})


def _texts(content: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        given = content.get(name)
        yield from (str(text) for text in (given if isinstance(given, list) else [given]) if text)


def _written(described: Profile) -> dict[str, str]:
    """Term -> as it is written in the text, in its own case."""
    whole = " ".join(text for texts in described.texts.values() for text in texts)
    terms = {term: text for passage in described.passages.values() for term, text in passage.written.items()}
    at = {term: whole.casefold().find((text or term).casefold()) for term, text in terms.items()}
    return {term: whole[place:place + len(terms[term] or term)] for term, place in at.items() if place >= 0}


def _unheard(asking: _Asking, terms: list[Term], written: Mapping[str, str]) -> Iterator[Unheard]:
    rare = [(term.text, found) for term in terms if (found := asking.count(term.text)) <= FEW]
    for term, found in rare[:SHOWN]:
        ways = [(text, "same") for text in equal_terms(term)]
        ways += [(text, "spelt") for text in asking.forgiven(term)]
        ways += [(text, "broader") for text in broader(term)]
        seen = {fold(term)}
        better = []
        for text, way in ways:
            if fold(text) not in seen and asking.count(text) > max(found, FEW):
                better.append(Instead(text, way, asking.count(text)))
            seen.add(fold(text))
        yield Unheard(written.get(term) or term, found, tuple(better[:MOST_INSTEAD]))


def broader(term: str) -> list[str]:
    """A Chinese word names its kind at its end, an English compound after its hyphen: 锂离子电池 is a 电池."""
    if term.isascii():
        pieces = term.split("-")[1:] if "-" in term else []
    else:
        pieces = [term[-length:] for length in (4, 3, 2) if len(term) > length]
        pieces += [term[:length] for length in (3, 2) if len(term) > length]
    return [piece for piece in pieces if len(piece) > 1 and piece not in GENERIC]


def _keywords(actor: Reader, there: Listing, language: str) -> Iterator[str]:
    """Those in this language where there are some, without what anonymity has struck out."""
    words = listings.teaser(actor, there).in_language(language)
    yield from (word for word in words.keywords if HIDDEN not in word)


def _nearby(
    asking: _Asking, terms: list[Term], content: Mapping[str, Any], language: str
) -> Iterator[tuple[str, int]]:
    said = fold(" ".join(_texts(content, tuple(name for aspect in ASPECTS for name in aspect.need))))
    many: Counter[str] = Counter()
    for there in asking.neighbours(terms) if terms else []:
        many.update({word for word in _keywords(asking.actor, there, language) if fold(word) not in said})
    yield from many.most_common(MOST_NEAR)

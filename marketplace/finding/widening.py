"""What a reader is told when a search found nothing, or not what was written: why, and how to go on.

Every question here is asked as this reader: a count or a listing they may not know of is in none of the answers.
Their number has a bound: a page that found nothing asks the engine a dozen times at most, one that gave up words four.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from rapidfuzz.distance import OSA
from sqlalchemy import select

from marketplace import index, logs
from marketplace.db import session
from marketplace.finding import asking, facets
from marketplace.finding.criteria import CLOSING, Criteria, audience_filters, query_of
from marketplace.finding.meaning import meant
from marketplace.finding.models import Term, TermGroup
from marketplace.finding.service import Found, Row, find, rows
from marketplace.finding.suggesting import Suggested, suggest
from marketplace.listings.documents import CHINA, FACETS, LISTINGS
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say
from search import AnyOf, Query, SearchError
from search.expansion import typing_errors
from search.text import Word, asked, fold, singular

log = logging.getLogger(__name__)
MOST_BARRIERS = 6
_MOST_DROPPED = 4
_MOST_NEAR = 5
_MOST_EQUAL = 6
_CHINESE = re.compile("[\u4e00-\u9fff]{3,}")
_READ = 100
"""Characters of a query that are compared with what there is."""


@dataclass(frozen=True)
class Loosened:
    """What was left out of a query, or read another way, so that something could be found."""

    absent: tuple[str, ...] = ()
    """Words that no listing has."""
    parted: tuple[str, ...] = ()
    """Words that some listing has, but none together with the others."""
    strict: str = ""
    """Where the query is answered with none of its words left out."""
    respelt: tuple[tuple[str, str], ...] = ()
    """(as written, as it stands in what was found)."""
    exact: str = ""
    """Where the query is answered as it is spelt."""


@dataclass(frozen=True)
class Barrier:
    """A filter in the way, and what would be found without it."""

    group: Any
    total: int
    criteria: Criteria

    @property
    def address(self) -> str:
        return asking.address(self.criteria)


@dataclass(frozen=True)
class Beginning:
    """Where to go from a search that found nothing."""

    barriers: tuple[Barrier, ...]
    nearest: list[Row]
    nearest_why: Any
    similar: tuple[Suggested, ...]
    """Terms and titles that begin like the query."""
    equals: tuple[str, ...]
    """Terms that mean the same, which were searched for as well."""
    need: str
    """Where the query becomes a need, its form filled in as far as the search says."""


def loosened(actor: Reader, found: Found) -> Loosened | None:
    """What became of the query's words; None when all was found as written."""
    q = found.criteria.q
    respelt = _respelt(q, found.rows) if found.total and not found.degraded else ()
    if not found.dropped and not respelt:
        return None
    absent = [word for word in found.dropped[:_MOST_DROPPED] if not _total(actor, Criteria(q=_phrase(word)))]
    return Loosened(
        tuple(absent), tuple(word for word in found.dropped if word not in absent),
        asking.address(replace(found.criteria, q=quoted(q, found.dropped))), respelt,
        asking.address(replace(found.criteria, q=quoted(q, [written for written, _ in respelt]))),
    )


def beginning(actor: Reader, found: Found, language: str) -> Beginning:
    """What to do after a search that found nothing."""
    criteria = found.criteria
    barriers = () if found.degraded else _barriers(actor, criteria)
    nearest, why = ([], "") if found.degraded else _nearest(actor, criteria, barriers, language)
    # Where a filter is in the way, the words are not to blame.
    similar = () if nearest and criteria.is_narrowed else similar_beginnings(actor, criteria.q)
    return Beginning(barriers, nearest, why, similar, equal_terms(criteria.q), need_address(criteria))


def quoted(q: str, words: Iterable[str]) -> str:
    """The query with these words as phrases, which are never left out."""
    for word in words:
        pattern = re.compile(rf'(?<!")({re.escape(word)})(?!")', re.IGNORECASE)
        q = pattern.sub(r' "\1" ', q, count=1) if pattern.search(q) else f"{q} {_phrase(word)}"
    return " ".join(q.split())


def without_word(q: str, word: str) -> str:
    """The query without a word of it."""
    return " ".join(re.sub(re.escape(word), " ", q, count=1, flags=re.IGNORECASE).split())


def need_address(criteria: Criteria) -> str:
    """The form of a need, filled in as far as the search says."""
    told: dict[str, Any] = {"title": " ".join(criteria.q.split())[:200]}
    told |= {name: chosen[0] for name in ("field", "industry") if len(chosen := criteria.narrowest(name)) == 1}
    own = [code for code in criteria.narrowest("region") if code != CHINA]
    if len(own) == 1:
        told["region"] = own[0]
    query = urlencode({name: value for name, value in told.items() if value}, errors="replace")
    return f"/listings/new/need?{query}".rstrip("?")


def similar_beginnings(actor: Reader, q: str) -> tuple[Suggested, ...]:
    """Terms and titles that begin like the query, like its first word, or like the beginning of that."""
    text = " ".join(q.split())[:_READ]
    first = next((word.written or word.text for word in asked(text)), "")
    for begun in dict.fromkeys((text, first, first[:2 if not first.isascii() else 4])):
        found = [one for one in suggest(actor, begun) if one.ref] if len(begun) > 1 else []
        if found:
            return tuple(found[:_MOST_NEAR])
    return ()


def equal_terms(q: str) -> tuple[str, ...]:
    """What our table has beside a term of the query; the index has looked for it already."""
    text = q[:_READ].replace("\0", " ").encode("utf-8", "ignore").decode()
    words = [word.text for word in asked(text)]
    runs = {fold(text).strip(), *words, *(f"{a} {b}" for a, b in pairwise(words))}
    groups = select(Term.group_id).join(TermGroup).where(TermGroup.removed_at.is_(None), Term.folded.in_(runs))
    others = select(Term.text).where(Term.group_id.in_(groups), Term.folded.not_in(runs)).order_by(Term.position)
    return tuple(dict.fromkeys(session.scalars(others.limit(_MOST_EQUAL))))


def _barriers(actor: Reader, criteria: Criteria) -> tuple[Barrier, ...]:
    """Each filter whose removal would give something, the one that gives most first."""
    tried = list(_with_one_less(criteria))[:MOST_BARRIERS]
    found = [Barrier(group, _total(actor, wider), wider) for group, wider in tried]
    return tuple(sorted((one for one in found if one.total), key=lambda one: -one.total))


def _with_one_less(criteria: Criteria) -> Iterable[tuple[Any, Criteria]]:
    for name in FACETS:
        if getattr(criteria, name):
            yield facets.GROUPS[name], criteria.without(name)
    if criteria.price_min is not None or criteria.price_max is not None:
        yield facets.GROUPS["price_band"], criteria.without("price_min", "price_max")
    if criteria.organisation:
        yield say("Organisation"), criteria.without("organisation")
    if criteria.days is not None:
        yield say("Date of publication"), criteria.without("days")
    if criteria.order == CLOSING:  # of listings that no day ends, none is shown
        yield say("Closing soon first"), criteria.without("sort")


def _nearest(
    actor: Reader, criteria: Criteria, barriers: tuple[Barrier, ...], language: str
) -> tuple[list[Row], Any]:
    """(listings that come nearest, in what way they do)."""
    if near := _near_in_meaning(actor, criteria, language):
        return near, say("Nearest in meaning")
    if barriers:
        best = barriers[0]
        without = say("Without “{filter}”", filter=best.group)
        return find(actor, replace(best.criteria, size=_MOST_NEAR), language).rows, without
    if criteria.q and criteria.is_narrowed:
        return find(actor, Criteria(q=criteria.q, size=_MOST_NEAR), language).rows, say("Without any filter")
    return [], ""


def _near_in_meaning(actor: Reader, criteria: Criteria, language: str) -> list[Row]:
    vector = meant(Query(text=criteria.q)).vector
    if vector is None:
        return []
    wanted = (AnyOf("kind", criteria.kind),) if criteria.kind else ()
    try:
        page = index.engine().nearest(
            LISTINGS.name, vector, filters=(*audience_filters(actor), *wanted), limit=_MOST_NEAR,
        )
    except SearchError as error:
        log.warning("nothing is looked for by meaning: %s", logs.cause(error))
        return []
    return rows(actor, [hit.id for hit in page.hits], language)


def _total(actor: Reader, criteria: Criteria) -> int:
    query = replace(query_of(actor, criteria), facets=(), highlight=(), page=1, size=1)
    try:
        return index.engine().search(LISTINGS.name, query).total
    except SearchError:
        return 0


def _phrase(word: str) -> str:
    return f'"{word}"'


def _respelt(q: str, found: Iterable[Row]) -> tuple[tuple[str, str], ...]:
    """Words of the query that stand nowhere in what is shown, with the likest of the words marked there."""
    marked = {
        fold(piece): piece for row in found for quote in (row.title, row.why) for piece, is_found in quote if is_found
    }
    sought = [word for word in asked(q[:_READ]) if not any(_is_said(word, one) for one in marked)]
    likest = ((word.written or word.text, _likest(word, marked)) for word in sought if not word.is_chinese)
    chinese = (_likest_within(run, marked) for run in _CHINESE.findall(fold(q[:_READ])))
    return tuple((written, piece) for written, piece in (*likest, *chinese) if piece)


def _is_said(word: Word, piece: str) -> bool:
    return word.text in piece or singular(word.text) == singular(piece) or piece in word.text


def _likest_within(run: str, marked: dict[str, str]) -> tuple[str, str]:
    """A stretch of Chinese, where words have no ends, and the word marked that differs from it by one character."""
    words = [piece for piece in marked if _CHINESE.fullmatch(piece)]
    if any(run in piece or piece in run for piece in words):
        return run, ""
    for piece in words:
        for length in (len(piece), len(piece) + 1, len(piece) - 1):
            for part in (run[at:at + length] for at in range(len(run) - length + 1)):
                if len(part) > 2 and OSA.distance(part, piece) == 1:
                    return part, marked[piece]
    return run, ""


def _likest(word: Word, marked: dict[str, str]) -> str:
    allowed = typing_errors(word.text)
    near = [(OSA.distance(word.text, piece), piece) for piece in marked] if allowed else []
    return next((marked[piece] for distance, piece in sorted(near) if distance <= allowed), "")

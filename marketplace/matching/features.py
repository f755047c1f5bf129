"""What a need and a result have in common and where they part, each as a number between 0 and 1, or None when one of
them does not say. Everything here depends on the pair alone: from both sides it is the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from marketplace import regions
from marketplace.listings.documents import price_of, readiness_of
from marketplace.listings.models import Listing
from marketplace.matching.meaning import Near
from marketplace.matching.profiles import Profile
from marketplace.matching.terms import Row

NEAR_LEVELS = 3
"""A result this many levels below what a need accepts fits no more."""
TEXTS = ("words", "phrases", "answered", "phrases_answered", "titles")
"""What is compared of two texts; the weights name them so. MEANING and CLOSEST come in addition where there are
vectors."""
MEANING, CLOSEST = "meaning", "closest_part"
"""Nearness of meaning: of all the two say, and of the result to that part of the need which it is nearest to."""
_BEND = 0.65
"""Likenesses are bent by this power, because the first common word says more than the tenth. Chosen by needs held out,
with the proportions in training.py, on both sets of ../shared/data."""
_OFTEN, _LONG = 1.5, 0.75
"""BM25's k1 and b."""
_USUAL, _USUAL_TITLE = 170.0, 11.0
"""The units of a text, and of one that is nothing but a title, that is neither long nor short."""


@dataclass(frozen=True)
class Features:
    text: dict[str, float]
    """By name, see TEXTS."""
    facts: dict[str, float | None]
    part: int = 0
    """The part of the need that the result is nearest to in meaning: see `meaning.Near`."""

    @property
    def likeness(self) -> float:
        """How much the texts have to do with each other at all."""
        return max(self.text.values(), default=0.0)


def features(
    need: Listing, result: Listing, needed: Profile, offered: Profile, near: Near | None = None,
    beyond: Mapping[str, float | None] | None = None,
) -> Features:
    """`near`: in meaning, where both have vectors; `beyond`: facts that do not stand in the listings themselves."""
    text = likenesses(needed, offered)
    if near is not None:
        text |= {MEANING: max(0.0, near.whole), CLOSEST: max(0.0, near.closest)}
    return Features(text, {**facts(need, result), **(beyond or {})}, near.part if near else 0)


def likenesses(needed: Profile, offered: Profile) -> dict[str, float]:
    ours, theirs = needed.whole, offered.whole
    # Where one has no title, its whole text stands in.
    heads = (needed.head, offered.head) if needed.head and offered.head else (ours, theirs)
    usual = _USUAL_TITLE if offered.is_title_only else _USUAL
    return {
        "words": cosine(ours.units, theirs.units) ** _BEND,
        "phrases": cosine(ours.pairs, theirs.pairs) ** _BEND,
        "answered": answered(ours.units, theirs.units, usual) ** _BEND,
        "phrases_answered": answered(ours.pairs, theirs.pairs, usual) ** _BEND,
        "titles": cosine(heads[0].units, heads[1].units) ** _BEND,
    }


def facts(need: Listing, result: Listing) -> dict[str, float | None]:
    return {
        "field": _same(need.field, result.field),
        "industry": _industry(need.industry, result.industry),
        "ipc": _ipc(need.ipc, result.ipc),
        "trl": _readiness(need, result),
        "mode": _shared(need.modes, result.modes),
        "price": _price(need, result),
        "region": _region(need.region, result.region),
    }


def cosine(one: Row, other: Row) -> float:
    """How much two texts say the same, whatever their lengths."""
    shorter, longer = sorted((one.weights, other.weights), key=len)
    shared = sum(weight * longer[term] for term, weight in shorter.items() if term in longer)
    return min(1.0, shared / (one.length * other.length)) if shared else 0.0


def answered(need: Row, result: Row, usual: float) -> float:
    """How much of what the need says the result speaks of: BM25 as a share of the most it could be."""
    if not need.mass:
        return 0.0
    slack = 2 * _OFTEN * (1 - _LONG + _LONG * result.amount / usual)
    theirs = result.halves
    found = sum(
        weight * theirs[term] / (theirs[term] + slack) for term, weight in need.weights.items() if term in theirs
    )
    return found / need.mass


def _same(one: str | None, other: str | None) -> float | None:
    return None if not one or not other else float(one == other)


def _industry(one: str | None, other: str | None) -> float | None:
    if not one or not other:
        return None
    return 1.0 if one == other else 0.5 if one[0] == other[0] else 0.0


def _ipc(one: Iterable[str], other: Iterable[str]) -> float | None:
    """Whether they share a subclass (H01M)."""
    ours, theirs = {symbol[:4] for symbol in one}, {symbol[:4] for symbol in other}
    return float(bool(ours & theirs)) if ours and theirs else None


def _readiness(need: Listing, result: Listing) -> float | None:
    """A result that is further than asked for fits; one that is not so far fits the less, the farther it is."""
    reached, accepted = readiness_of(result), readiness_of(need)
    if reached is None or accepted is None or (need.trl_min is None and need.trl_max is None):
        return None
    short = max(0, accepted[0] - reached[0])
    return max(0.0, 1 - short / NEAR_LEVELS)


def _shared(one: Iterable[str], other: Iterable[str]) -> float | None:
    ours, theirs = set(one), set(other)
    return float(bool(ours & theirs)) if ours and theirs else None


def _price(need: Listing, result: Listing) -> float | None:
    """Does what is asked lie within what can be paid?"""
    asked, budget = price_of(result), price_of(need)
    if asked is None or budget is None:
        return None
    return 1.0 if asked[0] <= budget[1] else max(0.0, 1 - (asked[0] - budget[1]) / budget[1])


def _region(one: str | None, other: str | None) -> float | None:
    if not one or not other:
        return None
    ours, theirs = regions.ancestors(one), regions.ancestors(other)
    shared = sum(1 for code in ours if code in theirs)
    return (0.0, 0.6, 1.0, 1.0)[shared]

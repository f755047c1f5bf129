"""What a need and a result have in common and where they part, each as a number between 0 and 1, or None when one of
them does not say. Everything here depends on the pair alone: from both sides it is the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace import regions
from marketplace.listings.documents import price_of, readiness_of
from marketplace.listings.models import Listing
from marketplace.matching.profiles import ASPECTS, Passage, Profile

NEAR_LEVELS = 3
"""A result this many levels below what a need accepts fits no more."""


@dataclass(frozen=True)
class Features:
    text: dict[str, float]
    """By aspect; one that either side lacks is absent."""
    facts: dict[str, float | None]


def features(need: Listing, result: Listing, needed: Profile, offered: Profile) -> Features:
    return Features(
        text={
            aspect.name: likeness(needed.passages[aspect.name], offered.passages[aspect.name])
            for aspect in ASPECTS
            if aspect.name in needed.passages and aspect.name in offered.passages
        },
        facts={
            "field": _same(need.field, result.field),
            "industry": _industry(need.industry, result.industry),
            "ipc": _ipc(need.ipc, result.ipc),
            "trl": _readiness(need, result),
            "mode": _shared(need.modes, result.modes),
            "price": _price(need, result),
            "region": _region(need.region, result.region),
        },
    )


def likeness(one: Passage, other: Passage) -> float:
    """The cosine of the two, by what their terms say."""
    shorter, longer = sorted((one.weights, other.weights), key=len)
    shared = sum(weight * longer[term] for term, weight in shorter.items() if term in longer)
    return shared / (one.length * other.length) if shared else 0.0


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

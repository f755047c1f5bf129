"""Why somebody sits where they sit: the strongest reasons first, as data; whoever shows them puts them into words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from marketplace.seating.problem import STAYED, WISH, Guest, Pair, Plan, Problem, ordered
from marketplace.seating.worth import Scales, wants


class Because(StrEnum):
    PUT = "put"
    """A person has put them there."""
    FIT = "fit"
    """What one needs another offers: `other`, `pair`."""
    ASKED = "asked"
    """They asked to meet the organisation of `other`."""
    ASKED_FOR = "asked_for"
    """`other` asked to meet their organisation."""
    LEADS = "leads"
    """They lead the table."""
    STAYED = "stayed"
    """They sat there before, and the table works."""
    ELSEWHERE = "elsewhere"
    """Good counterparts of theirs come, and sit at other tables; `count` of them."""
    NOBODY = "nobody"
    """Nobody who comes is a good counterpart; they are where they are in nobody's way."""


@dataclass(frozen=True)
class Reason:
    because: Because
    other: int | None = None
    pair: Pair | None = None
    points: int = 0
    count: int = 0
    met: int = 0
    """How often the two have sat together in this series already."""


def explain(problem: Problem, plan: Plan) -> dict[int, tuple[Reason, ...]]:
    """For everybody who sits; nobody is without a reason."""
    scales = Scales(problem)
    return {
        key: tuple(_reasons(scales, key, table, keys)) for table, keys in enumerate(plan) for key in keys
    }


def _reasons(scales: Scales, key: int, table: int, keys: tuple[int, ...]) -> Iterator[Reason]:
    problem, guest = scales.problem, scales.guests[key]
    others = [scales.guests[other] for other in keys if other != key]
    if guest.key in problem.fixed:
        yield Reason(Because.PUT)
    found = sorted(_of_others(scales, guest, others), key=lambda reason: (-reason.points, reason.other or 0))
    yield from found
    if guest.leads:
        yield Reason(Because.LEADS)
    if problem.before.get(guest.key) == table:
        yield Reason(Because.STAYED, points=STAYED)
    if guest.leads or any(scales.is_good(guest, other) for other in others):
        return
    elsewhere = sum(scales.is_good(guest, other) for other in scales.guests.values() if other is not guest)
    if elsewhere:
        yield Reason(Because.ELSEWHERE, count=elsewhere)
    elif not found:
        yield Reason(Because.NOBODY)


def _of_others(scales: Scales, guest: Guest, others: list[Guest]) -> Iterator[Reason]:
    for other in others:
        key = ordered(guest.key, other.key)
        if key in scales.problem.earlier:
            continue
        met, pair = scales.problem.met.get(key, 0), scales.problem.pairs.get(key)
        points = scales.together(guest, other).fit
        if pair is not None and points:
            yield Reason(Because.FIT, other.key, pair, points, met=met)
        if wants(guest, other):
            yield Reason(Because.ASKED, other.key, points=WISH, met=met)
        if wants(other, guest):
            yield Reason(Because.ASKED_FOR, other.key, points=WISH, met=met)

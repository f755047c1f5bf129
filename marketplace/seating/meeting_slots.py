"""Talks of two at given times: who meets whom, when and at which place, and why a wish could not be met."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import Any

from marketplace.seating.problem import GOOD, Pair, ordered

WORKERS = 2
MUST, BOTH_ASK, ONE_ASKS, FIRST = 2_000, 150, 60, 100
"""Points for a talk that must be, that both ask for, that one asks for; and for somebody's first talk of the day."""


@dataclass(frozen=True)
class Person:
    key: int
    organisation: int | None
    slots: frozenset[int]
    """When they can, by the numbers of the times."""
    asks: frozenset[int] = frozenset()
    """Whom they ask to talk with, by key."""
    must: frozenset[int] = frozenset()
    """Whom they must meet, by key: arranged before all else."""
    refuses: frozenset[int] = frozenset()
    """No, thanks: holds both ways and above all wishes."""
    most: int = 100
    """Talks they take at most."""


@dataclass(frozen=True)
class Talk:
    slot: int
    place: int
    one: int
    other: int

    @property
    def pair(self) -> tuple[int, int]:
        return ordered(self.one, self.other)


@dataclass(frozen=True)
class Day:
    people: Sequence[Person]
    places: int
    """Talks that can go on at a time."""
    pairs: Mapping[tuple[int, int], Pair] = field(default_factory=dict)
    """By the two keys, the smaller first."""
    agreed: Sequence[Talk] = ()
    """Talks that stand and are not moved."""
    suggests: bool = False
    """Whether good counterparts meet though neither asked."""


class WhyNot(StrEnum):
    REFUSED = "refused"
    OWN_ORGANISATION = "own_organisation"
    NOT_HERE = "not_here"
    NO_COMMON_TIME = "no_common_time"
    FULL = "full"
    """Their times, the places or the number of talks they take are used up by what is worth more."""


@dataclass(frozen=True)
class Unmet:
    one: int
    """Who asked."""
    other: int
    must: bool
    why: WhyNot


@dataclass(frozen=True)
class Schedule:
    talks: tuple[Talk, ...]
    unmet: tuple[Unmet, ...]
    value: int
    bound: int
    proven: bool
    seconds: float


def arrange(day: Day, seconds: float) -> Schedule:
    """The best arrangement found within so many seconds; nobody is at two places at once, and no two meet twice."""
    began = time.perf_counter()
    people = _checked(day)
    points = _points(day, people)
    talks, bound, proven = _solved(day, people, points, seconds)
    worth = _worth(talks, points)
    left = tuple(unmet(day, [talk.pair for talk in talks]))
    return Schedule(talks, left, worth, max(bound, worth), proven, time.perf_counter() - began)


def _checked(day: Day) -> dict[int, Person]:
    people = {person.key: person for person in day.people}
    busy: set[tuple[int, int]] = set()
    taken: set[tuple[int, int]] = set()
    if len({talk.pair for talk in day.agreed}) < len(day.agreed):
        raise ValueError("two people have agreed to meet twice")
    for talk in day.agreed:
        for key in (talk.one, talk.other):
            if key not in people or (key, talk.slot) in busy:
                raise ValueError(f"guest {key} is not here, or has agreed to two talks at time {talk.slot}")
            busy.add((key, talk.slot))
        if (talk.slot, talk.place) in taken or not 0 <= talk.place < day.places:
            raise ValueError(f"place {talk.place} has two talks at time {talk.slot}, or is not there")
        taken.add((talk.slot, talk.place))
    return people


def _points(day: Day, people: Mapping[int, Person]) -> dict[tuple[int, int], int]:
    """What each talk that may be is worth; agreed ones among them."""
    wished = {ordered(person.key, key) for person in people.values() for key in person.asks | person.must
              if key in people and key != person.key}
    if day.suggests:
        wished |= {key for key, pair in day.pairs.items() if pair.fit >= GOOD and people.keys() >= set(key)}
    points = {}
    for key in sorted(wished | {talk.pair for talk in day.agreed}):
        one, other = people[key[0]], people[key[1]]
        if _why_never(one, other) and not any(talk.pair == key for talk in day.agreed):
            continue
        asked = (other.key in one.asks | one.must) + (one.key in other.asks | other.must)
        must = other.key in one.must or one.key in other.must
        pair = day.pairs.get(key)
        points[key] = MUST * must + (0, ONE_ASKS, BOTH_ASK)[asked] + (pair.points if pair else 0)
    return points


def _why_never(one: Person, other: Person) -> WhyNot | None:
    if other.key in one.refuses or one.key in other.refuses:
        return WhyNot.REFUSED
    if one.organisation is not None and one.organisation == other.organisation:
        return WhyNot.OWN_ORGANISATION
    return None


def _solved(day: Day, people: Mapping[int, Person], points: Mapping[tuple[int, int], int],
            seconds: float) -> tuple[tuple[Talk, ...], int, bool]:
    from ortools.sat.python import cp_model  # takes half a second to load, and few processes need it

    model = cp_model.CpModel()
    agreed = {(talk.pair, talk.slot) for talk in day.agreed}
    settled = {talk.pair for talk in day.agreed}
    meets: dict[tuple[tuple[int, int], int], Any] = {}
    for pair in points:
        slots = {slot for key, slot in agreed if key == pair} or people[pair[0]].slots & people[pair[1]].slots
        for slot in sorted(slots):
            meets[pair, slot] = model.new_bool_var("")
            if pair in settled:
                model.add(meets[pair, slot] == 1)
    first = _limits(model, day, people, meets)
    quick = set(_quick(day, people, points))
    for key, meet in meets.items():
        model.add_hint(meet, key in quick)
    model.maximize(sum(points[pair] * meet for (pair, _), meet in meets.items()) + FIRST * sum(first))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = max(seconds, 0.1), WORKERS
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        most = sum(points.values()) + FIRST * len(people)
        return _placed(day, quick), most, False
    chosen = {key for key, meet in meets.items() if solver.boolean_value(meet)}
    return _placed(day, chosen), math.floor(solver.best_objective_bound + 1e-6), status == cp_model.OPTIMAL


def _limits(model: Any, day: Day, people: Mapping[int, Person], meets: Mapping[tuple[tuple[int, int], int], Any]
            ) -> list[Any]:
    """One talk at a time for everybody, no more than there are places, each two once; and whether somebody has any."""
    by_pair, by_person, by_slot = defaultdict(list), defaultdict(list), defaultdict(list)
    at: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for (pair, slot), meet in meets.items():
        by_pair[pair].append(meet)
        by_slot[slot].append(meet)
        for key in pair:
            by_person[key].append(meet)
            at[key, slot].append(meet)
    for together in (*by_pair.values(), *at.values()):
        model.add_at_most_one(together)
    for several in by_slot.values():
        model.add(sum(several) <= day.places)
    first = []
    for key, several in by_person.items():
        stands = sum(key in talk.pair for talk in day.agreed)
        model.add(sum(several) <= max(people[key].most, stands))
        first.append(model.new_bool_var(""))
        model.add_bool_or(~first[-1], *several)
    return first


def _quick(day: Day, people: Mapping[int, Person], points: Mapping[tuple[int, int], int]
           ) -> Iterator[tuple[tuple[int, int], int]]:
    """The most valuable talks first, each at the first time that is free: where the search begins."""
    busy = {(key, talk.slot) for talk in day.agreed for key in talk.pair}
    used: dict[int, int] = defaultdict(int)
    count: dict[int, int] = defaultdict(int)
    for talk in day.agreed:
        used[talk.slot] += 1
        for key in talk.pair:
            count[key] += 1
        yield talk.pair, talk.slot
    settled = {talk.pair for talk in day.agreed}
    for pair in sorted(points.keys() - settled, key=lambda pair: (-points[pair], pair)):
        one, other = people[pair[0]], people[pair[1]]
        if count[one.key] >= one.most or count[other.key] >= other.most:
            continue
        for slot in sorted(one.slots & other.slots):
            if used[slot] < day.places and (one.key, slot) not in busy and (other.key, slot) not in busy:
                used[slot] += 1
                for key in pair:
                    busy.add((key, slot))
                    count[key] += 1
                yield pair, slot
                break


def _placed(day: Day, chosen: set[tuple[tuple[int, int], int]]) -> tuple[Talk, ...]:
    """Each talk at a place of its own; agreed ones keep theirs."""
    talks = list(day.agreed)
    stands = {(talk.pair, talk.slot) for talk in talks}
    free: dict[int, list[int]] = {}
    for pair, slot in sorted(chosen - stands, key=lambda key: (key[1], key[0])):
        if slot not in free:
            taken = {talk.place for talk in talks if talk.slot == slot}
            free[slot] = [place for place in range(day.places) if place not in taken]
        talks.append(Talk(slot, free[slot].pop(0), *pair))
    return tuple(sorted(talks, key=lambda talk: (talk.slot, talk.place)))


def _worth(talks: Sequence[Talk], points: Mapping[tuple[int, int], int]) -> int:
    return sum(points[talk.pair] for talk in talks) + FIRST * len({key for talk in talks for key in talk.pair})


def unmet(day: Day, met: Collection[tuple[int, int]]) -> Iterator[Unmet]:
    """What people asked for and did not get, and why; what must be first."""
    people, met = {person.key: person for person in day.people}, set(met)
    wishes = [(person.key, key, key in person.must) for person in people.values()
              for key in sorted(person.asks | person.must) if key != person.key]
    for one, other, must in sorted(wishes, key=lambda wish: (not wish[2], wish[:2])):
        if ordered(one, other) in met:
            continue
        if other not in people:
            yield Unmet(one, other, must, WhyNot.NOT_HERE)
            continue
        why = _why_never(people[one], people[other])
        if why is None:
            why = WhyNot.FULL if people[one].slots & people[other].slots else WhyNot.NO_COMMON_TIME
        yield Unmet(one, other, must, why)


def double_booked(talks: Sequence[Talk]) -> list[tuple[Talk, Talk]]:
    """Talks that cannot both be: one person or one place at one time."""
    return [
        (one, other) for one, other in combinations(talks, 2)
        if one.slot == other.slot and (one.place == other.place or {*one.pair} & {*other.pair})
    ]

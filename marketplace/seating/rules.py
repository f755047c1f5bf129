"""What cannot be had, and because of whom: said before anybody is seated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from marketplace.seating.problem import Problem
from marketplace.seating.worth import Scales, apart


class Contradicts(StrEnum):
    TOO_MANY = "too_many"
    """More people than seats: `count` people, `room` seats."""
    FIXED_NOWHERE = "fixed_nowhere"
    """A guest was put at a table that does not exist or is closed."""
    FIXED_TOO_MANY = "fixed_too_many"
    """More guests were put at a table than it has seats."""
    FIXED_APART = "fixed_apart"
    """Two who must not sit together were put at one table."""
    ONE_ORGANISATION = "one_organisation"
    """Everybody is of one organisation."""
    ORGANISATION_TOO_LARGE = "organisation_too_large"
    """One organisation has more people (`count`) than there are tables (`room`)."""
    ONE_TABLE = "one_table"
    """There is one table only, and two who must not sit together."""
    WANTS_AND_AVOIDS = "wants_and_avoids"
    """A guest asks to meet an organisation they exclude."""
    EXCLUSIONS = "exclusions"
    """These guests cannot all be kept apart at so few tables (`room`): `excludes` says who excludes whom."""
    TOO_FEW_LEADS = "too_few_leads"
    """Fewer hosts and brokers (`count`) than tables (`room`)."""


BLOCKING = frozenset({Contradicts.TOO_MANY, Contradicts.FIXED_NOWHERE, Contradicts.FIXED_TOO_MANY})
"""With these nobody can be seated; with all others everybody is, as well as it can be."""


@dataclass(frozen=True)
class Contradiction:
    kind: Contradicts
    guests: tuple[int, ...] = ()
    """Whom it concerns, by their keys."""
    organisation: int | None = None
    table: int | None = None
    count: int = 0
    room: int = 0
    excludes: tuple[tuple[int, int], ...] = ()
    """Who excludes which organisation: a guest's key, an organisation's number; their own, if they share it."""

    @property
    def blocks(self) -> bool:
        return self.kind in BLOCKING


class CannotSeat(ValueError):
    """Nobody can be seated before these are resolved."""

    def __init__(self, contradictions: list[Contradiction]) -> None:
        super().__init__(", ".join(f"{one.kind} {one.count}/{one.room}" for one in contradictions))
        self.contradictions = contradictions


def contradictions(problem: Problem) -> list[Contradiction]:
    """All that cannot be had, what blocks first."""
    scales = Scales(problem)
    found = list(_of_fixed(problem, scales))
    people, room = len(problem.guests), sum(problem.sizes)
    if people > room:
        found.append(Contradiction(Contradicts.TOO_MANY, count=people, room=room))
    found += _of_organisations(problem, len(scales.open))
    found += _of_wishes(problem)
    if people <= room and not any(one.blocks for one in found):
        found += _of_exclusions(problem, scales)
    leads = sum(guest.leads for guest in problem.guests)
    if people and leads < scales.needed:  # what is open beyond that may stay empty
        found.append(Contradiction(Contradicts.TOO_FEW_LEADS, count=leads, room=scales.needed))
    return sorted(found, key=lambda one: not one.blocks)


def refuse_impossible(problem: Problem) -> None:
    scales = Scales(problem)
    found = [one for one in _of_fixed(problem, scales) if one.blocks]
    people, room = len(problem.guests), sum(problem.sizes)
    if people > room:
        found.append(Contradiction(Contradicts.TOO_MANY, count=people, room=room))
    if found:
        raise CannotSeat(found)


def _of_fixed(problem: Problem, scales: Scales) -> Iterator[Contradiction]:
    put: dict[int, list[int]] = defaultdict(list)
    for key, table in sorted(problem.fixed.items()):
        if key not in scales.guests:
            continue
        if table not in scales.open:
            yield Contradiction(Contradicts.FIXED_NOWHERE, (key,), table=table)
        put[table].append(key)
    for table, keys in put.items():
        if table in scales.open and len(keys) > problem.sizes[table]:
            yield Contradiction(Contradicts.FIXED_TOO_MANY, tuple(keys), table=table, count=len(keys),
                                room=problem.sizes[table])
        for one, other in combinations(keys, 2):
            if apart(scales.guests[one], scales.guests[other]):
                yield Contradiction(Contradicts.FIXED_APART, (one, other), table=table,
                                    excludes=_between(scales, (one, other)))


def _of_organisations(problem: Problem, tables: int) -> Iterator[Contradiction]:
    people: dict[int, list[int]] = defaultdict(list)
    for guest in problem.guests:
        if guest.organisation is not None:
            people[guest.organisation].append(guest.key)
    if len(people) == 1 and all(guest.organisation is not None for guest in problem.guests) and len(problem.guests) > 1:
        [(organisation, keys)] = people.items()
        yield Contradiction(Contradicts.ONE_ORGANISATION, tuple(keys), organisation, count=len(keys), room=tables)
        return
    for organisation, keys in people.items():
        if len(keys) > tables:
            yield Contradiction(Contradicts.ORGANISATION_TOO_LARGE, tuple(keys), organisation, count=len(keys),
                                room=tables)


def _of_wishes(problem: Problem) -> Iterator[Contradiction]:
    for guest in problem.guests:
        for organisation in sorted(guest.wants & guest.avoids):
            yield Contradiction(Contradicts.WANTS_AND_AVOIDS, (guest.key,), organisation)


def _of_exclusions(problem: Problem, scales: Scales) -> Iterator[Contradiction]:
    """A group of people of whom any two must be apart, and who are more than there are tables."""
    guests, tables = list(problem.guests), len(scales.open)
    foes = [{other for other, two in enumerate(guests) if two is not one and apart(one, two)} for one in guests]
    large = {organisation for organisation, count in Counter(
        guest.organisation for guest in guests if guest.organisation is not None).items() if count > tables}
    seen: set[frozenset[int]] = set()
    for start in range(len(guests)):
        group = _group(start, foes, tables + 1)
        if len(group) <= tables or group in seen:
            continue
        seen.add(group)
        keys = tuple(sorted(guests[number].key for number in group))
        if len({guests[number].organisation for number in group} & large) == 1 and len(
                {guests[number].organisation for number in group}) == 1:
            continue  # said already
        yield Contradiction(Contradicts.ONE_TABLE if tables == 1 else Contradicts.EXCLUSIONS, keys, count=len(keys),
                            room=tables, excludes=_between(scales, keys))


def _group(start: int, foes: list[set[int]], most: int) -> frozenset[int]:
    """Some people who must all be apart from each other, with `start` among them; those with most foes first."""
    group, left = {start}, set(foes[start])
    while left and len(group) < most:
        chosen = max(left, key=lambda number: (len(foes[number] & left), -number))
        group.add(chosen)
        left &= foes[chosen]
    return frozenset(group)


def _between(scales: Scales, keys: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    guests = [scales.guests[key] for key in keys]
    found = set()
    for one in guests:
        for other in guests:
            organisation = other.organisation
            if one is other or organisation is None:
                continue
            if organisation in one.avoids or organisation == one.organisation:
                found.add((one.key, organisation))
    return tuple(sorted(found))

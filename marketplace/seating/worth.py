"""What a seating is worth, which rules it breaks, and what a change by hand would cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sized
from dataclasses import dataclass
from itertools import combinations

from marketplace.seating.problem import (
    AGAIN,
    BROKEN,
    CROWD,
    LEAST,
    NO_LEAD,
    REPEAT,
    SERVED,
    STAYED,
    TOO_SMALL,
    UNEVEN,
    WISH,
    Guest,
    Pair,
    Plan,
    Problem,
    Value,
    ordered,
    table_of,
)

_NOTHING = Pair(0.0)


@dataclass(frozen=True)
class Apart:
    """Two who must not sit together, and are."""

    one: int
    other: int
    table: int
    organisation: int | None
    """The organisation both are of; None when one of them excludes the other."""


class Scales:
    """A problem made ready for weighing: guests by their keys, and what an even spread would be."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.guests: dict[int, Guest] = {guest.key: guest for guest in problem.guests}
        if len(self.guests) != len(problem.guests):
            raise ValueError("two guests have the same key")
        self.open = [table for table, size in enumerate(problem.sizes) if size]
        people = len(self.guests)
        self.needed = _needed(people, [problem.sizes[table] for table in self.open])
        """So many tables at most, or some would have fewer than LEAST people; where more are open, empty ones cost
        nothing."""
        self.spare = self.needed < len(self.open)
        largest = sorted((problem.sizes[table] for table in self.open), reverse=True)
        self.level = _level(people, largest[:self.needed])
        kinds = Counter(guest.kind for guest in problem.guests)
        self.fair = {kind: -(-count // max(1, self.needed)) for kind, count in kinds.items()}
        """How many of each kind an even mix would give a table at most."""

    def together(self, one: Guest, other: Guest) -> Value:
        """What it is worth that these two sit at one table."""
        key = ordered(one.key, other.key)
        times = self.problem.met.get(key, 0)
        again = key in self.problem.earlier
        points = self.problem.pairs.get(key, _NOTHING).points
        return Value(
            fit=0 if again else points >> min(times, 16),
            wishes=0 if again else WISH * (wants(one, other) + wants(other, one)),
            repeats=-REPEAT * times - AGAIN * again,
            broken=-BROKEN * apart(one, other),
        )

    def is_good(self, one: Guest, other: Guest) -> bool:
        key = ordered(one.key, other.key)
        pair = self.problem.pairs.get(key)
        return bool(pair and pair.fit >= self.problem.good and key not in self.problem.earlier
                    and not apart(one, other))

    def of_table(self, table: int, keys: Iterable[int]) -> Value:
        members = [self.guests[key] for key in keys]
        worth = Value()
        helped = set()
        for one, other in combinations(members, 2):
            worth += self.together(one, other)
            if self.is_good(one, other):
                helped |= {one.key, other.key}
        kinds = Counter(guest.kind for guest in members)
        crowd = sum(max(0, count - self.fair[kind]) for kind, count in kinds.items())
        size = self.problem.sizes[table]
        fixed, before = self.problem.fixed, self.problem.before
        elsewhere = sum(fixed.get(guest.key, table) != table for guest in members)
        return worth + Value(
            served=SERVED * len(helped),
            stayed=STAYED * sum(before.get(guest.key) == table for guest in members),
            leads=-NO_LEAD if self.costs(table, members) and not any(guest.leads for guest in members) else 0,
            balance=-CROWD * crowd,
            evenness=self.uneven(table, len(members)),
            broken=-BROKEN * (elsewhere + max(0, len(members) - size)),
        )

    def costs(self, table: int, members: Sized) -> bool:
        """Whether anything is asked of this table: a closed one, or an empty one nobody needs, is in nobody's way."""
        return bool(self.problem.sizes[table]) and (bool(len(members)) or not self.spare)

    def uneven(self, table: int, people: int) -> int:
        """Up to one more than the level is even: not every number of people can be divided."""
        size = self.problem.sizes[table]
        if not self.costs(table, range(people)):
            return 0
        level = min(size, self.level)
        too_few = max(0, level - people)
        short = max(0, min(level, LEAST) - people)
        return -UNEVEN * (too_few + max(0, people - level - 1)) - TOO_SMALL * short


def wants(one: Guest, other: Guest) -> bool:
    return other.organisation is not None and other.organisation in one.wants


def apart(one: Guest, other: Guest) -> bool:
    """Nobody sits with an organisation they exclude, nor with somebody of their own."""
    if one.organisation is not None and one.organisation == other.organisation:
        return True
    return _avoids(one, other) or _avoids(other, one)


def value(problem: Problem, plan: Plan) -> Value:
    """What the seating is worth, rules broken by hand included; whoever has no seat breaks one."""
    scales = Scales(problem)
    _complete(problem, plan)
    worth = Value(broken=-BROKEN * (len(scales.guests) - sum(map(len, plan))))
    for table, keys in enumerate(plan):
        worth += scales.of_table(table, keys)
    return worth


def broken(problem: Problem, plan: Plan) -> list[Apart]:
    """Who sits with somebody they must not sit with."""
    guests = Scales(problem).guests
    return [
        Apart(one, other, table, _shared(guests[one], guests[other]))
        for table, keys in enumerate(plan)
        for one, other in combinations(sorted(keys), 2)
        if apart(guests[one], guests[other])
    ]


def cost_of_move(problem: Problem, plan: Plan, key: int, table: int) -> Value:
    """What changes if this guest goes to that table; a good change is positive. Tables may become too full."""
    source = table_of(plan)[key]
    if source == table:
        return Value()
    scales = Scales(problem)
    left = [other for other in plan[source] if other != key]
    return (scales.of_table(source, left) + scales.of_table(table, (*plan[table], key))
            - scales.of_table(source, plan[source]) - scales.of_table(table, plan[table]))


def cost_of_swap(problem: Problem, plan: Plan, one: int, other: int) -> Value:
    """What changes if these two change places."""
    tables = table_of(plan)
    here, there = tables[one], tables[other]
    if here == there:
        return Value()
    scales = Scales(problem)
    return (scales.of_table(here, _replaced(plan[here], one, other))
            + scales.of_table(there, _replaced(plan[there], other, one))
            - scales.of_table(here, plan[here]) - scales.of_table(there, plan[there]))


def moved(plan: Plan, key: int, table: int) -> Plan:
    """The seating with this guest at that table; everybody else stays."""
    rest = [tuple(other for other in keys if other != key) for keys in plan]
    rest[table] += (key,)
    return tuple(rest)


def swapped(plan: Plan, one: int, other: int) -> Plan:
    tables = table_of(plan)
    if tables[one] == tables[other]:
        return plan
    return moved(moved(plan, one, tables[other]), other, tables[one])


def _avoids(one: Guest, other: Guest) -> bool:
    return other.organisation is not None and other.organisation in one.avoids


def _shared(one: Guest, other: Guest) -> int | None:
    return one.organisation if one.organisation == other.organisation else None


def _replaced(keys: Iterable[int], one: int, other: int) -> list[int]:
    return [other if key == one else key for key in keys]


def _level(people: int, sizes: list[int]) -> int:
    """The most every table can have when people are spread evenly over tables of these sizes."""
    level = 0
    while sizes and level < max(sizes) and sum(min(size, level + 1) for size in sizes) <= people:
        level += 1
    return level


def _needed(people: int, sizes: list[int]) -> int:
    """How many of these tables are to be used: all, while each has LEAST people, and never too few for everybody."""
    tables = min(len(sizes), max(1, people // LEAST))
    while tables < len(sizes) and sum(sorted(sizes, reverse=True)[:tables]) < people:
        tables += 1
    return tables


def _complete(problem: Problem, plan: Plan) -> None:
    seated = [key for keys in plan for key in keys]
    known = {guest.key for guest in problem.guests}
    if len(plan) != len(problem.sizes):
        raise ValueError(f"the seating has {len(plan)} tables, the room {len(problem.sizes)}")
    if len(seated) != len(set(seated)) or not known.issuperset(seated):
        raise ValueError("somebody sits twice, or is not among the guests")

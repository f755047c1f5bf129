"""A seating as numbers: who comes, how many tables there are, and what makes a table good. No database, no texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields

GOOD = 60.0
"""From this matching score on somebody is a good counterpart: a professional would call the pair fairly strong as
likely as not."""
LEAST, USUAL, MOST = 4, 8, 10
"""Seats of a table."""
MOST_ROUNDS = 4

SERVED = 100
"""Points for somebody who has a good counterpart at the table."""
WISH = 40
"""For sitting with somebody of an organisation one asked to meet."""
STAYED = 25
"""For a seat at the table where one sits already."""
REPEAT = 20
"""Off for each time two sat together before; what their fit is worth is halved each time as well."""
AGAIN = 1_000
"""Off for two who sat together in an earlier round of the same edition; their fit is worth nothing now."""
NO_LEAD = 400
"""Off for a table that neither a host nor a broker leads."""
CROWD = 10
"""Off for each person of one kind of organisation beyond what an even mix would give the table."""
UNEVEN = 30
"""Off for each person a table has more or fewer than an even spread would give it."""
TOO_SMALL = 200
"""Off for each person a table is short of LEAST."""
BROKEN = 10_000
"""Off for each rule broken; more than all else together, so a rule is broken only where it cannot be kept."""


@dataclass(frozen=True)
class Guest:
    """Somebody who needs a seat."""

    key: int
    """Their registration's number."""
    organisation: int | None
    kind: str
    """The kind of their organisation; tables mix kinds."""
    leads: bool = False
    """A host or broker: every table gets at least one while there are enough."""
    wants: frozenset[int] = frozenset()
    """Organisations they asked to meet."""
    avoids: frozenset[int] = frozenset()
    """Organisations they must not sit with, by their own wish or by an exclusion of a listing; holds both ways."""


@dataclass(frozen=True)
class Pair:
    """What speaks for two guests at one table."""

    fit: float
    """0–100, the best matching score between what one needs and the other offers."""
    need: str | None = None
    """Reference of the need that gives the score."""
    result: str | None = None

    @property
    def points(self) -> int:
        """One strong match is worth more than several lukewarm ones: 80 gives 64, 40 gives 16."""
        return round(self.fit * self.fit / 100)


Plan = tuple[tuple[int, ...], ...]
"""The guests' keys, table by table; as many tables as the problem has sizes, some perhaps empty."""


@dataclass(frozen=True)
class Problem:
    guests: Sequence[Guest]
    sizes: Sequence[int]
    """How many seats each table has (4–10); 0 is a table that is closed."""
    pairs: Mapping[tuple[int, int], Pair] = field(default_factory=dict)
    """By the two keys, the smaller first; what is not there has no fit."""
    met: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """How often two have sat together in this series, by the two keys, the smaller first."""
    fixed: Mapping[int, int] = field(default_factory=dict)
    """Guests whom a person has put at a table: key -> number of the table, from 0."""
    before: Mapping[int, int] = field(default_factory=dict)
    """Where guests sit already: key -> number of the table. Staying is worth something: tables that work are kept."""
    earlier: AbstractSet[tuple[int, int]] = frozenset()
    """Who sat together in an earlier round of this edition, by the two keys, the smaller first."""
    good: float = GOOD


@dataclass(frozen=True)
class Value:
    """What a seating (or one change of it) is worth, part by part. What speaks against it is negative."""

    fit: int = 0
    served: int = 0
    wishes: int = 0
    stayed: int = 0
    repeats: int = 0
    leads: int = 0
    balance: int = 0
    evenness: int = 0
    broken: int = 0

    @property
    def total(self) -> int:
        return (self.fit + self.served + self.wishes + self.stayed
                + self.repeats + self.leads + self.balance + self.evenness + self.broken)

    def parts(self) -> dict[str, int]:
        return {part.name: getattr(self, part.name) for part in fields(self)}

    def __add__(self, other: Value) -> Value:
        return Value(**{name: points + getattr(other, name) for name, points in self.parts().items()})

    def __sub__(self, other: Value) -> Value:
        return Value(**{name: points - getattr(other, name) for name, points in self.parts().items()})


@dataclass(frozen=True)
class Solution:
    plan: Plan
    value: Value
    bound: int
    """No seating of these people is worth more than so many points."""
    proven: bool
    """Nothing better exists: the value reaches the bound."""
    seconds: float


def ordered(one: int, other: int) -> tuple[int, int]:
    """The key of two guests in `pairs`, `met` and `earlier`."""
    return (one, other) if one < other else (other, one)


def table_of(plan: Plan) -> dict[int, int]:
    return {key: number for number, table in enumerate(plan) for key in table}


def layout(people: int, seats: int = USUAL) -> tuple[int, ...]:
    """Sizes of as many tables as so many people need, none with fewer than LEAST people if that can be.

    >>> layout(40), layout(41)
    ((8, 8, 8, 8, 8), (8, 8, 8, 8, 8, 8))
    """
    if not LEAST <= seats <= MOST:
        raise ValueError(f"a table has {LEAST} to {MOST} seats, not {seats}")
    return (seats,) * max(1, -(-people // seats))

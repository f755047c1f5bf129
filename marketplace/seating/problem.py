"""A seating as numbers: who comes, how many tables there are, and what makes a table good. No database, no texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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


Plan = tuple[tuple[int, ...], ...]
"""The guests' keys, table by table."""


@dataclass(frozen=True)
class Problem:
    guests: Sequence[Guest]
    sizes: Sequence[int]
    """How many seats each table has (4–10)."""
    pairs: Mapping[tuple[int, int], Pair] = field(default_factory=dict)
    """By the two keys, the smaller first; what is not there has no fit."""
    met: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """How often two have sat together in this series, by the two keys, the smaller first."""
    fixed: Mapping[int, int] = field(default_factory=dict)
    """Guests whom a person has put at a table: key -> number of the table, from 0."""

"""A table as a picture: its people around it, and a line between those who have something for each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from marketplace.seating.problem import GOOD, Pair, Problem, ordered

SIDE = 200
"""Of the square in which everything lies."""
_ROUND, _NAMES = 58.0, 80.0


@dataclass(frozen=True)
class Place:
    """Somebody's place at the round table."""

    key: int
    x: float
    y: float
    name_x: float
    name_y: float
    anchor: str
    """How the name stands to its place: end, mid or start."""
    initial: str


@dataclass(frozen=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    is_good: bool


@dataclass(frozen=True)
class Picture:
    places: tuple[Place, ...]
    lines: tuple[Line, ...]
    free: tuple[tuple[float, float], ...]
    """Where nobody sits."""


def picture(problem: Problem, keys: Sequence[int], size: int, names: dict[int, str]) -> Picture:
    """`names`: of the guests, by their keys."""
    count = max(size, len(keys), 1)
    around = [-pi / 2 + 2 * pi * number / count for number in range(count)]
    places = tuple(_place(key, angle, names[key]) for key, angle in zip(keys, around, strict=False))
    lines = [
        _line(one, other, problem.pairs[ordered(one.key, other.key)])
        for at, one in enumerate(places) for other in places[at + 1:] if ordered(one.key, other.key) in problem.pairs
    ]
    free = tuple((_at(angle, _ROUND, cos), _at(angle, _ROUND, sin)) for angle in around[len(keys):])
    return Picture(places, tuple(sorted(lines, key=lambda line: line.width)), free)


def _place(key: int, angle: float, name: str) -> Place:
    side = cos(angle)
    anchor = "mid" if abs(side) < 0.3 else "start" if side > 0 else "end"
    return Place(key, _at(angle, _ROUND, cos), _at(angle, _ROUND, sin), _at(angle, _NAMES, cos),
                 _at(angle, _NAMES, sin), anchor, name[:1].upper())


def _at(angle: float, distance: float, along: Callable[[float], float]) -> float:
    """How far from the left (`along`: cos) or from the top (sin)."""
    return round(SIDE / 2 + distance * along(angle), 1)


def _line(one: Place, other: Place, pair: Pair) -> Line:
    return Line(one.x, one.y, other.x, other.y, round(0.5 + 4 * pair.fit / 100, 1), pair.fit >= GOOD)

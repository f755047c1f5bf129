"""The picture of an edition, drawn from what is known of it: its words, and its tables with the seats taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil, cos, pi, sin, sqrt

from marketplace.events.models import Edition, Strand

WIDTH, HEIGHT = 1200, 630
"""What pages that link to a page show of it."""
SEATS = 8
MOST_TABLES = 30
LEFT, TOP, ROOM_WIDTH, ROOM_HEIGHT = 740, 84, 400, 462
"""Where on the picture the room with the tables is."""
TITLE_EMS, TITLE_LINES, LINE_EMS = 11.6, 4, 25.5
COLOURS = {
    Strand.POLICY: "#3f5a8a", Strand.PROCUREMENT: "#8a4b1f", Strand.ROADSHOW: "#7a3b69", Strand.FOUNDERS: "#8a3a3a",
    Strand.SCIENCE_MEETS_COMPANY: "#0f6e6e", Strand.EXPERT_FORUM: "#4a5a2a", Strand.BREAKFAST: "#8a5a00",
}
_PIECE = re.compile(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+")
_BEGINS_NO_LINE = frozenset("，。、：；！？）》」』”’…·")


@dataclass(frozen=True)
class Seat:
    x: float
    y: float
    taken: bool


@dataclass(frozen=True)
class Table:
    x: float
    y: float
    radius: float
    seat_radius: float
    seats: tuple[Seat, ...]


@dataclass(frozen=True)
class Cover:
    colour: str
    title: list[str]
    place: list[str]
    tables: list[Table]


def cover(edition: Edition, language: str) -> Cover:
    return Cover(COLOURS[edition.strand], wrapped(edition.in_language(language), TITLE_EMS, TITLE_LINES),
                 wrapped(edition.place.in_language(language), LINE_EMS, 2), tables(edition.capacity, edition.taken))


def tables(capacity: int, taken: int) -> list[Table]:
    """Round tables in a square; of a large hall, as many as can be told apart, taken in the same share."""
    count = ceil(capacity / SEATS)
    if count > MOST_TABLES:
        count, taken = MOST_TABLES, round(taken * MOST_TABLES * SEATS / capacity)
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    cell = min(ROOM_WIDTH / columns, ROOM_HEIGHT / rows, 200)
    left, top = LEFT + (ROOM_WIDTH - cell * columns) / 2, TOP + (ROOM_HEIGHT - cell * rows) / 2
    last = count - columns * (rows - 1)
    return [
        _table(left + (n % columns + 0.5 + (0 if n < columns * (rows - 1) else (columns - last) / 2)) * cell,
               top + (n // columns + 0.5) * cell, cell, min(SEATS, max(0, capacity - n * SEATS)),
               _sitting(taken, count, n))
        for n in range(count)
    ]


def _sitting(taken: int, count: int, number: int) -> int:
    """People spread over the tables evenly, as they do."""
    return taken // count + (number < taken % count)


def _table(x: float, y: float, cell: float, seats: int, sitting: int) -> Table:
    around = (2 * pi * n / max(seats, 1) - pi / 2 for n in range(seats))
    placed = tuple(Seat(round(x + 0.37 * cell * cos(at), 1), round(y + 0.37 * cell * sin(at), 1), n < sitting)
                   for n, at in enumerate(around))
    return Table(round(x, 1), round(y, 1), round(0.24 * cell, 1), round(0.075 * cell, 1), placed)


def wrapped(text: str, ems: float, most: int) -> list[str]:
    """Lines no wider than so many ems, at most so many; what does not fit ends in an ellipsis."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and _ems(lines[-1] + piece.rstrip()) > ems and piece not in _BEGINS_NO_LINE:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    lines = [line.strip() for line in lines if line.strip()]
    if len(lines) > most:
        last = lines[most - 1]
        while last and _ems(last + "…") > ems:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip() + "…"]
    return lines


def _ems(text: str) -> float:
    return sum(1.0 if "\u2e80" <= character <= "\uffef" else 0.56 for character in text)

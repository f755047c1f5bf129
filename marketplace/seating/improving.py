"""A seating made better by moves and swaps; worse ones are taken ever more seldom (simulated annealing)."""

from __future__ import annotations

import math
import time
from random import Random

from marketplace.seating.board import Board, Tables

_HOT, _WARM, _COLD = 60.0, 15.0, 3.0
"""A loss of so many points is taken with a chance of one in e: at first, at first when the seating is a good one
already (`again`), and at last."""
_MIXED = 250.0
"""At first in a further round: parting those who have sat together costs others their places."""
_AIMED = 0.6
"""How often somebody is sent to a table where a counterpart sits, and not just anywhere."""
_LOOK = 64
"""Tries between two looks at the clock."""


def improve(board: Board, tables: Tables, seconds: float, *, again: bool = False, seed: int = 1) -> Tables:
    """The best seating met within the time; never worse than what it began with, and fixed guests keep their table."""
    search = _Search(board, tables, Random(seed))  # noqa: S311 - nothing secret, and the same every time
    if len(search.free) < 2 or len(board.open) < 2:
        return tables
    hot = _WARM if again else _MIXED if board.problem.earlier else _HOT
    started = time.perf_counter()
    while (gone := (time.perf_counter() - started) / seconds if seconds > 0 else 1.0) < 1.0:
        heat = hot * (_COLD / hot) ** gone
        for _ in range(_LOOK):
            search.step(heat)
    return search.best


class _Search:
    def __init__(self, board: Board, tables: Tables, chance: Random) -> None:
        self.board, self.random = board, chance.random
        self.tables = [list(members) for members in tables]
        self.rest = [board.rest(table, members) for table, members in enumerate(self.tables)]
        self.where = [0] * board.people
        for table, members in enumerate(self.tables):
            for number in members:
                self.where[number] = table
        self.free = [number for number in range(board.people) if board.fixed[number] < 0]
        self.liked = [[other for other, points in enumerate(row) if points > 0] for row in board.points]
        self.now = self.most = board.worth(self.tables)
        self.best = [list(members) for members in self.tables]

    def step(self, heat: float) -> None:
        board, where, chosen = self.board, self.where, self.random
        one = self.free[int(chosen() * len(self.free))]
        liked = self.liked[one]
        if liked and chosen() < _AIMED:
            there = where[liked[int(chosen() * len(liked))]]
        else:
            there = board.open[int(chosen() * len(board.open))]
        here = where[one]
        if here == there:
            return
        members = self.tables[there]
        place = int(chosen() * board.sizes[there])
        other = members[place] if place < len(members) else -1
        if other >= 0 and board.fixed[other] >= 0:
            return
        self._try(one, other, here, there, heat)

    def _try(self, one: int, other: int, here: int, there: int, heat: float) -> None:
        """Change the places of two, or (with no other) send one to a free seat."""
        board, tables = self.board, self.tables
        row = board.points[one]
        left = [number for number in tables[here] if number != one]
        joined = [number for number in tables[there] if number != other]
        change = sum([row[number] for number in joined]) - sum([row[number] for number in left])
        if other >= 0:
            row = board.points[other]
            change += sum([row[number] for number in left]) - sum([row[number] for number in joined])
            left.append(other)
        joined.append(one)
        rest_here, rest_there = board.rest(here, left), board.rest(there, joined)
        change += rest_here + rest_there - self.rest[here] - self.rest[there]
        if change < 0 and self.random() >= math.exp(change / heat):
            return
        tables[here], tables[there] = left, joined
        self.rest[here], self.rest[there] = rest_here, rest_there
        self.where[one] = there
        if other >= 0:
            self.where[other] = here
        self.now += change
        if self.now > self.most:
            self.most, self.best = self.now, [list(members) for members in tables]

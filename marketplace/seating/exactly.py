"""A few tables (or all, when there are few) seated as well as can be proven, by CP-SAT."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from marketplace.seating.board import Board, Tables
from marketplace.seating.problem import CROWD, LEAST, NO_LEAD, SERVED, STAYED, TOO_SMALL, UNEVEN

_Sum = Any
"""A linear expression of the solver."""


@dataclass(frozen=True)
class Found:
    tables: Tables
    """As many as were given, in their order."""
    bound: int
    """These people at these tables cannot be worth more."""
    proven: bool


def reseat(board: Board, chosen: list[int], tables: Tables, seconds: float, workers: int) -> Found:
    """Seat the people of the chosen tables among these tables anew; never worse than they sit now."""
    model = _Model(board, chosen, [tables[table] for table in chosen])
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(seconds, 0.01)
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = 1
    status = solver.solve(model.model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Found([tables[table] for table in chosen], sys.maxsize, False)
    seated = [
        [number for number in model.people if solver.boolean_value(model.sits[number, table])] for table in chosen
    ]
    return Found(seated, math.floor(solver.best_objective_bound + 1e-6), status == cp_model.OPTIMAL)


class _Model:
    def __init__(self, board: Board, chosen: list[int], now: Tables) -> None:
        self.board, self.chosen, self.model = board, chosen, cp_model.CpModel()
        self.people = sorted(number for members in now for number in members)
        here = {number: table for table, members in zip(chosen, now, strict=True) for number in members}
        self.sits = {(number, table): self.model.new_bool_var("") for number in self.people for table in chosen}
        for (number, table), sits in self.sits.items():
            self.model.add_hint(sits, here[number] == table)
            if board.fixed[number] >= 0:
                self.model.add(sits == (board.fixed[number] == table))
        for number in self.people:
            self.model.add_exactly_one(self.sits[number, table] for table in chosen)
        self.together: dict[tuple[int, int, int], Any] = {}
        strict = not any(board.conflict(one, other) for members in now for one in members for other in members)
        worth = self._of_pairs(strict) + self._of_people()
        for table in chosen:
            worth += self._of_table(table)
        self.model.maximize(worth)

    def _of_pairs(self, strict: bool) -> _Sum:
        terms = []
        for place, one in enumerate(self.people):
            for other in self.people[:place]:
                points = self.board.points[one][other]
                for table in self.chosen if points else ():
                    a, b = self.sits[one, table], self.sits[other, table]
                    if strict and self.board.conflict(one, other):
                        self.model.add_at_most_one(a, b)
                        continue
                    both = self.model.new_bool_var("")
                    if points > 0:
                        self.model.add_implication(both, a)
                        self.model.add_implication(both, b)
                    else:
                        self.model.add_bool_or(~a, ~b, both)
                    self.together[one, other, table] = both
                    terms.append(points * both)
        return sum(terms)

    def _of_people(self) -> _Sum:
        terms = []
        for number in self.people:
            stays = self.sits.get((number, self.board.stays[number]))
            if stays is not None:
                terms.append(STAYED * stays)
            good = [other for other in self.people if self.board.good[number] >> other & 1]
            if not good:
                continue
            for table in self.chosen:
                served = self.model.new_bool_var("")
                self.model.add_implication(served, self.sits[number, table])
                self.model.add_bool_or(~served, *[self.sits[other, table] for other in good])
                terms.append(SERVED * served)
        return sum(terms)

    def _of_table(self, table: int) -> _Sum:
        board, size = self.board, self.board.sizes[table]
        sits = {number: self.sits[number, table] for number in self.people}
        count = sum(sits.values())
        self.model.add(count <= size)
        used = self.model.new_bool_var("")
        for sit in sits.values():
            self.model.add_implication(sit, used)
        if not board.scales.spare:
            self.model.add(used == 1)
        leaderless = self.model.new_bool_var("")
        self.model.add_bool_or(leaderless, ~used,
                               *[sits[number] for number in self.people if board.leads >> number & 1])
        terms = [-NO_LEAD * leaderless]
        for kind, fair in board.kinds:
            there = [sits[number] for number in self.people if kind >> number & 1]
            if len(there) > fair:
                crowd = self.model.new_int_var(0, size, "")
                self.model.add(crowd >= sum(there) - fair)
                terms.append(-CROWD * crowd)
        level = min(size, board.scales.level)
        for points, short in ((UNEVEN, level - count), (UNEVEN, count - level - 1),
                              (TOO_SMALL, min(level, LEAST) - count)):
            missing = self.model.new_int_var(0, len(self.people) + size, "")
            self.model.add(missing >= short).only_enforce_if(used)
            terms.append(-points * missing)
        return sum(terms)

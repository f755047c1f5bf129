"""What no seating of these people can be worth more than: a linear program in which two may sit together by halves,
made tighter wherever its answer contradicts itself."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from typing import Any

from marketplace.seating.board import Board
from marketplace.seating.problem import BROKEN, NO_LEAD, SERVED, STAYED, UNEVEN

_PER_GUEST = 5
"""Contradictions of one guest that are forbidden at a time."""
_CLEAR = 0.05
"""How much must be wrong before it is forbidden."""
_LONGEST = 4
"""So many times as long as the last round took the next may take: it is begun only while there is that much time."""


def upper_bound(board: Board, seconds: float) -> int:
    """Honest: every seating, found or not, is worth at most this. The more time, the closer."""
    end = time.perf_counter() + seconds
    loose = _by_guest(board)
    if seconds <= 0 or board.people < 3 or not board.open:
        return loose
    # The program knows only seatings in which no rule is broken; all others are worth at least this much less.
    return min(loose, max(_Relaxation(board).tightened(end), loose - BROKEN))


def _by_guest(board: Board) -> int:
    """Each guest with the best company a table has room for, whether or not the same people are promised to others."""
    most = max(0, max(board.sizes, default=0) - 1)
    twice = sum(
        sum(sorted((points for points in row if points > 0), reverse=True)[:most]) for row in board.points
    )
    return twice // 2 + _of_each(board)


def _of_each(board: Board) -> int:
    return sum(
        SERVED * bool(good) + STAYED * (stays in board.open)
        for good, stays in zip(board.good, board.stays, strict=True)
    )


class _Relaxation:
    def __init__(self, board: Board) -> None:
        from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]  # loaded where it is needed

        self.board, self.people = board, range(board.people)
        self.solver: Any = pywraplp.Solver.CreateSolver("GLOP")
        self.solver.SetSolverSpecificParametersAsString("use_dual_simplex: true")
        self.worth = self.solver.Objective()
        self.worth.SetMaximization()
        self.together: dict[tuple[int, int], Any] = {}
        most = max(board.sizes) - 1
        self.company = [self._at_most(most) for _ in self.people]
        self.kin: dict[tuple[int, int], Any] = {}
        self.led: dict[int, Any] = {}
        self.pairs = self.solver.Constraint(-self.solver.infinity(), self.solver.infinity())
        self._leads()
        self._sizes()
        for one in self.people:
            for other in range(one):
                lead_and_guest = (board.leads >> one ^ board.leads >> other) & 1
                if board.points[one][other] > 0 or lead_and_guest:
                    self._pair(one, other)
        self._served()

    def tightened(self, end: float) -> int:
        best, last = math.inf, 0.0
        while True:
            left = end - time.perf_counter()
            if best < math.inf and left < _LONGEST * last:
                break
            self.solver.SetTimeLimit(max(1, int(1000 * left)))
            since = time.perf_counter()
            if self.solver.Solve() != self.solver.OPTIMAL:
                break
            last = time.perf_counter() - since
            best = min(best, self.worth.Value())
            if not self._forbid():
                break
        return math.floor(best + 0.01) if best < math.inf else _by_guest(self.board)

    def _at_most(self, number: float) -> Any:
        return self.solver.Constraint(-self.solver.infinity(), number)

    def _variable(self, most: float, points: float) -> Any:
        variable = self.solver.NumVar(0.0, most, "")
        self.worth.SetCoefficient(variable, points)
        return variable

    def _pair(self, one: int, other: int) -> Any | None:
        """How much of these two sits together; None where nothing may."""
        if one < other:
            one, other = other, one
        board = self.board
        tables = {board.fixed[one], board.fixed[other]} - {-1}
        if board.conflict(one, other) or len(tables) > 1:
            return None
        if (one, other) not in self.together:
            share = self.together[one, other] = self._variable(1.0, board.points[one][other])
            self.pairs.SetCoefficient(share, 2)
            for here, there in ((one, other), (other, one)):
                self.company[here].SetCoefficient(share, 1)
                organisation = board.problem.guests[there].organisation
                if organisation is not None:  # of one organisation at most one sits at a table
                    if (here, organisation) not in self.kin:
                        self.kin[here, organisation] = self._at_most(1)
                    self.kin[here, organisation].SetCoefficient(share, 1)
                if here in self.led and board.leads >> there & 1:
                    self.led[here].SetCoefficient(share, 1)
        return self.together[one, other]

    def _leads(self) -> None:
        """Everybody sits with a host or broker, or at one of the tables without, which cost something."""
        board = self.board
        without = self._variable(len(board.open), -NO_LEAD)
        if not board.scales.spare:
            without.SetLb(max(0, len(board.open) - board.leads.bit_count()))
        seats = self.solver.Constraint(0, self.solver.infinity())
        seats.SetCoefficient(without, max(board.sizes))
        for number in self.people:
            if not board.leads >> number & 1:
                alone = self._variable(1.0, 0)
                self.led[number] = self.solver.Constraint(1, self.solver.infinity())
                self.led[number].SetCoefficient(alone, 1)
                seats.SetCoefficient(alone, -1)

    def _sizes(self) -> None:
        """Larger tables make more pairs, and leave others too small, which costs something."""
        board = self.board
        sizes, level, tables = {board.sizes[table] for table in board.open}, board.scales.level, len(board.open)
        if len(sizes) != 1 or board.scales.spare:
            return
        more = 2 * level - 1 + max(0, sizes.pop() - level)
        missing = self._variable(float(board.people), -UNEVEN)
        self.pairs.SetCoefficient(missing, -(more - level + 1))
        self.pairs.SetUb(tables * level * (level - 1) + (board.people - tables * level) * more)

    def _served(self) -> None:
        stays = sum(STAYED * (table in self.board.open) for table in self.board.stays)
        self._variable(1.0, stays)
        for number, good in enumerate(self.board.good):
            shares = [self._pair(number, other) for other in self.people if good >> other & 1]
            if not shares:
                continue
            served = self._variable(1.0, SERVED)
            any_of_them = self.solver.Constraint(0, self.solver.infinity())
            any_of_them.SetCoefficient(served, -1)
            for share in filter(None, shares):
                any_of_them.SetCoefficient(share, 1)

    def _forbid(self) -> bool:
        """Whoever sits with two others has these two sit together: forbid what says otherwise."""
        shares = {pair: share.solution_value() for pair, share in self.together.items()}
        company: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for (one, other), share in shares.items():
            if share > _CLEAR:
                company[one].append((share, other))
                company[other].append((share, one))
        found = False
        for middle, others in company.items():
            wrong = []
            for place, (share, one) in enumerate(others):
                for also, other in others[:place]:
                    excess = share + also - 1
                    if excess > _CLEAR:
                        excess -= shares.get((max(one, other), min(one, other)), 0.0)
                        if excess > _CLEAR:
                            wrong.append((excess, one, other))
            for _, one, other in sorted(wrong, reverse=True)[:_PER_GUEST]:
                found = True
                self._triangle(middle, one, other)
        return found

    def _triangle(self, middle: int, one: int, other: int) -> None:
        constraint = self._at_most(1)
        constraint.SetCoefficient(self._pair(middle, one), 1)
        constraint.SetCoefficient(self._pair(middle, other), 1)
        share = self._pair(one, other)
        if share is not None:
            constraint.SetCoefficient(share, -1)

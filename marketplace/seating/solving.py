"""Everybody seated as well as can be found within a time: greedy, then local search, then CP-SAT over a few tables at a
time, again and again; a small room is given to it as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import combinations
from random import Random

from marketplace.seating.board import Board, Tables
from marketplace.seating.bounds import upper_bound
from marketplace.seating.greedy import completed, seated
from marketplace.seating.improving import improve
from marketplace.seating.problem import Plan, Problem, Solution
from marketplace.seating.rules import refuse_impossible
from marketplace.seating.worth import value

WORKERS = 2
_SEARCHED, _BOUNDED = 0.45, 0.85
"""Shares of the time: for local search, the rest of which is CP-SAT's; and for the bound, which is sought meanwhile."""
_LOADED = 0.3
"""With fewer seconds left it is not worth loading OR-tools."""
_SMALL = 48
"""Up to so many guests times tables the room is first given to CP-SAT as a whole."""
_SLICE = 0.5
"""Seconds for two tables at most; they take some 20 ms."""
_SHAKEN = 1.0
"""Seconds of local search between two times that all tables, two by two, have been seated anew."""


def solve(problem: Problem, seconds: float, start: Plan | None = None) -> Solution:
    """The best seating found within so many seconds, never worse than `start` nor than the greedy one.

    `start` may be of other people: who is gone is left out, and who is new gets the best free seat.
    """
    refuse_impossible(problem)
    began = time.perf_counter()
    left = _clock(began + seconds)
    board = Board(problem)
    tables = _first(board, start)
    bound = upper_bound(board, 0)
    if board.people * len(board.open) <= _SMALL and board.worth(tables) < bound:
        tables, bound = _proven(board, tables, bound, left() * _SEARCHED)
    if board.worth(tables) < bound:
        with ThreadPoolExecutor(1) as aside:  # the linear program needs a core, and the search another
            bounding = aside.submit(upper_bound, board, left() * _BOUNDED)
            tables = improve(board, tables, left() * _SEARCHED, again=start is not None)
            tables = _polished(board, tables, bounding, left)
            bound = min(bound, bounding.result())
    plan = board.to_plan(tables)
    worth = value(problem, plan)
    return Solution(plan, worth, bound, worth.total >= bound, time.perf_counter() - began)


def _first(board: Board, start: Plan | None) -> Tables:
    """The better of the greedy seating and the given one."""
    quick = seated(board)
    if start is None:
        return quick
    return max(completed(board, start), quick, key=board.worth)


def _proven(board: Board, tables: Tables, bound: int, seconds: float) -> tuple[Tables, int]:
    """The whole room given to CP-SAT, and what it has proven of it."""
    from marketplace.seating.exactly import reseat  # OR-tools take half a second to load, and few processes need them

    tables = list(tables)
    found = reseat(board, board.open, tables, seconds, WORKERS)
    _put(board, tables, board.open, found.tables)
    return tables, min(bound, found.bound)


def _polished(board: Board, tables: Tables, bounding: Future[int], left: Callable[[], float]) -> Tables:
    """Every two tables seated anew by CP-SAT until the time is over; then all is shaken, and once more."""
    tables = list(tables)
    if left() < _LOADED:
        return tables
    from marketplace.seating.exactly import reseat

    shaken, random = list(tables), Random(1)  # noqa: S311 - nothing secret, and the same every time
    done: set[frozenset[int]] = set()
    while left() > 0.1 and not (bounding.done() and board.worth(tables) >= bounding.result()):
        for chosen in _chosen(board, shaken, random):
            people = frozenset(number for table in chosen for number in shaken[table])
            if people in done or left() < 0.05:
                continue
            found = reseat(board, chosen, shaken, min(_SLICE, left()), 1)
            _put(board, shaken, chosen, found.tables)
            done.add(people)
        if board.worth(shaken) > board.worth(tables):
            tables = list(shaken)
        shaken = improve(board, tables, min(_SHAKEN, left()), again=True, seed=len(done))
        if board.worth(shaken) > board.worth(tables):
            tables = list(shaken)
    return tables


def _put(board: Board, tables: Tables, chosen: list[int], anew: Tables) -> None:
    """Take the new tables if they are worth more."""
    before = sum(board.of_table(table, tables[table]) for table in chosen)
    if sum(board.of_table(table, members) for table, members in zip(chosen, anew, strict=True)) > before:
        for table, members in zip(chosen, anew, strict=True):
            tables[table] = members


def _chosen(board: Board, tables: Tables, random: Random) -> list[list[int]]:
    """Every two tables, first those whose people have most to give to each other."""
    pull = {
        (one, other): random.random() * (1 + sum(
            max(0, board.points[first][second]) for first in tables[one] for second in tables[other]))
        for one, other in combinations(board.open, 2)
    }
    return [list(two) for two in sorted(pull, key=pull.__getitem__, reverse=True)]


def _clock(end: float) -> Callable[[], float]:
    return lambda: max(0.0, end - time.perf_counter())

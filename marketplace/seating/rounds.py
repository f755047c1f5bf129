"""Tables mixed anew two to four times in one evening: hosts keep their tables, and no two sit together twice if it can
be helped."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from marketplace.seating.problem import MOST_ROUNDS, Plan, Problem, Solution, ordered
from marketplace.seating.solving import solve


def rounds(problem: Problem, count: int, seconds: float) -> list[Solution]:
    """So many seatings one after the other, in so many seconds altogether."""
    if not 1 <= count <= MOST_ROUNDS:
        raise ValueError(f"one to {MOST_ROUNDS} rounds, not {count}")
    found: list[Solution] = []
    for _ in range(count):
        found.append(solve(problem, seconds / count))
        problem = next_round(problem, found[-1].plan)
    return found


def next_round(problem: Problem, plan: Plan) -> Problem:
    """The same evening after this round: who has sat together, and one host or broker who stays at each table."""
    together = {ordered(one, other) for keys in plan for one, other in combinations(keys, 2)}
    return replace(led_as_in(problem, plan), earlier=problem.earlier | together, before={})


def led_as_in(problem: Problem, plan: Plan) -> Problem:
    """With one host or broker of each table put there again; not where somebody has been put by hand."""
    leads = {guest.key for guest in problem.guests if guest.leads} - problem.fixed.keys()
    tables = set(range(len(plan))).difference(problem.fixed.values())
    hosts = {min(leads.intersection(plan[table])): table for table in tables if leads.intersection(plan[table])}
    return replace(problem, fixed={**hosts, **problem.fixed})


def again(problem: Problem, plan: Plan) -> list[tuple[int, int]]:
    """Who sits together although they did so in an earlier round."""
    return [
        (one, other) for keys in plan for one, other in combinations(sorted(keys), 2) if (one, other) in problem.earlier
    ]


def fewest_again(people: int, tables: int) -> int:
    """How many pairs must meet again in the second round of so many people, however they are seated: with fewer tables
    than seats at a table, some of each table come from the same one.

    >>> fewest_again(40, 5), fewest_again(64, 8)
    (15, 0)
    """
    return sum(_pairs(size, tables) for size in _spread(people, tables))


def _pairs(people: int, tables: int) -> int:
    return sum(size * (size - 1) // 2 for size in _spread(people, tables))


def _spread(people: int, groups: int) -> list[int]:
    return [people // groups + (number < people % groups) for number in range(groups)]

"""Evenings seated in the time they may take: what greedy makes of them, what we do, and what nobody can surpass."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from importlib import import_module

from marketplace.seating.greedy import greedy
from marketplace.seating.meeting_slots import Day, Person, arrange
from marketplace.seating.problem import Guest, Pair, Plan, Problem, ordered
from marketplace.seating.rounds import again, fewest_again, next_round, rounds
from marketplace.seating.solving import solve
from marketplace.seating.worth import broken, value

ROOMS = ((40, 5, 2.0), (200, 25, 20.0))
"""People, tables, seconds it may take."""
SEEDS = (1, 2, 3)
FIELDS = 9
KINDS = {"company": 50, "institute": 30, "service": 8, "investor": 7, "authority": 5}
_SPARE = 0.95
"""Of the seconds, what the search is given; the rest is for making ready and for what else the machine does."""


def measure() -> None:
    began = time.perf_counter()
    for module in ("ortools.sat.python.cp_model", "ortools.linear_solver.pywraplp"):
        import_module(module)
    print(f"\nOR-tools loaded in {time.perf_counter() - began:.1f} s, once a process")
    for people, tables, most in ROOMS:
        print(f"\n{people} people at {tables} tables, at most {most:g} s")
        for seed in SEEDS:
            _seat(evening(people, tables, seed), seed, most)
    _rounds(evening(64, 8, 1), 3, 6.0)
    _talks(100, 12, 6.0)


def _seat(problem: Problem, seed: int, most: float) -> None:
    began = time.perf_counter()
    quick = greedy(problem)
    taken = time.perf_counter() - began
    began = time.perf_counter()
    found = solve(problem, most * _SPARE)
    seconds = time.perf_counter() - began
    first, ours = value(problem, quick).total, found.value.total
    could = len({key for pair, fit in problem.pairs.items() if fit.fit >= problem.good for key in pair})
    reached = "reached" if seconds <= most and ours > first else "NOT reached"
    print(f"  evening {seed}: greedy {first:,} in {taken:.2f} s ({_served(problem, quick)} with a good counterpart); "
          f"ours {ours:,} in {seconds:.2f} s ({_served(problem, found.plan)} of {could}); bound {found.bound:,}"
          f"{', proven' if found.proven else ''}; ours / bound {ours / found.bound:.1%} ({reached})")
    parts = ", ".join(f"{name} {points:,}" for name, points in found.value.parts().items() if points)
    print(f"    {parts}; rules broken: {len(broken(problem, found.plan))} (greedy {len(broken(problem, quick))})")


def _rounds(problem: Problem, count: int, seconds: float) -> None:
    began = time.perf_counter()
    found = rounds(problem, count, seconds)
    taken, repeats, now = time.perf_counter() - began, [], problem
    for solution in found:
        repeats.append(len(again(now, solution.plan)))
        now = next_round(now, solution.plan)
    people, tables = len(problem.guests), len(problem.sizes)
    print(f"\n{count} rounds of {people} people at {tables} tables in {taken:.1f} s: worth "
          f"{', '.join(f'{one.value.total:,}' for one in found)}; pairs that met again {repeats} "
          f"(at least {fewest_again(people, tables)} in the second)")


def _talks(people: int, slots: int, seconds: float) -> None:
    chance = random.Random(1)
    guests = range(people)
    day = Day([
        Person(key, key // 2, frozenset(chance.sample(range(slots), chance.randint(slots // 2, slots))),
               frozenset(chance.sample(guests, 6)), frozenset(chance.sample(guests, chance.choice([0, 0, 1]))),
               frozenset(chance.sample(guests, chance.choice([0, 0, 0, 2]))), 6)
        for key in guests
    ], people // 4)
    found = arrange(day, seconds)
    must = sum(unmet.must for unmet in found.unmet)
    print(f"\ntalks of two: {people} people, {slots} times, {day.places} places: {len(found.talks)} talks, "
          f"{len(found.unmet)} wishes unmet ({must} that must be), worth {found.value:,}, bound {found.bound:,}"
          f"{', proven' if found.proven else ''}, {found.seconds:.1f} s")


def evening(people: int, tables: int, seed: int) -> Problem:
    """One host a table; organisations of several fields, one to three people each, companies with needs and institutes
    with results that mostly fit within a field; wishes, exclusions, and twelve weeks of who has met whom."""
    chance = random.Random(seed)
    guests = [Guest(key, None, "agency", leads=True) for key in range(tables)]
    fields: dict[int, int] = {}
    organisation = 0
    while len(guests) < people:
        organisation += 1
        kind = chance.choices([*KINDS], [*KINDS.values()])[0]
        fields[organisation] = chance.randrange(FIELDS)
        for _ in range(chance.choice([1, 1, 2, 2, 3])):
            if len(guests) < people:
                guests.append(Guest(len(guests), organisation, kind))
    numbers = range(1, organisation + 1)
    guests = [guest if guest.leads else _with_wishes(guest, chance, numbers) for guest in guests]
    met = dict.fromkeys((ordered(*chance.sample(range(people), 2)) for _ in range(people * 5)), 1)
    return Problem(guests, (8,) * tables, dict(_fits(chance, guests, fields)), met)


def _with_wishes(guest: Guest, chance: random.Random, numbers: range) -> Guest:
    wants = frozenset(chance.sample(numbers, chance.choice([0, 0, 0, 1, 2])))
    avoids = frozenset(chance.sample(numbers, chance.choice([0, 0, 0, 0, 0, 1, 2]))) - wants
    return Guest(guest.key, guest.organisation, guest.kind, wants=wants, avoids=avoids)


def _fits(chance: random.Random, guests: list[Guest], fields: dict[int, int]) -> Iterator[tuple[tuple[int, int], Pair]]:
    scores: dict[tuple[int, int], float] = {}
    for place, one in enumerate(guests):
        for other in guests[:place]:
            a, b = one.organisation, other.organisation
            if a is None or b is None or {one.kind, other.kind} != {"company", "institute"}:
                continue
            if (a, b) not in scores:
                mean, spread = (55, 17) if fields[a] == fields[b] else (22, 10)
                scores[a, b] = min(99.0, max(0.0, chance.gauss(mean, spread)))
            if scores[a, b] >= 30:
                yield ordered(one.key, other.key), Pair(scores[a, b])


def _served(problem: Problem, plan: Plan) -> int:
    return value(problem, plan).served // 100

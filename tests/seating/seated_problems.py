"""Small evenings for tests: any of them, and some that can be read."""

from __future__ import annotations

import random
from itertools import combinations

from hypothesis import strategies as st

from marketplace.seating.problem import Guest, Pair, Plan, Problem

KINDS = ("company", "institute", "investor")


@st.composite
def problems(draw: st.DrawFn, people: int = 12) -> Problem:
    """Enough seats, up to four tables, and a little of everything that speaks for or against two at one table."""
    count = draw(st.integers(1, people))
    tables = draw(st.integers(1, 4))
    sizes = [draw(st.integers(2, 5)) for _ in range(tables)]
    while sum(sizes) < count:
        sizes.append(4)
    organisations = st.integers(1, max(3, count))
    some = st.frozensets(organisations, max_size=2)
    guests = [
        Guest(key, draw(st.none() | organisations), draw(st.sampled_from(KINDS)), draw(st.booleans()), draw(some),
              draw(st.just(frozenset()) | some))
        for key in range(10, 10 + count)
    ]
    pairs = list(combinations([guest.key for guest in guests], 2))
    chosen = st.sampled_from(pairs) if pairs else st.nothing()
    fits = draw(st.dictionaries(chosen, st.floats(0, 100).map(Pair), max_size=20)) if pairs else {}
    met = draw(st.dictionaries(chosen, st.integers(1, 3), max_size=6)) if pairs else {}
    earlier = draw(st.frozensets(chosen, max_size=4)) if pairs else frozenset()
    before = {guest.key: draw(st.integers(0, len(sizes) - 1)) for guest in guests if draw(st.booleans())}
    return Problem(guests, tuple(sizes), fits, met, {}, before, earlier)


@st.composite
def seatings(draw: st.DrawFn) -> tuple[Problem, Plan]:
    """A problem and anything somebody might make of it by hand, rules broken included."""
    problem = draw(problems())
    tables: list[list[int]] = [[] for _ in problem.sizes]
    for guest in problem.guests:
        tables[draw(st.integers(0, len(tables) - 1))].append(guest.key)
    return problem, tuple(map(tuple, tables))


def company(key: int, organisation: int | None = None, **more: object) -> Guest:
    return Guest(key, organisation or key, "company", **more)  # type: ignore[arg-type]


def companies(count: int) -> list[Guest]:
    return [company(key) for key in range(1, count + 1)]


def an_evening(people: int, tables: int, seed: int = 1) -> Problem:
    """Hosts, institutes with results, companies with needs, some who would not sit together, some who have met."""
    chance = random.Random(seed)
    guests = [Guest(key, None, "agency", leads=True) for key in range(tables)]
    for key in range(tables, people):
        guests.append(Guest(key, chance.randrange(people * 2 // 3), chance.choice(["company", "institute"]),
                            wants=frozenset(chance.sample(range(people), chance.choice([0, 0, 2]))),
                            avoids=frozenset(chance.sample(range(people), chance.choice([0, 0, 1])))))
    pairs = {(one.key, other.key): Pair(chance.uniform(20, 95)) for one, other in combinations(guests[tables:], 2)
             if one.kind != other.kind and chance.random() < 0.25}
    met = {tuple(sorted(chance.sample(range(people), 2))): 1 for _ in range(people)}
    return Problem(guests, (8,) * tables, pairs, met)  # type: ignore[arg-type]

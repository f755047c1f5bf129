from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from seated_problems import an_evening, companies, company, problems

from marketplace.seating.board import Board
from marketplace.seating.bounds import upper_bound
from marketplace.seating.exactly import reseat
from marketplace.seating.greedy import completed, greedy, seated
from marketplace.seating.improving import improve
from marketplace.seating.problem import Guest, Pair, Plan, Problem, table_of
from marketplace.seating.solving import solve
from marketplace.seating.worth import broken, value

pytestmark = pytest.mark.once
CALM = settings(max_examples=40, deadline=None)


def everybody_sits_once(problem: Problem, plan: Plan) -> bool:
    seated_ = sorted(key for keys in plan for key in keys)
    return seated_ == sorted(guest.key for guest in problem.guests) and all(
        len(keys) <= size for keys, size in zip(plan, problem.sizes, strict=True))


def all_plans(problem: Problem) -> Iterator[Plan]:
    def put(waiting: list[int], tables: tuple[tuple[int, ...], ...]) -> Iterator[Plan]:
        if not waiting:
            yield tables
            return
        for table, keys in enumerate(tables):
            if len(keys) < problem.sizes[table]:
                yield from put(waiting[1:], (*tables[:table], (*keys, waiting[0]), *tables[table + 1:]))
    yield from put([guest.key for guest in problem.guests], ((),) * len(problem.sizes))


@given(problems())
@CALM
def test_greedy_seats_everybody_once_and_no_table_is_too_full(problem: Problem) -> None:
    assert everybody_sits_once(problem, greedy(problem))


@given(problems())
@CALM
def test_local_search_never_makes_it_worse_and_seats_everybody_once(problem: Problem) -> None:
    board = Board(problem)
    first = seated(board)
    better = improve(board, first, 0.01)
    assert everybody_sits_once(problem, board.to_plan(better))
    assert board.worth(better) >= board.worth(first)
    assert value(problem, board.to_plan(better)).total == board.worth(better)


@given(problems(people=6))
@settings(max_examples=25, deadline=None)
def test_nothing_surpasses_the_bound_and_cp_sat_finds_the_best(problem: Problem) -> None:
    best = max(value(problem, plan).total for plan in all_plans(problem))
    board = Board(problem)
    assert best <= upper_bound(board, 0.2)
    assert best <= upper_bound(board, 0)
    found = reseat(board, board.open, seated(board), 5, 1)
    assert found.proven
    assert (board.worth(found.tables), found.bound) == (best, best)


@given(problems(people=6))
@settings(max_examples=10, deadline=None)
def test_a_small_room_is_solved_and_proven(problem: Problem) -> None:
    found = solve(problem, 20)
    assert found.proven
    assert found.value.total == found.bound == max(value(problem, plan).total for plan in all_plans(problem))


def test_a_seating_is_better_than_greedy_and_not_above_the_bound() -> None:
    problem = an_evening(40, 5)
    found = solve(problem, 1.5)
    assert everybody_sits_once(problem, found.plan)
    assert value(problem, greedy(problem)).total < found.value.total <= found.bound
    assert found.value == value(problem, found.plan)
    assert not broken(problem, found.plan)
    assert found.seconds < 4


def test_each_table_has_a_host_while_there_are_enough() -> None:
    found = solve(an_evening(40, 5), 0.5)
    assert found.value.leads == 0
    assert sorted(min(keys) for keys in found.plan) == [0, 1, 2, 3, 4]


def test_a_company_sits_with_the_institute_that_can_help_it() -> None:
    guests = [*companies(7), Guest(8, 8, "institute")]
    problem = Problem(guests, (4, 4), {(3, 8): Pair(88.0, "N-2026-000123", "R-2026-000045")})
    where = table_of(solve(problem, 0.5).plan)
    assert where[3] == where[8]


def test_whom_a_person_has_put_at_a_table_stays_there() -> None:
    problem = an_evening(24, 3)
    put = Problem(problem.guests, problem.sizes, problem.pairs, problem.met, fixed={5: 2, 6: 0})
    where = table_of(solve(put, 0.5).plan)
    assert (where[5], where[6]) == (2, 0)


def test_tables_that_work_are_kept_when_three_stay_away_and_one_comes_unannounced() -> None:
    problem = an_evening(40, 5)
    before = solve(problem, 2).plan
    there = [guest for guest in problem.guests if guest.key not in (11, 22, 33)] + [company(99)]
    now = Problem(there, problem.sizes, problem.pairs, problem.met, before=table_of(before))
    found = solve(now, 2, start=before)
    assert everybody_sits_once(now, found.plan)
    after, was = table_of(found.plan), table_of(before)
    assert sum(after[key] == was[key] for key in after if key != 99) >= 30


def test_a_start_of_other_people_is_completed() -> None:
    problem = Problem(companies(6), (4, 4), fixed={6: 0})
    board = Board(problem)
    tables = completed(board, ((1, 2, 77, 3, 4), (1, 6)))
    assert everybody_sits_once(problem, board.to_plan(tables))
    assert table_of(board.to_plan(tables))[6] == 0


def test_solving_again_is_never_worse_than_what_there_was() -> None:
    problem = an_evening(40, 5)
    first = solve(problem, 1)
    assert solve(problem, 0.1, start=first.plan).value.total >= first.value.total


def test_one_table_and_one_guest_and_nobody_can_be_seated() -> None:
    assert solve(Problem(companies(3), (4,)), 0.2).plan == ((1, 2, 3),)
    assert solve(Problem(companies(1), (4,)), 0.2).plan == ((1,),)
    assert solve(Problem([], (4,)), 0.2).plan == ((),)
    assert solve(Problem([], ()), 0.2).plan == ()


def test_a_closed_table_stays_empty() -> None:
    found = solve(Problem(companies(8), (4, 0, 4)), 0.3)
    assert [len(keys) for keys in found.plan] == [4, 0, 4]


def test_tables_nobody_needs_stay_empty_and_those_where_most_sit_are_kept() -> None:
    guests = [*companies(11), *(Guest(key, None, "agency", leads=True) for key in (12, 13, 14))]
    before = dict.fromkeys(range(1, 6), 4) | dict.fromkeys(range(6, 10), 1) | {10: 0, 11: 2, 12: 3}
    found = solve(Problem(guests, (8,) * 5, before=before), 0.5)
    assert sorted(len(keys) for keys in found.plan) == [0, 0, 4, 5, 5]
    assert found.plan[1] and found.plan[4]


def test_people_are_spread_evenly() -> None:
    assert sorted(len(keys) for keys in solve(Problem(companies(18), (8, 8, 8)), 0.3).plan) == [6, 6, 6]


def test_all_of_one_organisation_are_seated_all_the_same() -> None:
    problem = Problem([company(key, 1) for key in range(1, 9)], (4, 4))
    found = solve(problem, 0.3)
    assert everybody_sits_once(problem, found.plan)
    assert len(broken(problem, found.plan)) == 12

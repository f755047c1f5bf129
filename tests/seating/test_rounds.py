from __future__ import annotations

import pytest
from seated_problems import an_evening, companies, company

from marketplace.seating.problem import Guest, Pair, Problem, table_of
from marketplace.seating.rounds import again, fewest_again, next_round, rounds
from marketplace.seating.solving import solve

pytestmark = pytest.mark.once


def test_no_two_sit_together_twice_where_tables_are_many_enough() -> None:
    problem = Problem([Guest(key, None, "company") for key in range(16)], (4,) * 4)
    first, second = rounds(problem, 2, 3)
    after = next_round(problem, first.plan)
    assert again(after, second.plan) == []


def test_with_few_tables_no_more_sit_together_again_than_must() -> None:
    problem = an_evening(24, 3)
    first, second = rounds(problem, 2, 4)
    assert len(again(next_round(problem, first.plan), second.plan)) <= fewest_again(24, 3) + 4


def test_hosts_keep_their_tables() -> None:
    problem = an_evening(24, 3)
    first, second = rounds(problem, 2, 1)
    hosts = {guest.key for guest in problem.guests if guest.leads}
    before, after = table_of(first.plan), table_of(second.plan)
    assert {key: before[key] for key in hosts} == {key: after[key] for key in hosts}


def test_who_has_met_a_counterpart_meets_another_in_the_next_round() -> None:
    guests = [*companies(3), *[Guest(key, key, "institute") for key in (4, 5, 6, 7, 8)]]
    problem = Problem(guests, (4, 4), {(1, 4): Pair(90.0), (1, 5): Pair(70.0)}, earlier=frozenset({(1, 4)}))
    where = table_of(solve(problem, 0.5).plan)
    assert where[1] == where[5] != where[4]


def test_so_many_must_meet_again_in_a_second_round() -> None:
    assert fewest_again(24, 3) == 21  # of each eight, three and three and two come from the same table
    assert fewest_again(64, 8) == 0


def test_there_are_one_to_four_rounds() -> None:
    for count in (0, 5):
        with pytest.raises(ValueError, match="one to 4"):
            rounds(Problem([company(1)], (4,)), count, 1)

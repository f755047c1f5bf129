from __future__ import annotations

import pytest
from hypothesis import given, settings
from seated_problems import companies, company, problems

from marketplace.seating.explaining import Because, explain
from marketplace.seating.greedy import greedy
from marketplace.seating.problem import Guest, Pair, Problem

pytestmark = pytest.mark.once


def why(problem: Problem, plan: tuple[tuple[int, ...], ...], key: int) -> list[Because]:
    return [reason.because for reason in explain(problem, plan)[key]]


def test_a_seat_is_explained_by_the_need_and_the_result_the_strongest_first() -> None:
    guests = [company(1, wants=frozenset({3})), company(2), company(3)]
    problem = Problem(guests, (4,), {(1, 2): Pair(80.0, "N-2026-000123", "R-2026-000045"), (1, 3): Pair(30.0)})
    first, asked, weaker = explain(problem, ((1, 2, 3),))[1]
    assert (first.because, first.other, first.points) == (Because.FIT, 2, 64)
    assert first.pair == Pair(80.0, "N-2026-000123", "R-2026-000045")
    assert (asked.because, asked.other) == (Because.ASKED, 3)
    assert (weaker.because, weaker.points) == (Because.FIT, 9)
    assert Because.ASKED_FOR in why(problem, ((1, 2, 3),), 3)


def test_a_good_counterpart_at_another_table_is_not_hidden() -> None:
    problem = Problem(companies(4), (2, 2), {(1, 2): Pair(80.0)})
    [reason] = explain(problem, ((1, 3), (2, 4)))[1]
    assert (reason.because, reason.count) == (Because.ELSEWHERE, 1)


def test_whoever_leads_was_put_there_or_stayed_is_told_so() -> None:
    problem = Problem([Guest(1, 1, "agency", leads=True), *companies(4)[1:]], (4,), fixed={2: 0}, before={3: 0})
    assert why(problem, ((1, 2, 3, 4),), 1) == [Because.LEADS]
    assert why(problem, ((1, 2, 3, 4),), 2)[0] is Because.PUT
    assert why(problem, ((1, 2, 3, 4),), 3)[0] is Because.STAYED


@given(problems())
@settings(max_examples=40, deadline=None)
def test_nobody_is_without_a_reason(problem: Problem) -> None:
    assert all(reasons for reasons in explain(problem, greedy(problem)).values())

from __future__ import annotations

import pytest
from hypothesis import given, settings
from seated_problems import companies, company, problems

from marketplace.seating.greedy import greedy
from marketplace.seating.problem import Guest, Problem
from marketplace.seating.rules import CannotSeat, Contradicts, contradictions
from marketplace.seating.solving import solve

pytestmark = pytest.mark.once


def kinds(problem: Problem) -> list[Contradicts]:
    return [one.kind for one in contradictions(problem) if one.kind is not Contradicts.TOO_FEW_LEADS]


def test_more_people_than_seats_are_said_and_nobody_is_seated() -> None:
    problem = Problem(companies(9), (4, 4))
    [first, *_] = contradictions(problem)
    assert (first.kind, first.count, first.room, first.blocks) == (Contradicts.TOO_MANY, 9, 8, True)
    with pytest.raises(CannotSeat) as refused:
        solve(problem, 0.1)
    assert refused.value.contradictions == [first]
    with pytest.raises(CannotSeat):
        greedy(problem)


def test_who_excludes_whom_is_named_when_they_cannot_all_be_kept_apart() -> None:
    guests = [company(1, avoids=frozenset({2, 3})), company(2), company(3, avoids=frozenset({2})), *companies(8)[3:]]
    [found] = [one for one in contradictions(Problem(guests, (4, 4))) if one.kind is Contradicts.EXCLUSIONS]
    assert found.guests == (1, 2, 3)
    assert found.excludes == ((1, 2), (1, 3), (3, 2))
    assert found.room == 2
    assert not found.blocks


def test_exclusions_that_can_be_kept_are_no_contradiction() -> None:
    guests = [company(1, avoids=frozenset({2, 3})), company(2), company(3, avoids=frozenset({2})), *companies(8)[3:]]
    assert kinds(Problem(guests, (4, 4, 4))) == []


def test_one_table_cannot_keep_two_apart() -> None:
    [found] = [one for one in contradictions(Problem([company(1, avoids=frozenset({2})), company(2)], (4,)))
               if one.kind is Contradicts.ONE_TABLE]
    assert (found.guests, found.excludes) == ((1, 2), ((1, 2),))


def test_all_of_one_organisation_is_said_once() -> None:
    assert kinds(Problem([company(key, 1) for key in range(1, 9)], (4, 4))) == [Contradicts.ONE_ORGANISATION]


def test_an_organisation_with_more_people_than_tables_is_said_once() -> None:
    problem = Problem([*companies(5), company(6, 9), company(7, 9), company(8, 9)], (4, 4))
    assert kinds(problem) == [Contradicts.ORGANISATION_TOO_LARGE]
    found = next(one for one in contradictions(problem) if one.kind is Contradicts.ORGANISATION_TOO_LARGE)
    assert (found.organisation, found.guests, found.count, found.room) == (9, (6, 7, 8), 3, 2)


def test_two_put_at_one_table_who_exclude_each_other_are_said() -> None:
    problem = Problem([company(1, avoids=frozenset({2})), *companies(8)[1:]], (4, 4), fixed={1: 0, 2: 0})
    [found] = [one for one in contradictions(problem) if one.kind is Contradicts.FIXED_APART]
    assert (found.guests, found.table, found.excludes) == ((1, 2), 0, ((1, 2),))
    solve(problem, 0.1)


def test_guests_put_at_a_table_that_is_not_there_or_too_small_block() -> None:
    assert kinds(Problem(companies(3), (4, 0), fixed={1: 1})) == [Contradicts.FIXED_NOWHERE]
    assert kinds(Problem(companies(6), (4, 4), fixed=dict.fromkeys(range(1, 6), 0))) == [Contradicts.FIXED_TOO_MANY]
    with pytest.raises(CannotSeat):
        solve(Problem(companies(3), (4,), fixed={1: 5}), 0.1)


def test_a_guest_put_somewhere_who_does_not_come_is_forgotten() -> None:
    assert kinds(Problem(companies(3), (4,), fixed={99: 5})) == []
    assert solve(Problem(companies(3), (4,), fixed={99: 5}), 0.1).plan == ((1, 2, 3),)


def test_wishing_for_whom_one_excludes_is_said() -> None:
    guests = [company(1, wants=frozenset({2}), avoids=frozenset({2})), *companies(4)[1:]]
    assert Contradicts.WANTS_AND_AVOIDS in kinds(Problem(guests, (4, 4)))


def test_too_few_hosts_are_said() -> None:
    guests = [Guest(1, None, "agency", leads=True), *companies(8)[1:]]
    [found] = contradictions(Problem(guests, (4, 4)))
    assert (found.kind, found.count, found.room) == (Contradicts.TOO_FEW_LEADS, 1, 2)


def test_hosts_are_not_missed_at_tables_that_stay_empty() -> None:
    guests = [Guest(1, None, "agency", leads=True), *companies(4)[1:]]
    assert contradictions(Problem(guests, (8, 8, 8))) == []


def test_two_guests_with_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="same key"):
        contradictions(Problem([company(1), company(1)], (4,)))


@given(problems())
@settings(max_examples=40, deadline=None)
def test_what_is_said_to_be_apart_really_excludes_each_other(problem: Problem) -> None:
    for found in contradictions(problem):
        if found.kind is Contradicts.EXCLUSIONS:
            assert len(found.guests) > found.room
            assert found.excludes

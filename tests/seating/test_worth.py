from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seated_problems import companies, company, seatings

from marketplace.seating.board import Board
from marketplace.seating.problem import Guest, Pair, Plan, Problem, Value, layout
from marketplace.seating.worth import broken, cost_of_move, cost_of_swap, moved, swapped, value

pytestmark = pytest.mark.once
CALM = settings(max_examples=60, deadline=None)


@given(seatings())
@CALM
def test_the_board_weighs_as_the_scales_do(seating: tuple[Problem, Plan]) -> None:
    problem, plan = seating
    board = Board(problem)
    for table, keys in enumerate(plan):
        if len(keys) <= problem.sizes[table]:
            weighed = board.of_table(table, [board.number[key] for key in keys])
            assert weighed == board.scales.of_table(table, keys).total


@given(seatings(), st.data())
@CALM
def test_the_cost_of_a_move_is_what_the_seating_is_worth_afterwards_less_what_it_was(
    seating: tuple[Problem, Plan], data: st.DataObject,
) -> None:
    problem, plan = seating
    key = data.draw(st.sampled_from([guest.key for guest in problem.guests]))
    table = data.draw(st.integers(0, len(plan) - 1))
    change = value(problem, moved(plan, key, table)) - value(problem, plan)
    assert cost_of_move(problem, plan, key, table) == change


@given(seatings(), st.data())
@CALM
def test_the_cost_of_a_swap_is_what_the_seating_is_worth_afterwards_less_what_it_was(
    seating: tuple[Problem, Plan], data: st.DataObject,
) -> None:
    problem, plan = seating
    keys = st.sampled_from([guest.key for guest in problem.guests])
    one, other = data.draw(keys), data.draw(keys)
    change = value(problem, swapped(plan, one, other)) - value(problem, plan)
    assert cost_of_swap(problem, plan, one, other) == change


def test_each_part_of_the_worth_is_counted_apart() -> None:
    lead = Guest(1, None, "agency", leads=True)
    guests = [lead, company(2, wants=frozenset({3})), company(3), Guest(4, 4, "institute")]
    problem = Problem(guests, (4,), {(2, 4): Pair(80.0)}, met={(1, 2): 2}, before={4: 0})
    assert value(problem, ((1, 2, 3, 4),)) == Value(fit=64, served=200, wishes=40, stayed=25, repeats=-40)


def test_what_two_have_to_give_each_other_is_worth_half_when_they_have_met() -> None:
    problem = Problem([Guest(1, 1, "company", leads=True), company(2)], (4,), {(1, 2): Pair(80.0)}, met={(1, 2): 1})
    assert value(problem, ((1, 2),)).fit == 32


def test_two_of_one_organisation_at_a_table_break_a_rule_that_is_named() -> None:
    problem = Problem([company(1, 7), company(2, 7), company(3, 8)], (4,))
    [apart] = broken(problem, ((1, 2, 3),))
    assert (apart.one, apart.other, apart.organisation) == (1, 2, 7)
    assert value(problem, ((1, 2, 3),)).broken == -10_000


def test_an_exclusion_holds_both_ways() -> None:
    problem = Problem([company(1, avoids=frozenset({2})), company(2), company(3, avoids=frozenset({1}))], (4,))
    assert [(apart.one, apart.other) for apart in broken(problem, ((1, 2, 3),))] == [(1, 2), (1, 3)]


def test_somebody_without_a_seat_breaks_a_rule() -> None:
    assert value(Problem(companies(2), (4,)), ((1,),)).broken == -10_000


def test_a_table_that_is_too_full_and_a_guest_taken_from_where_they_were_put_break_rules() -> None:
    problem = Problem(companies(5), (4, 4), fixed={1: 1})
    assert value(problem, ((1, 2, 3, 4, 5), ())).broken == -20_000


def test_a_seating_of_strangers_or_with_somebody_twice_is_refused() -> None:
    problem = Problem(companies(2), (4,))
    for plan in (((1, 2, 9),), ((1, 1, 2),)):
        with pytest.raises(ValueError, match="twice"):
            value(problem, plan)
    with pytest.raises(ValueError, match="2 tables"):
        value(problem, ((1,), (2,)))


def test_there_are_as_many_tables_as_people_need() -> None:
    assert layout(40) == (8,) * 5
    assert layout(41) == (8,) * 6
    assert layout(3) == (8,)
    assert layout(25, 4) == (4,) * 7
    with pytest.raises(ValueError, match="4 to 10"):
        layout(40, 11)

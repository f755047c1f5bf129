"""The arithmetic of the pipeline, on cases small enough to count by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from marketplace.analytics import funnel
from marketplace.analytics.funnel import Course, Move
from marketplace.introductions.models import Stage, Status

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
OPEN, CLOSED = Status.ACTIVE, Status.CLOSED


def a_course(*moves, **cuts):
    """a_course((stage, day), …): a way through the stages; a third part is the status."""
    made = [Move(Stage(m[0]), m[2] if len(m) > 2 else OPEN, START + timedelta(days=m[1])) for m in moves]
    return Course.of(made, None, None, cuts)


def test_what_was_only_suggested_is_not_in_the_cohort():
    assert a_course((0, 0)) is None
    assert a_course((0, 0), (0, 30, CLOSED)) is None


def test_a_cohort_begins_with_interest_and_not_with_the_suggestion():
    assert a_course((0, 0), (1, 9)).entered_at == START + timedelta(days=9)


def test_a_skipped_stage_counts_as_reached():
    reached = {step.stage: step.reached for step in funnel.steps([a_course((1, 0), (4, 5))])}
    assert [reached[Stage(k)] for k in (1, 2, 3, 4, 5)] == [1, 1, 1, 1, 0]


def test_a_step_back_takes_nothing_away():
    steps = {step.stage: step for step in funnel.steps([a_course((1, 0), (2, 1), (3, 2), (2, 3))])}
    assert steps[Stage.INTRODUCED].reached == 1
    assert steps[Stage.QUALIFIED].open == 1
    assert steps[Stage.INTRODUCED].open == 0


def test_open_ones_stay_in_the_denominator():
    steps = funnel.steps([a_course((1, 0)), a_course((1, 0), (2, 1)), a_course((1, 0), (1, 5, CLOSED))])
    assert (steps[1].reached, steps[1].share) == (1, pytest.approx(1 / 3))
    assert steps[0].open == 1


def test_nobody_at_a_stage_makes_no_share_of_the_next():
    assert [step.share for step in funnel.steps([])] == [None] * 8


def test_months_are_those_of_the_place_and_in_order():
    late = Course.of([Move(Stage.INTEREST, OPEN, datetime(2026, 3, 31, 17, tzinfo=UTC))], None, None, {})
    assert [group.name for group in funnel.by_month([late, a_course((1, 0))])] == ["2026-03", "2026-04"]


def test_the_median_needs_half_of_them_gone():
    left, there = (10.0, True), (10.0, False)
    assert funnel.quantile([left, left, there, there], 0.5) == 10.0
    assert funnel.quantile([left, there, there, there], 0.5) is None
    assert funnel.quantile([], 0.5) is None


def test_those_still_there_make_the_stay_longer_than_if_they_were_left_out():
    stays = [(1.0, True), (2.0, True), (3.0, True), (4.0, False), (5.0, False)]
    assert funnel.quantile(stays, 0.5) == 3.0
    assert funnel.quantile([stay for stay in stays if stay[1]], 0.5) == 2.0


def test_time_in_a_stage_ends_by_going_on_going_back_or_closing():
    course = a_course((1, 0), (2, 3), (1, 5), (1, 9, CLOSED))
    assert list(funnel._stays(course, START + timedelta(days=99))) == [
        (Stage.INTEREST, 3.0, True), (Stage.QUALIFIED, 2.0, True), (Stage.INTEREST, 4.0, True)
    ]


def test_a_case_on_hold_stays_where_it_is():
    course = a_course((1, 0), (1, 4, Status.ON_HOLD), (1, 6), (2, 10))
    assert next(iter(funnel._stays(course, START + timedelta(days=11)))) == (Stage.INTEREST, 10.0, True)


def test_a_case_that_stays_is_counted_up_to_now():
    (passage,) = funnel.passages([a_course((1, 0))], START + timedelta(days=7))
    assert (passage.stays, passage.open, passage.median) == (1, 1, None)


def test_a_reopened_case_begins_a_new_stay():
    course = a_course((1, 0), (1, 5, CLOSED), (1, 20), (2, 22))
    assert [stay[1] for stay in funnel._stays(course, START + timedelta(days=22))] == [5.0, 2.0, 0.0]

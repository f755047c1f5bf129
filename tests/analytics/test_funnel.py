"""The arithmetic of the pipeline, on cases small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from marketplace import clock
from marketplace.analytics import columns, measures
from marketplace.analytics.asking import Question
from marketplace.analytics.courses import DAY, derive, micros_of
from marketplace.analytics.raw import MOVES, VERSIONS
from marketplace.db import session
from marketplace.introductions.models import Stage

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
CLOSED, ON_HOLD = 2, 1


def rows(*moves, number=1, start=START):
    """(stage, day), then the status, then the name of the move."""
    return [
        (number * VERSIONS + version, micros_of(start + timedelta(days=move[1])),
         (MOVES.index(move[3] if len(move) > 3 else "") * 16 + move[0]) * 4 + (move[2] if len(move) > 2 else 0))
        for version, move in enumerate(moves, 1)
    ]


def derived(*courses):
    table = [row for number, course in enumerate(courses, 1) for row in rows(*course, number=number)]
    return derive(np.array(table, np.int64).reshape(-1, 3), np.empty((0, 3), np.int64))


def measured(*courses, day=1000):
    """A Measured of these, so many days after the start."""
    found, stays = derived(*courses)
    state = columns.read(session.connection())
    nothing = np.zeros(len(found), np.int64)
    cases = columns.Cases(found.id, nothing, nothing, nothing, nothing, nothing)
    with clock.at(START + timedelta(days=day)):
        return measures.Measured(
            replace(state, courses=found, stays=columns._sorted(stays), cases=cases), Question()
        )


def stayed(*course):
    _, stays = derived(course)
    return [(int(stage), lasted / DAY if lasted >= 0 else None)
            for stage, lasted in zip(stays.stage, stays.lasted, strict=True)]


def reached(*courses):
    return {int(step.stage): step.reached for step in measured(*courses).steps()}


def still(*courses):
    return {int(step.stage): step.open for step in measured(*courses).steps() if step.open}


def test_what_was_only_suggested_is_not_in_the_cohort():
    assert len(measured([(0, 0)], [(0, 0), (0, 30, CLOSED)])) == 0


def test_a_cohort_begins_with_interest_and_not_with_the_suggestion():
    courses, _ = derived([(0, 0), (1, 9)])
    assert courses.entered[0] == micros_of(START + timedelta(days=9))


def test_a_skipped_stage_counts_as_reached():
    assert list(reached([(1, 0), (4, 5)]).values()) == [1, 1, 1, 1, 0, 0, 0, 0]


def test_a_step_back_takes_nothing_away():
    assert reached([(1, 0), (2, 1), (3, 2), (2, 3)])[3] == 1
    assert still([(1, 0), (2, 1), (3, 2), (2, 3)]) == {2: 1}


def test_open_ones_stay_in_the_denominator():
    steps = measured([(1, 0)], [(1, 0), (2, 1)], [(1, 0), (1, 5, CLOSED)]).steps()
    assert (steps[1].reached, steps[1].share, steps[0].open) == (1, pytest.approx(1 / 3), 1)


def test_nobody_at_a_stage_makes_no_share_of_the_next():
    assert [step.share for step in measured().steps()] == [None] * 8


def test_months_are_those_of_the_place_and_in_order():
    late = [(1, 29.4)]  # 31 March, 17:36 in London, is the first of April in Shanghai
    assert [cohort.month for cohort in measured(late, [(1, 0)]).cohorts()] == ["2026-03", "2026-04"]


def quantile(ended, lasting, share):
    def in_days(days):
        return np.array([day * DAY for day in days], np.int64)

    return measures.quantiles(in_days(ended), in_days(lasting), [share])[0]


def test_the_median_needs_half_of_them_gone():
    assert quantile([10, 10], [10, 10], 0.5) == 10.0
    assert quantile([10], [10, 10, 10], 0.5) is None
    assert quantile([], [], 0.5) is None


def test_one_still_there_at_the_moment_another_leaves_is_still_at_risk():
    assert quantile([5, 9], [5], 0.5) == 9.0
    assert quantile([5, 9], [4], 0.5) == 5.0


def test_those_still_there_make_the_stay_longer_than_if_they_were_left_out():
    assert quantile([1, 2, 3], [4, 5], 0.5) == 3.0
    assert quantile([1, 2, 3], [], 0.5) == 2.0


def test_time_in_a_stage_ends_by_going_on_going_back_or_closing():
    assert stayed((1, 0), (2, 3), (1, 5), (1, 9, CLOSED)) == [(1, 3.0), (2, 2.0), (1, 4.0)]


def test_a_case_on_hold_stays_where_it_is():
    assert stayed((1, 0), (1, 4, ON_HOLD), (1, 6), (2, 10)) == [(1, 10.0), (2, None)]


def test_minutes_and_consents_do_not_end_a_stay():
    assert stayed((2, 0), (2, 1, 0, "consent"), (2, 5, 0, "discuss"), (3, 7)) == [(2, 7.0), (3, None)]


def test_a_case_that_stays_is_counted_up_to_now():
    passage = measured([(1, 0)], day=7).passages()[0]
    assert (passage.stays, passage.open, passage.median) == (1, 1, None)


def test_a_reopened_case_begins_a_new_stay():
    assert stayed((1, 0), (1, 5, CLOSED), (1, 20), (2, 22)) == [(1, 5.0), (1, 2.0), (2, None)]


def test_the_wait_for_the_broker_ends_when_it_goes_on_and_that_of_the_sides_with_the_first_consent():
    courses, _ = derived([(1, 0), (1, 1, 0, "take"[:0]), (2, 2), (2, 4, 0, "consent"), (3, 6)])
    assert (courses.acted[0] - courses.asked[0]) / DAY == 2
    assert (courses.answered[0] - courses.qualified[0]) / DAY == 2


def test_the_broker_has_three_working_days():
    """Interest on Friday, 6 March 2026; Wednesday's end is the last moment."""
    friday = 4
    in_time = [(1, friday), (2, friday + 5)]
    late = [(1, friday), (2, friday + 6)]
    kept = measured(in_time, late).reply(Stage.INTEREST).in_time
    assert (kept.kept, kept.of) == (1, 2)

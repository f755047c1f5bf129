"""Figures derive from the history."""

from datetime import timedelta

from case_entries import entries

from marketplace import clock
from marketplace.introductions import figures, service
from marketplace.introductions.models import ReasonCode, Side, Stage, Status

pytest_plugins = ["casework"]


def test_counts_say_where_cases_stand(brought_to, charlie):
    case = brought_to(Stage.DISCUSSING)
    assert figures.counts().stages == {Stage.DISCUSSING: 1}
    service.move(charlie, case, "close", reason="no_agreement", reason_code="terms")
    assert (figures.counts().stages, figures.counts().statuses) == ({}, {Status.CLOSED: 1})
    assert figures.counts().reason_codes == {ReasonCode.TERMS: 1}


def test_waiting_for_a_broker_counts_until_the_case_is_qualified(interest, dana, monkeypatch):
    moment = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: moment)
    wait, = figures.waits(Stage.INTEREST)
    assert (wait.answered, wait.waited) == (False, moment - interest.created_at)
    service.move(dana, interest, "take")
    service.move(dana, interest, "qualify", **entries("qualify"))
    wait, = figures.waits(Stage.INTEREST)
    assert (wait.answered, wait.waited) == (True, moment - interest.created_at)


def test_first_consent_is_the_answer_at_stage_two(brought_to, charlie):
    case = brought_to(Stage.QUALIFIED)
    assert [wait.answered for wait in figures.waits(Stage.QUALIFIED)] == [False]
    service.move(charlie, case, "consent")
    assert [wait.answered for wait in figures.waits(Stage.QUALIFIED)] == [True]


def test_no_shows_are_counted_by_side(brought_to, alice):
    service.move(alice, brought_to(Stage.INTRODUCED), "no_show", **entries("no_show"))
    assert figures.no_shows() == {Side.NEED: 1}


def test_mutual_interest_is_known(interest, alice, need, result):
    from case_entries import ANSWERS

    assert figures.mutual([interest.id]) == set()
    service.express_interest(alice, need, result, **ANSWERS)
    assert figures.mutual([interest.id]) == {interest.id}

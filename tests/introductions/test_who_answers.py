"""Who answers when a case waits for them, as matching is told of it."""

from datetime import datetime

import pytest
from case_entries import entries

from marketplace import clock, outbox
from marketplace.introductions import answering as counting
from marketplace.introductions import service
from marketplace.introductions.models import CloseReason, Stage
from marketplace.matching import answering
from marketplace.matching.answering import Answers

pytest_plugins = ["introductions.case_cast"]

TUESDAY, NEXT_MONDAY, TWO_WEEKS_ON = "2024-11-26 10:00", "2024-12-02 10:00", "2024-12-10 10:00"


@pytest.fixture
def at(monkeypatch):
    """The clock stands at this moment."""
    def to(moment):
        now = datetime.fromisoformat(moment).replace(tzinfo=clock.PLACE)
        monkeypatch.setattr(clock, "now", lambda: now)

    to(TUESDAY)
    return to


def known(*organisations):
    while outbox.drain():
        pass
    found = answering.of([one.id for one in organisations])
    return [found.get(one.id, Answers()) for one in organisations]


def test_nobody_is_counted_before_the_time_is_over(at, brought_to, institute, company):
    brought_to(Stage.QUALIFIED)
    assert known(institute, company) == [Answers(0, 0)] * 2


def test_consent_within_five_working_days_is_an_answer(at, brought_to, charlie, institute, company):
    case = brought_to(Stage.QUALIFIED)
    at(NEXT_MONDAY)
    service.move(charlie, case, "consent", **entries("consent"))
    assert known(company, institute) == [Answers(1, 1), Answers(0, 0)]


def test_consent_that_comes_too_late_is_none(at, brought_to, charlie, company):
    case = brought_to(Stage.QUALIFIED)
    at(TWO_WEEKS_ON)
    service.move(charlie, case, "consent", **entries("consent"))
    assert known(company) == [Answers(1, 0)]


def test_silence_is_noticed_by_itself(at, brought_to, institute, company):
    brought_to(Stage.QUALIFIED)
    at(TWO_WEEKS_ON)
    counting.count_overdue()
    assert known(institute, company) == [Answers(1, 0)] * 2


def test_a_no_in_time_is_an_answer_and_spares_the_other_side(at, brought_to, alice, institute, company):
    case = brought_to(Stage.QUALIFIED)
    service.move(alice, case, "close", reason=CloseReason.DECLINED_BY_COUNTERPART, reason_code="budget")
    at(TWO_WEEKS_ON)
    counting.count([case.id])
    assert known(institute, company) == [Answers(1, 1), Answers(0, 0)]


def test_case_of_long_ago_counts_no_more(at, brought_to, charlie, company):
    case = brought_to(Stage.QUALIFIED)
    service.move(charlie, case, "consent", **entries("consent"))
    assert known(company) == [Answers(1, 1)]
    at("2027-11-26 10:00")
    counting.count([case.id])
    assert known(company) == [Answers(0, 0)]

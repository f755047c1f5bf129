"""The survey before an edition: who is asked, and what becomes of it when the edition moves."""

from datetime import timedelta

import pytest
from planned import CONTENT, a_series, an_edition
from sqlalchemy import inspect, select

from marketplace import clock
from marketplace.db import session
from marketplace.errors import Conflict, Forbidden, NotFound
from marketplace.events import attending, service, surveying
from marketplace.events.models import State
from marketplace.messaging.models import Notice
from marketplace.surveys import asking
from marketplace.surveys import service as surveys
from marketplace.surveys.models import State as SurveyState
from marketplace.surveys.wishes import wishes


@pytest.fixture
def edition(erin, company):
    return an_edition(erin, a_series(erin), capacity=2)


def asks(person, survey):
    row = asking.of(person, survey)
    return row is not None and row.ended_at is None


def fresh(row):
    """The row in the session of now: each page that was asked for has ended the one it came from."""
    return session.get_one(type(row), inspect(row).identity)


def notices(person):
    return [str(one.phrase) for one in session.scalars(select(Notice).where(Notice.user_id == person.id))]


def test_those_who_have_a_place_are_asked_and_those_who_come_later_too(erin, edition, alice, charlie):
    attending.register(alice, edition)
    survey = surveying.begin(erin, edition)
    assert (survey.closes_at, survey.page, survey.state) == (edition.starts_at, edition.url, SurveyState.OPEN)
    assert (asks(alice, survey), asks(charlie, survey)) == (True, False)
    attending.register(charlie, edition)
    assert (surveying.look_after(), surveying.look_after()) == (1, 0)
    assert asks(charlie, survey)
    assert sum("tell us what you need" in one for one in notices(charlie)) == 1


def test_beginning_twice_is_one_survey(erin, edition):
    assert surveying.begin(erin, edition).id == surveying.begin(erin, edition).id


def test_who_cancels_is_let_go_and_who_waits_may_answer_all_the_same(erin, edition, alice, bob, charlie, signed_in):
    survey = surveying.begin(erin, edition)
    for person in (alice, charlie, bob):
        attending.register(person, edition)
    surveying.look_after()
    assert not asks(bob, survey)
    page = f"{edition.url}/survey"
    assert signed_in(bob).get(page).status_code == 200 and not asks(bob, survey)
    sent = signed_in(bob).post(page, data={"number": 1, "a-need": "A pump."})
    assert sent.location == f"{survey.url}/answer" and wishes(survey.id)[bob.id].needs == "A pump."
    survey = fresh(survey)
    attending.cancel(fresh(alice), fresh(edition))
    surveying.look_after()
    assert (asks(alice, survey), asks(bob, survey)) == (False, True)


def test_an_edition_that_moves_takes_its_survey_along(erin, edition, alice):
    survey = surveying.begin(erin, edition)
    later = {**CONTENT, "capacity": 2, "starts_at": edition.starts_at + timedelta(days=3),
             "ends_at": edition.ends_at + timedelta(days=3)}
    service.change_edition(erin, edition, later, edition.version)
    surveying.look_after()
    assert survey.closes_at == edition.starts_at


def test_a_cancelled_edition_ends_its_survey(erin, edition):
    survey = surveying.begin(erin, edition)
    service.set_state(erin, edition, State.CANCELLED)
    surveying.look_after()
    assert survey.state is SurveyState.CLOSED and not surveys.takes_answers(survey)


def test_nobody_else_comes_to_the_form(erin, edition, alice, bob, signed_in):
    page = f"{edition.url}/survey"
    attending.register(alice, edition)
    assert signed_in(alice).get(page).status_code == 404
    surveying.begin(fresh(erin), fresh(edition))
    assert signed_in(bob).get(page).status_code == 404
    attending.cancel(fresh(alice), fresh(edition))
    assert signed_in(alice).get(page).status_code == 404
    for person in (alice, bob):
        with pytest.raises(NotFound):
            surveying.let_answer(fresh(person), fresh(edition))


def test_only_operators_begin_it_and_not_once_the_event_has_begun(erin, edition, alice, monkeypatch):
    with pytest.raises(Forbidden):
        surveying.begin(alice, edition)
    later = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(Conflict, match="has begun"):
        surveying.begin(erin, edition)


def test_event_leads_to_its_survey(erin, edition, alice, signed_in):
    attending.register(alice, edition)
    assert "Ask those who come" in signed_in(erin).get(edition.url).text
    begun = signed_in(erin).post(f"{edition.url}/survey/new")
    assert begun.location == f"/operator/surveys/{fresh(edition).survey_id}"
    assert "Alice" in signed_in(erin).get(begun.location).text
    assert f"{edition.url}/survey" in signed_in(alice).get(edition.url).text

"""The same form sent several times in one moment, on connections of their own: one answer, one draft, one call."""

from __future__ import annotations

import pytest
from asked_people import a_survey, let_in, says, someone
from at_once import outcomes
from conftest import a_person
from sqlalchemy import func, select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.listings.models import Listing
from marketplace.surveys import asking, drafting
from marketplace.surveys.models import Answer, Asked, Call, Role, Survey


@pytest.fixture
def numbers(own_database) -> tuple[int, int, int]:
    """(the survey's, the person's, the operator's)."""
    operator = a_person("erin@operator.example", is_operator=True)
    survey, person = a_survey(operator), someone("member")
    let_in(survey, person)
    found = survey.id, person.id, operator.id
    session.remove()
    return found


def errors_of(deed) -> list[str]:
    """What several at once met who all do the same."""
    return [one for one in outcomes(*[deed] * 4) if one != "done"]


def count(table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_an_answer_sent_several_times_is_one_answer(numbers):
    survey, person, _ = numbers
    errors = errors_of(lambda: says(session.get_one(User, person), session.get_one(Survey, survey), need="A pump."))
    assert (errors, count(Answer)) == ([], 1)


def test_a_button_pressed_several_times_makes_one_draft(numbers):
    survey, person, _ = numbers
    says(session.get_one(User, person), session.get_one(Survey, survey), need="A pump.")
    session.remove()
    errors = errors_of(
        lambda: drafting.draft(session.get_one(User, person), session.get_one(Survey, survey), Role.NEED))
    assert (errors, count(Listing)) == ([], 1)


def test_a_call_noted_several_times_is_one_call(numbers):
    survey, _, operator = numbers
    asked = session.scalars(select(Asked.id)).one()
    session.remove()
    errors = errors_of(lambda: asking.call(session.get_one(User, operator), session.get_one(Survey, survey), asked,
                                          number=1, reached=True, note=None))
    assert (errors, count(Call)) == ([], 1)


def test_somebody_asked_by_several_workers_is_asked_and_told_once(numbers):
    survey, _, operator = numbers
    errors_of(lambda: asking.keep(session.get_one(Survey, survey), {operator: None}))
    assert count(Asked) == 2

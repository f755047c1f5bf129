"""A survey as an operator begins it, and people who are asked, for the tests of this room."""

from __future__ import annotations

from datetime import timedelta

from conftest import a_person, an_organisation, join

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.organisations.models import Kind, Organisation
from marketplace.surveys import answering, asking, service
from marketplace.surveys.models import State, Survey, SurveyOf

TITLES = {"title_zh": "会前问卷", "title_en": "Before the event"}


def a_survey(operator: User, kind: SurveyOf = SurveyOf.EVENT, state: State = State.OPEN, days: float | None = 7,
             **content: object) -> Survey:
    """One that ends in so many days."""
    closes = clock.now() + timedelta(days=days) if days is not None else None
    survey = service.create(operator, kind, {**TITLES, "closes_at": closes, **content})
    if state is not State.DRAFT:
        service.set_state(operator, survey, State.OPEN)
    if state is State.CLOSED:
        service.set_state(operator, survey, State.CLOSED)
    return survey


def let_in(survey: Survey, *people: User) -> None:
    """These are asked, each for their first organisation."""
    asking.ask(survey, {p.id: next((m.organisation_id for m in p.memberships), None) for p in people})


def says(person: User, survey: Survey, **texts: object):
    """What somebody answers, as the form sends it."""
    given = {key: value if isinstance(value, list) else [str(value)] for key, value in texts.items()}
    return answering.answer(person, survey, given, survey.number)


def someone(name: str, organisation: Organisation | None = None) -> User:
    """The administrator of an organisation of their own, unless another is given."""
    person = a_person(f"{name}@{name}.example")
    join(person, organisation or an_organisation(name, Kind.COMPANY))
    return person

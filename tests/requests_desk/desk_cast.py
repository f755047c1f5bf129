"""A company with a steward, a park and an authority, and a request at each of its steps."""

from __future__ import annotations

import pytest
from conftest import a_person, an_organisation, join
from desk_facts import REPLY, TEXT, TITLE

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.organisations import parks
from marketplace.organisations.models import Kind, Organisation, Role
from marketplace.requests_desk import routes, service
from marketplace.requests_desk.models import Request, Topic


@pytest.fixture
def desk_park() -> Organisation:
    return an_organisation("park", Kind.PARK)


@pytest.fixture
def desk_bureau() -> Organisation:
    return an_organisation("bureau", Kind.AUTHORITY)


@pytest.fixture
def pauline(desk_park) -> User:
    person = a_person("pauline@park.example")
    join(person, desk_park, Role.EDITOR)
    return person


@pytest.fixture
def boris(desk_bureau) -> User:
    person = a_person("boris@bureau.example")
    join(person, desk_bureau, Role.ADMIN)
    return person


@pytest.fixture
def onlooker(company) -> User:
    person = a_person("onlooker@company.example")
    join(person, company, Role.VIEWER)
    return person


@pytest.fixture
def routed(erin, desk_park, desk_bureau) -> None:
    """Permits go to the park's service hall, then to the bureau."""
    routes.add(erin, Topic.PERMITS, desk_park, "Service hall", None, 5)
    routes.add(erin, Topic.PERMITS, desk_bureau, "Environment", None, 10)


@pytest.fixture
def home_steward(company, erin) -> User:
    """Sophie of the Home park, whom it names for the company. She may not write for the park."""
    home = an_organisation("home", Kind.PARK)
    person = a_person("sophie@home.example")
    join(person, home, Role.VIEWER)
    parks.add(erin, home, organisation=company.slug, since=clock.today(), steward_id=person.id)
    return person


@pytest.fixture
def unassigned(charlie, company, erin) -> Request:
    """Nobody is known to answer it. Operators, who assign, are there."""
    return service.ask(charlie, company, Topic.PERMITS, "Who inspects boilers?", TEXT)


@pytest.fixture
def with_steward(charlie, company, dana) -> Request:
    """Dana, the company's steward, is to answer it."""
    with transaction():
        company.steward_id = dana.id
    session.expire(company)
    return service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)


@pytest.fixture
def answered(with_steward, dana) -> Request:
    return service.answer(dana, with_steward, REPLY)

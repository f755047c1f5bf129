"""A need of the company's, and refinements of it at every step."""

from __future__ import annotations

import pytest
from conftest import a_listing, a_person, join
from refining_facts import REFINED

from marketplace.accounts.models import User
from marketplace.listings.models import Kind, Listing, State
from marketplace.organisations.models import Role
from marketplace.refining import service
from marketplace.refining.models import Refinement


@pytest.fixture
def raw_need(company) -> Listing:
    return a_listing(company, Kind.NEED, State.DRAFT)


@pytest.fixture
def frank() -> User:
    return a_person("frank@broker.example", is_broker=True)


@pytest.fixture
def victor(company) -> User:
    person = a_person("victor@company.example")
    join(person, company, Role.VIEWER)
    return person


@pytest.fixture
def asked(charlie, dana, raw_need) -> Refinement:
    return service.ask(charlie, raw_need, "The targets are soft.")


@pytest.fixture
def taken(asked, dana) -> Refinement:
    return service.take(dana, asked)


@pytest.fixture
def proposed(taken, dana) -> Refinement:
    service.write(dana, taken, REFINED, None)
    return service.propose(dana, taken, "Sharper now.")

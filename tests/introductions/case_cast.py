"""A need and a result, and introductions of them anywhere in the pipeline."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import a_listing, a_person, an_organisation, join
from introductions.case_entries import ANSWERS, entries
from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions import service
from marketplace.introductions.models import Introduction, Stage
from marketplace.listings.models import Kind, Listing
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Role


@pytest.fixture
def need(company) -> Listing:
    return a_listing(company, Kind.NEED)


@pytest.fixture
def result(institute) -> Listing:
    return a_listing(institute)


@pytest.fixture
def frank() -> User:
    """A second broker."""
    return a_person("frank@broker.example", is_broker=True)


@pytest.fixture
def mallory() -> User:
    """A member of an organisation that has no part in it."""
    person = a_person("mallory@other.example")
    join(person, an_organisation("other", OrganisationKind.COMPANY))
    return person


@pytest.fixture
def victor(company) -> User:
    """A viewer of the company."""
    person = a_person("victor@company.example")
    join(person, company, Role.VIEWER)
    return person


@pytest.fixture
def interest(charlie, alice, dana, need, result) -> Introduction:
    """The company is interested; no broker has taken it yet."""
    return service.express_interest(charlie, need, result, **ANSWERS)


@pytest.fixture
def brought_to(interest, charlie, alice, dana) -> Callable[[Stage], Introduction]:
    """brought_to(Stage.SIGNED) -> the introduction, moved there step by step by the people whose turn it was."""
    steps = [(dana, "take"), (dana, "qualify"), (charlie, "consent"), (alice, "consent"), (alice, "meet"),
             (dana, "intent"), (dana, "sign"), (dana, "register"), (dana, "report_outcome"),
             (alice, "confirm_outcome"), (charlie, "confirm_outcome")]

    ref = interest.ref
    way = [(who.id, name) for who, name in steps]

    def bring(stage: Stage) -> Introduction:
        # After a page was served its session is gone, and with it the objects that were read.
        case = session.scalars(select(Introduction).where(Introduction.ref == ref)).one()
        while case.stage < stage:
            who, name = way.pop(0)
            service.move(session.get_one(User, who), case, name, **entries(name))
        assert case.stage is stage
        return case

    return bring

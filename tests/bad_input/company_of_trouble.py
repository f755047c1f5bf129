"""Programs with tokens, a stranger, and an introduction to spoil."""

from __future__ import annotations

import pytest
from conftest import a_listing, a_person, an_organisation, join
from introductions.case_entries import ANSWERS

from marketplace.introductions import service
from marketplace.listings.models import Kind
from marketplace.organisations.models import Kind as OrganisationKind


@pytest.fixture
def mallory():
    """A member of a verified organisation that has no part in anything."""
    person = a_person("mallory@other.example")
    join(person, an_organisation("other", OrganisationKind.COMPANY))
    return person


@pytest.fixture
def need(company):
    return a_listing(company, Kind.NEED)


@pytest.fixture
def result(institute):
    return a_listing(institute)


@pytest.fixture
def interest(charlie, alice, dana, need, result):
    return service.express_interest(charlie, need, result, **ANSWERS)

"""A buyer's library, and a company that would like to be in it."""

from __future__ import annotations

import pytest
from conftest import a_person, an_organisation, join
from supplier_facts import OFFER, WANTED

from marketplace.accounts.models import User
from marketplace.organisations.models import Kind, Organisation, Role
from marketplace.suppliers import service
from marketplace.suppliers.models import Library, Supplier


@pytest.fixture
def turner() -> Organisation:
    return an_organisation("turner", Kind.COMPANY)


@pytest.fixture
def tina(turner) -> User:
    person = a_person("tina@turner.example")
    join(person, turner, Role.EDITOR)
    return person


@pytest.fixture
def library(charlie, company) -> Library:
    return service.open_library(charlie, company, WANTED)


@pytest.fixture
def applied(tina, turner, library) -> Supplier:
    return service.apply(tina, library, turner, OFFER)


@pytest.fixture
def accepted(charlie, applied) -> Supplier:
    service.accept(charlie, applied)
    return applied

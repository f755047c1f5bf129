"""Two workers and two clicks at the same moment, with connections and commits of their own."""

from __future__ import annotations

import pytest
from at_once import together
from conftest import a_listing, a_person, an_organisation
from indexing import index_listings
from saving import WEDNESDAY, arrive, at, mails, saves
from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import Conflict
from marketplace.finding import alerts, hits, saved
from marketplace.finding.criteria import Criteria
from marketplace.finding.models import Frequency, NewHit, SavedSearch
from marketplace.organisations.models import Kind as OrganisationKind

LATER, SOON = WEDNESDAY.replace(minute=1), WEDNESDAY.replace(minute=30)


@pytest.fixture
def person(own_database) -> int:
    """Who saved a search before something arrived that answers it."""
    institute, reader = an_organisation("institute", OrganisationKind.INSTITUTE), a_person("p@company.example")
    number = reader.id
    with at(WEDNESDAY):
        saves(reader)
    with at(LATER):
        a_listing(institute)
        index_listings()
        arrive()
    session.remove()
    return number


def test_workers_that_look_together_find_a_thing_once(person):
    def look() -> None:
        with at(LATER):
            hits.look(5)

    assert together(look) == [None] * 4
    assert len(session.scalars(select(NewHit)).all()) == 1


def test_workers_that_tell_together_write_one_mail(person):
    with at(LATER):
        hits.look(5)
    session.remove()

    def tell() -> None:
        with at(SOON):
            alerts.tell(person)

    assert together(tell) == [None] * 4
    assert len(mails()) == 1


def test_a_button_pressed_twice_saves_once(person):
    def press() -> object:
        return saved.save(session.get_one(User, person), Criteria(q="zinc"), "Zinc", Frequency.NEVER).id

    answers = together(press)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 3, answers
    assert len(session.scalars(select(SavedSearch).where(SavedSearch.name == "Zinc")).all()) == 1

"""An evening at which four people sat at one table: Alice and Bob of the institute, Charlie of the company, and Grace
of another one. It is over; Bob was not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from conftest import a_person, an_organisation, join
from events.planned import a_series, an_edition
from ratings.seats import seat

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.events import attending
from marketplace.events.models import Edition, Registration
from marketplace.organisations.models import Kind, Role


@dataclass
class Evening:
    number: int
    monkeypatch: pytest.MonkeyPatch

    @property
    def edition(self) -> Edition:
        """In the session of now: a request has perhaps ended the one it came from."""
        return session.get_one(Edition, self.number)

    def at(self, moment: datetime) -> None:
        self.monkeypatch.setattr(clock, "now", lambda: moment)

    def of(self, person: User) -> Registration:
        found = attending.of(person, self.edition)
        assert found is not None
        return found


@pytest.fixture
def grace() -> User:
    person = a_person("grace@third.example")
    join(person, an_organisation("third", Kind.COMPANY), Role.EDITOR)
    return person


@pytest.fixture
def evening(erin, company, alice, bob, charlie, grace, monkeypatch) -> Evening:
    edition = an_edition(erin, a_series(erin), days=0)
    evening = Evening(edition.id, monkeypatch)
    for person in (alice, bob, charlie, grace):
        attending.register(person, edition)
    seat(edition, [evening.of(person) for person in (alice, bob, charlie, grace)])
    evening.at(edition.starts_at)
    for person in (alice, charlie, grace):
        attending.check_in(erin, edition, evening.of(person).id)
    evening.at(edition.ends_at + timedelta(hours=2))
    return evening

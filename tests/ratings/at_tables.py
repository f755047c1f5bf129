"""An evening at which four people sat at one table: Alice and Bob of the institute, Charlie of the company, and Grace
of another one. It is over; Bob was not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from conftest import a_person, an_organisation, join
from events.planned import a_series, an_edition

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.events import attending
from marketplace.events.models import Edition, Registration
from marketplace.organisations.models import Kind, Role
from marketplace.seating.models import PlanState, Seat, SeatingPlan, Table


def seat(edition: Edition, *tables: list[Registration], round: int = 1, state: PlanState = PlanState.PUBLISHED) -> None:
    """Put these people at these tables."""
    now = clock.now()
    with transaction():
        plan = SeatingPlan(edition_id=edition.id, round=round, state=state, created_at=now, changed_at=now)
        session.add(plan)
        session.flush()
        for number, people in enumerate(tables, 1):
            table = Table(plan_id=plan.id, number=number, size=8)
            session.add(table)
            session.flush()
            session.add_all(Seat(plan_id=plan.id, table_id=table.id, registration_id=one.id) for one in people)
    session.expire_all()


@dataclass
class Evening:
    edition: Edition
    monkeypatch: pytest.MonkeyPatch

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
    evening = Evening(edition, monkeypatch)
    for person in (alice, bob, charlie, grace):
        attending.register(person, edition)
    seat(edition, [evening.of(person) for person in (alice, bob, charlie, grace)])
    evening.at(edition.starts_at)
    for person in (alice, charlie, grace):
        attending.check_in(erin, edition, evening.of(person).id)
    evening.at(edition.ends_at + timedelta(hours=2))
    return evening

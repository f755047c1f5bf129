"""Two operators, two guests or two clicks at the same moment: nobody is doubled, and no place is given out twice."""

from datetime import timedelta

import pytest
from at_once import outcomes
from conftest import a_person, an_organisation, join
from events.planned import a_series, an_edition
from sqlalchemy import func, select

from marketplace.accounts.models import User
from marketplace.audit import AuditEntry
from marketplace.db import session, transaction
from marketplace.events import attending, deciding, doors, inviting, reminding, service
from marketplace.events.models import Attendance, EventInvitation, Registration
from marketplace.messaging.models import Notice
from marketplace.organisations.models import Kind


@pytest.fixture
def on_stage(own_database):
    """An operator, three guests of one company and an edition that begins in two hours, with real commits."""
    company = an_organisation("company", Kind.COMPANY)
    guests = [a_person(f"{name}@company.example") for name in ("amy", "ben", "cho")]
    for guest in guests:
        join(guest, company)
    erin = a_person("erin@operator.example", is_operator=True)
    series = a_series(erin)
    edition = an_edition(erin, series, days=0, capacity=1, needs_approval=True)
    other = an_edition(erin, series, days=3)
    found = {"erin": erin.id, "guests": [guest.id for guest in guests], "edition": edition.ref, "other": other.ref}
    session.remove()
    return found


def person(number) -> User:
    return session.get_one(User, number)


def edition_of(found, name="edition"):
    return service.get(None, found[name])


def asked_to_come(found):
    """The registrations of all guests, which wait for an answer."""
    numbers = [attending.register(person(guest), edition_of(found)).id for guest in found["guests"]]
    session.remove()
    return numbers


def test_last_place_is_given_to_one_of_those_approved_at_the_same_moment(on_stage):
    numbers = asked_to_come(on_stage)
    deeds = [lambda n=n: deciding.approve(person(on_stage["erin"]), edition_of(on_stage), n) for n in numbers]
    assert outcomes(*deeds) == ["done"] * 3
    states = sorted(session.scalars(select(Registration.state)))
    assert states == [Attendance.REGISTERED, Attendance.WAITING, Attendance.WAITING]
    assert edition_of(on_stage).taken == 1


def test_one_of_two_operators_decides(on_stage):
    number, *_ = asked_to_come(on_stage)
    seen = Attendance.REQUESTED
    found = outcomes(
        lambda: deciding.approve(person(on_stage["erin"]), edition_of(on_stage), number, seen),
        lambda: deciding.decline(person(on_stage["erin"]), edition_of(on_stage), number, "No.", seen),
    )
    assert sorted(found) == ["Conflict", "done"]


def test_code_that_is_scanned_twice_at_the_same_moment_lets_one_in(on_stage):
    token = session.get_one(Registration, asked_to_come(on_stage)[0]).token
    session.remove()
    deeds = [lambda: doors.check_in(person(on_stage["erin"]), edition_of(on_stage), token)] * 3
    assert outcomes(*deeds) == ["done"] * 3
    noted = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "event.checked_in")
    assert (session.scalar(noted), edition_of(on_stage).taken) == (1, 1)


def test_workers_that_remind_at_the_same_moment_tell_each_once(on_stage):
    with transaction():
        edition_of(on_stage).needs_approval = False
    first = asked_to_come(on_stage)[0]
    with transaction():  # some days ago
        session.get_one(Registration, first).registered_at -= timedelta(days=9)
    assert outcomes(*[reminding.remind_of_events] * 4) == ["done"] * 4
    assert len(session.scalars(select(Notice.id).where(Notice.url.startswith("/events/tickets/"))).all()) == 1


def test_person_invited_to_two_events_at_the_same_moment_is_asked_as_often_as_they_allow(on_stage):
    first = on_stage["guests"][0]  # the first administrator of the company, who has said nothing: once a month
    deeds = [
        lambda name=name: inviting.invite(person(on_stage["erin"]), edition_of(on_stage, name), inviting.Filter(),
                                          [first])
        for name in ("edition", "other")
    ]
    assert outcomes(*deeds) == ["done"] * 2
    assert session.scalars(select(EventInvitation.user_id)).all() == [first]

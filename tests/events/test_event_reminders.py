"""Reminders: the day before, and once more to those who have not answered."""

from datetime import timedelta

import pytest
from events.planned import a_series, an_edition
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.events import attending, invited, inviting, reminding, service
from marketplace.events.inviting import Filter
from marketplace.events.models import Answer, Edition, EventInvitation, Often, State
from marketplace.messaging.models import Notice


@pytest.fixture
def gathering(erin, company):
    return an_edition(erin, a_series(erin), capacity=1)


def later(monkeypatch, **by):
    moment = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: moment)


def told(person, kind):
    return [one.phrase for one in session.scalars(
        select(Notice).where(Notice.user_id == person.id, Notice.kind == kind).order_by(Notice.id))]


def asked(erin, edition, person):
    inviting.invite(erin, edition, Filter(), [person.id])
    row = session.scalars(select(EventInvitation).where(EventInvitation.user_id == person.id)).one()
    inviting.tell([row.id])
    return row


def test_who_has_a_place_is_reminded_the_day_before_and_once(gathering, alice, bob, monkeypatch):
    attending.register(alice, gathering)
    attending.register(bob, gathering)
    assert reminding.run() == 0
    later(monkeypatch, days=6, hours=12)
    assert (reminding.run(), reminding.run()) == (1, 0)
    notice, = told(alice, "events")
    assert "is tomorrow or sooner" in notice
    assert "签到码" in notice.in_language("zh")
    assert told(bob, "events") == []  # on the waiting list


def test_reminder_leads_to_the_code(gathering, alice, monkeypatch):
    registration = attending.register(alice, gathering)
    later(monkeypatch, days=6, hours=12)
    reminding.run()
    assert session.scalars(select(Notice)).one().url == f"/events/tickets/{registration.token}"


def test_who_registers_on_the_last_day_needs_no_reminder(gathering, alice, monkeypatch):
    later(monkeypatch, days=6, hours=12)
    attending.register(alice, gathering)
    assert reminding.run() == 0


def test_reminder_of_an_online_event_has_the_link(erin, company, alice, monkeypatch):
    edition = an_edition(erin, a_series(erin), video_url="https://meet.example/friday", place_zh=None, place_en=None)
    attending.register(alice, edition)
    later(monkeypatch, days=6, hours=12)
    reminding.run()
    assert "https://meet.example/friday" in told(alice, "events")[0]


def test_event_that_is_moved_after_the_reminder_is_reminded_of_again(gathering, alice, monkeypatch):
    attending.register(alice, gathering)
    later(monkeypatch, days=6, hours=12)
    reminding.run()
    with transaction():
        this = session.get_one(Edition, gathering.id)
        this.starts_at, this.ends_at = this.starts_at + timedelta(days=7), this.ends_at + timedelta(days=7)
    assert reminding.run() == 0
    later(monkeypatch, days=7)
    assert reminding.run() == 1


def test_nobody_is_reminded_of_a_cancelled_event(erin, gathering, alice, monkeypatch):
    attending.register(alice, gathering)
    service.set_state(erin, gathering, State.CANCELLED)
    later(monkeypatch, days=6, hours=12)
    assert reminding.run() == 0


def test_who_has_not_answered_is_asked_once_more_if_they_allow_it(erin, gathering, charlie, monkeypatch):
    invited.choose(charlie, Often.ALWAYS)
    asked(erin, gathering, charlie)
    later(monkeypatch, days=4)
    assert (reminding.run(), reminding.run()) == (1, 0)
    first, again = told(charlie, "invitations")
    assert again == f"Once more: {first}"


def test_reminder_of_an_invitation_counts_as_one(erin, gathering, charlie, monkeypatch):
    asked(erin, gathering, charlie)  # who allows one a month
    later(monkeypatch, days=4)
    assert reminding.run() == 0
    invited.choose(charlie, Often.ALWAYS)
    reminding.run()
    invited.choose(charlie, Often.WEEKLY)
    later(monkeypatch, days=6)
    next_one = an_edition(erin, gathering.series, title_en="The next")
    assert inviting.invite(erin, next_one, Filter(), [charlie.id]) == 0
    later(monkeypatch, days=1, minutes=1)
    assert inviting.invite(erin, next_one, Filter(), [charlie.id]) == 1


def test_who_has_answered_or_registered_is_not_asked_again(erin, company, alice, charlie, monkeypatch):
    edition = an_edition(erin, a_series(erin))
    for person in (alice, charlie):
        invited.choose(person, Often.ALWAYS)
    row = asked(erin, edition, charlie)
    asked(erin, edition, alice)
    invited.answer(row, Answer.DECLINED)
    attending.register(alice, edition)
    later(monkeypatch, days=4)
    assert reminding.remind_of_invitations() == 0

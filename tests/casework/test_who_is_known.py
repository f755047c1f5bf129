"""Whom one side of a case learns of through meetings and tasks, and for how long."""

from __future__ import annotations

import pytest
from conftest import a_person, join
from introductions.case_entries import entries
from meeting_plans import a_plan, a_task
from sqlalchemy import select

from marketplace.casework import meetings, showing, tasks
from marketplace.db import session
from marketplace.errors import Conflict, Invalid
from marketplace.introductions import service
from marketplace.introductions.models import Owes, Stage
from marketplace.messaging.models import OutgoingMail
from marketplace.organisations.models import Role

pytest_plugins = ["introductions.case_cast"]


@pytest.fixture
def introduced(brought_to):
    return brought_to(Stage.INTRODUCED)


@pytest.fixture
def meeting(introduced, dana, alice, charlie):
    return meetings.arrange(dana, introduced, **a_plan(alice, charlie, link="https://meet.example/secret"))


@pytest.fixture
def hidden(institute):
    """A colleague of Alice who has no part in the case."""
    person = a_person("hidden@institute.example", "Hidden Hand")
    join(person, institute, Role.VIEWER)
    return person


def names(form):
    return {str(said) for _, said in form["people"]}


def test_a_side_gives_tasks_to_people_of_the_other_that_it_has_met_only(introduced, charlie, dana, alice, hidden):
    offered = tasks.people_for(charlie, introduced, [Owes.NEED, Owes.BOTH])
    assert {user for user, _ in offered} == {charlie, alice}
    assert not any("Hidden" in name for name in names(showing.task_form(charlie, introduced)))
    with pytest.raises(Invalid) as refused:
        tasks.set_task(charlie, introduced, **a_task(owner="both", person=hidden.id))
    assert set(refused.value.fields) == {"person"}
    assert any("Hidden" in name for name in names(showing.task_form(dana, introduced)))


def test_a_consent_taken_back_takes_the_addresses_back_too(introduced, meeting, alice, charlie, dana, signed_in):
    address = f"/introductions/{introduced.ref}/meetings/{meeting.id}/calendar.ics"
    service.move(alice, introduced, "withdraw_consent", **entries("withdraw_consent"))
    assert signed_in(charlie).get(address).status_code == 404
    told = signed_in(charlie).get(f"/api/v1/introductions/{introduced.ref}/meetings").get_data(as_text=True)
    assert "Alice" not in told and "calendar.ics" not in told
    entry = signed_in(dana).get(address).get_data(as_text=True)
    assert alice.email in entry.replace("\r\n ", "")


def test_who_took_a_consent_back_is_invited_by_the_broker_only(introduced, alice, charlie, dana):
    service.move(alice, introduced, "withdraw_consent", **entries("withdraw_consent"))
    assert {one.user for one in meetings.candidates(charlie, introduced)} == {charlie, dana}
    assert alice in {one.user for one in meetings.candidates(dana, introduced)}


def test_closing_takes_the_addresses_back_too(introduced, meeting, alice, charlie, dana, signed_in):
    service.move(dana, introduced, "close", reason="no_agreement", reason_code="terms")
    base = f"/introductions/{introduced.ref}"
    assert signed_in(charlie).get(f"{base}/meetings/{meeting.id}/calendar.ics").status_code == 404
    told = signed_in(charlie).get(f"/api/v1{base}/meetings").json["items"][0]
    assert told["calendar"] is None and {one["name"] for one in told["attendees"]} >= {"Charlie", "Dana"}
    assert "Alice" not in str(told) and alice.id not in [one["id"] for one in told["attendees"]]


def test_who_is_no_longer_invited_learns_nothing_new(introduced, meeting, alice, bob, charlie, dana):
    meetings.change(dana, meeting, **a_plan(alice, bob, charlie))
    changed = a_plan(bob, charlie, agenda="Alice must not know", link="https://meet.example/new")
    meetings.change(dana, meeting, **changed)
    to_alice = select(OutgoingMail).where(OutgoingMail.to == alice.email).order_by(OutgoingMail.id.desc())
    entry = (next(mail.calendar for mail in session.scalars(to_alice) if mail.calendar) or "").replace("\r\n ", "")
    assert "METHOD:CANCEL" in entry and "must not know" not in entry and "meet.example" not in entry


def test_a_meeting_of_a_closed_case_is_not_moved_but_may_be_cancelled(introduced, meeting, alice, charlie, dana):
    service.move(dana, introduced, "close", reason="no_agreement", reason_code="terms")
    with pytest.raises(Conflict):
        meetings.change(dana, meeting, **a_plan(charlie))
    meetings.cancel(dana, meeting, "The talks are over.")

"""Colleagues, outsiders, and wishes to come that an operator decides on."""

from datetime import timedelta

import pytest
from conftest import a_person, an_organisation, join
from events.planned import a_series, an_edition
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.events import attending, colleagues, deciding, service
from marketplace.events.models import Attendance, EventInvitation, Registration, State
from marketplace.messaging.models import Notice
from marketplace.organisations.models import Kind, MembershipClass


@pytest.fixture
def gathering(erin, company):
    return an_edition(erin, a_series(erin))


@pytest.fixture
def selective(erin, company):
    return an_edition(erin, a_series(erin), needs_approval=True, capacity=1)


def standing(person, edition):
    return attending.of(person, edition).state


def told(person):
    return [one.phrase for one in session.scalars(
        select(Notice).where(Notice.user_id == person.id).order_by(Notice.id))]


def test_person_registers_a_colleague_who_is_told_and_can_cancel(alice, bob, gathering):
    attending.register(alice, gathering, person=bob)
    assert attending.of(bob, gathering).registered_by_id == alice.id
    assert f"{alice.name} has registered you for Injectable processes" in told(bob)[0]
    assert alice.name in told(bob)[0].in_language("zh")
    attending.cancel(bob, gathering)
    assert (standing(bob, gathering), gathering.taken) == (Attendance.CANCELLED, 0)


def test_who_cancelled_is_not_registered_again_by_a_colleague(alice, bob, gathering):
    attending.register(alice, gathering, person=bob)
    attending.cancel(bob, gathering)
    with pytest.raises(Conflict, match="only they can register again"):
        attending.register(alice, gathering, person=bob)
    assert attending.register(bob, gathering).registered_by_id is None


def test_colleague_is_taken_back_by_who_registered_them_and_by_nobody_else(alice, bob, charlie, gathering):
    attending.register(alice, gathering, person=bob)
    with pytest.raises(Forbidden):
        attending.cancel(charlie, gathering, bob)
    with pytest.raises(NotFound):
        colleagues.cancel_one(charlie, gathering, attending.of(bob, gathering).id)
    colleagues.cancel_one(alice, gathering, attending.of(bob, gathering).id)
    assert standing(bob, gathering) is Attendance.CANCELLED
    assert f"{alice.name} has cancelled your registration for Injectable processes" in told(bob)[1]


def test_only_colleagues_are_registered(alice, charlie, gathering):
    with pytest.raises(Invalid, match="Choose colleagues"):
        attending.register(alice, gathering, person=charlie)
    with pytest.raises(Invalid, match="Choose colleagues"):
        colleagues.register_some(alice, gathering, [charlie.id])
    assert session.scalars(select(Registration)).all() == []


def test_colleagues_are_registered_together_or_not_at_all(alice, bob, charlie, gathering):
    with pytest.raises(Invalid):
        colleagues.register_some(alice, gathering, [bob.id, charlie.id])
    assert attending.of(bob, gathering) is None
    assert len(colleagues.register_some(alice, gathering, [bob.id, bob.id])) == 1
    assert len(colleagues.register_some(alice, gathering, [bob.id])) == 1
    assert (gathering.taken, len(told(bob))) == (1, 1)


@pytest.mark.parametrize("nobody", [[], list(range(1, 40))])
def test_nobody_and_too_many_colleagues_are_refused(alice, gathering, nobody):
    with pytest.raises(Invalid):
        colleagues.register_some(alice, gathering, nobody)


def test_people_with_an_account_that_cannot_act_are_not_among_the_colleagues(alice, bob, gathering):
    with transaction():
        bob.confirmed_at = None
    assert colleagues.colleagues(alice, gathering) == []


def test_where_an_operator_decides_nobody_has_a_place_at_first(erin, alice, bob, selective):
    assert attending.register(alice, selective).state is Attendance.REQUESTED
    attending.register(bob, selective)
    assert selective.taken == 0
    assert "People ask to come" in told(erin)[0]
    assert len(told(erin)) == 1  # once a day, not for everybody


def test_who_is_approved_gets_a_place_while_there_is_one(erin, alice, bob, selective):
    one, two = attending.register(alice, selective), attending.register(bob, selective)
    deciding.approve(erin, selective, one.id)
    deciding.approve(erin, selective, one.id)
    deciding.approve(erin, selective, two.id)
    assert (one.state, two.state, selective.taken) == (Attendance.REGISTERED, Attendance.WAITING, 1)
    assert len(told(alice)) == 1
    assert "You have a place" in told(alice)[0]
    assert "on its waiting list" in told(bob)[0]


def test_who_is_declined_reads_why_and_their_place_goes_to_the_next(erin, alice, bob, selective):
    one, two = attending.register(alice, selective), attending.register(bob, selective)
    for each in (one, two):
        deciding.approve(erin, selective, each.id)
    deciding.decline(erin, selective, one.id, "The next one is about your field.")
    deciding.decline(erin, selective, one.id, "The next one is about your field.")
    assert "The next one is about your field." in told(alice)[-1]
    assert len(told(alice)) == 2
    assert (one.state, two.state, selective.taken) == (Attendance.DECLINED, Attendance.REGISTERED, 1)


def test_who_is_declined_stays_so_until_an_operator_changes_their_mind(erin, alice, selective):
    one = attending.register(alice, selective)
    deciding.decline(erin, selective, one.id, "Full of institutes.")
    assert attending.register(alice, selective).state is Attendance.DECLINED
    attending.cancel(alice, selective)
    assert one.state is Attendance.DECLINED
    assert deciding.approve(erin, selective, one.id).state is Attendance.REGISTERED
    assert one.decline_reason is None


def test_who_was_declined_is_not_told_that_they_are_registered(erin, alice, selective, signed_in):
    page = selective.url  # which she opened before, and which has the button still
    deciding.decline(erin, selective, attending.register(alice, selective).id, "Full of institutes.")
    answer = signed_in(alice).post(f"{page}/register", follow_redirects=True).text
    assert "You are registered" not in answer and answer.count("Full of institutes.") == 2


def test_second_of_two_operators_is_told_that_it_has_been_decided(erin, alice, selective):
    one = attending.register(alice, selective)
    deciding.approve(erin, selective, one.id)
    with pytest.raises(Conflict, match="Somebody else has decided"):
        deciding.decline(erin, selective, one.id, "No.", Attendance.REQUESTED)
    assert one.state is Attendance.REGISTERED
    deciding.decline(erin, selective, one.id, "No.", Attendance.REGISTERED)
    with pytest.raises(Conflict, match="Somebody else has decided"):
        deciding.approve(erin, selective, one.id, Attendance.REQUESTED)
    assert deciding.approve(erin, selective, one.id, Attendance.DECLINED).state is Attendance.REGISTERED


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_declining_wants_a_reason_that_can_be_read(erin, alice, selective, reason):
    one = attending.register(alice, selective)
    with pytest.raises(Invalid):
        deciding.decline(erin, selective, one.id, reason)


def test_who_came_is_not_declined(erin, alice, company):
    edition = an_edition(erin, a_series(erin), days=0)
    one = attending.register(alice, edition)
    attending.check_in(erin, edition, one.id)
    with pytest.raises(Conflict):
        deciding.decline(erin, edition, one.id, "No.")


def test_only_operators_decide(erin, alice, dana, selective):
    one = attending.register(alice, selective)
    for person in (alice, dana):
        with pytest.raises(Forbidden):
            deciding.approve(person, selective, one.id)
        with pytest.raises(Forbidden):
            deciding.decline(person, selective, one.id, "No.")


def test_registration_of_another_event_is_not_found(erin, alice, selective):
    other = an_edition(erin, selective.series, days=9)
    with pytest.raises(NotFound):
        deciding.approve(erin, selective, attending.register(alice, other).id)


def test_outsiders_come_where_they_may(erin, company, gathering):
    guest = a_person("guest@elsewhere.example")
    join(guest, an_organisation("elsewhere", Kind.COMPANY, membership=MembershipClass.GUEST))
    closed = an_edition(erin, gathering.series, days=9, open_to_outsiders=False)
    assert attending.register(guest, gathering).state is Attendance.REGISTERED
    for outsider in (guest, a_person("nobody@nowhere.example")):
        with pytest.raises(Forbidden, match="founding and ordinary members"):
            attending.register(outsider, closed)


def test_members_staff_and_the_invited_come_where_outsiders_may_not(erin, alice, dana, gathering):
    closed = an_edition(erin, gathering.series, days=9, open_to_outsiders=False, needs_approval=True)
    invited = a_person("invited@nowhere.example")
    with transaction():
        session.add(EventInvitation(edition_id=closed.id, user_id=invited.id, sent_at=clock.now()))
    assert attending.register(alice, closed).state is Attendance.REQUESTED
    assert attending.register(dana, closed).state is Attendance.REQUESTED
    assert attending.register(invited, closed).state is Attendance.REGISTERED


def test_who_asked_to_come_hears_of_a_cancelled_event(erin, alice, selective):
    attending.register(alice, selective)
    service.set_state(erin, selective, State.CANCELLED)
    assert "is cancelled" in told(alice)[-1]


def test_approval_comes_too_late_for_what_is_over(erin, alice, selective, monkeypatch):
    one = attending.register(alice, selective)
    moment = clock.now() + timedelta(days=9)
    monkeypatch.setattr(clock, "now", lambda: moment)
    with pytest.raises(Conflict):
        deciding.approve(erin, selective, one.id)

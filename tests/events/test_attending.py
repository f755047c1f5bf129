"""Who gets a place, who waits, and who comes."""

from datetime import timedelta

import pytest
from conftest import a_person
from planned import CONTENT, a_series, an_edition
from sqlalchemy import select, update

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.events import attending, service
from marketplace.events.models import Attendance, Edition, State
from marketplace.events.permissions import can_see, visible_to
from marketplace.messaging.models import Notice


@pytest.fixture
def series(erin, company):
    return a_series(erin)


def standing(edition, *people):
    return [attending.of(person, edition).state.value for person in people]


def told(person):
    theirs = select(Notice).where(Notice.user_id == person.id).order_by(Notice.id)
    return [notice.phrase for notice in session.scalars(theirs)]


def later(monkeypatch, **by):
    moment = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_places_go_to_the_first_and_the_others_wait_in_order(erin, series, alice, bob, charlie, monkeypatch):
    edition = an_edition(erin, series, capacity=1)
    for person in (alice, bob, charlie):
        attending.register(person, edition)
        later(monkeypatch, minutes=1)
    assert standing(edition, alice, bob, charlie) == ["registered", "waiting", "waiting"]
    assert [attending.turn(attending.of(p, edition)) for p in (bob, charlie)] == [1, 2]
    assert edition.taken == 1


def test_first_who_waits_moves_up_and_is_told(erin, series, alice, bob, charlie, monkeypatch):
    edition = an_edition(erin, series, capacity=1)
    for person in (alice, charlie, bob):
        attending.register(person, edition)
        later(monkeypatch, minutes=1)
    attending.cancel(alice, edition)
    assert standing(edition, alice, charlie, bob) == ["cancelled", "registered", "waiting"]
    assert "A place has become free: you are registered for Injectable processes" in told(charlie)[0]
    assert "科企见面" in told(charlie)[0].in_language("zh")
    assert told(bob) == []
    assert edition.taken == 1


def test_leaving_the_waiting_list_frees_no_place(erin, series, alice, bob):
    edition = an_edition(erin, series, capacity=1)
    attending.register(alice, edition)
    attending.register(bob, edition)
    attending.cancel(bob, edition)
    assert (edition.taken, standing(edition, alice, bob)) == (1, ["registered", "cancelled"])


def test_registering_or_cancelling_twice_changes_nothing(erin, series, alice):
    edition = an_edition(erin, series)
    first = attending.register(alice, edition)
    assert attending.register(alice, edition) is first
    assert edition.taken == 1
    attending.cancel(alice, edition)
    attending.cancel(alice, edition)
    assert edition.taken == 0


def test_who_comes_back_waits_behind_the_others(erin, series, alice, bob, charlie, monkeypatch):
    edition = an_edition(erin, series, capacity=1)
    for person in (alice, bob, charlie):
        attending.register(person, edition)
        later(monkeypatch, minutes=1)
    attending.cancel(alice, edition)
    attending.register(alice, edition)
    assert standing(edition, alice, bob, charlie) == ["waiting", "registered", "waiting"]
    assert attending.turn(attending.of(alice, edition)) == 2


def test_last_place_is_given_out_once_though_both_saw_it_free(erin, series, alice, bob):
    edition = an_edition(erin, series, capacity=1)
    assert edition.places_left == 1
    with transaction():  # somebody else's commit, which this session has not read yet
        taken = update(Edition).values(taken=1).execution_options(synchronize_session=False)
        session.execute(taken)
    assert attending.register(bob, edition).state is Attendance.WAITING


def test_raised_capacity_lets_the_waiting_in_and_cannot_fall_below_the_taken(erin, series, alice, bob, charlie):
    edition = an_edition(erin, series, capacity=1)
    for person in (alice, bob, charlie):
        attending.register(person, edition)
    same = {**CONTENT, "starts_at": edition.starts_at, "ends_at": edition.ends_at}
    service.change_edition(erin, edition, {**same, "capacity": 3}, edition.version)
    assert (edition.taken, standing(edition, bob, charlie)) == (3, ["registered", "registered"])
    with pytest.raises(Invalid, match="3 places are given out"):
        service.change_edition(erin, edition, {**same, "capacity": 2}, edition.version)


def test_those_who_come_hear_of_a_new_time_and_of_a_cancellation(erin, series, alice):
    edition = an_edition(erin, series)
    attending.register(alice, edition)
    day = timedelta(days=1)
    moved = {**CONTENT, "starts_at": edition.starts_at + day, "ends_at": edition.ends_at + day}
    service.change_edition(erin, edition, moved, edition.version)
    service.set_state(erin, edition, State.CANCELLED)
    assert "has a new time or place" in told(alice)[0]
    assert "is cancelled" in told(alice)[1]


@pytest.mark.parametrize("end", ["over", "cancelled"])
def test_nobody_hears_of_a_place_that_is_put_right_afterwards(erin, series, alice, monkeypatch, end):
    edition = an_edition(erin, series)
    attending.register(alice, edition)
    if end == "over":
        later(monkeypatch, days=8)
    else:
        service.set_state(erin, edition, State.CANCELLED)
    before = told(alice)
    right = {**CONTENT, "starts_at": edition.starts_at, "ends_at": edition.ends_at, "place_zh": "渡口小厅"}
    service.change_edition(erin, edition, right, edition.version)
    assert told(alice) == before


@pytest.mark.parametrize("state", [State.CLOSED, State.CANCELLED])
def test_nobody_registers_for_a_closed_or_cancelled_event(erin, series, alice, state):
    with pytest.raises(Conflict):
        attending.register(alice, an_edition(erin, series, state=state))


def test_nobody_registers_or_cancels_once_it_has_begun(erin, series, alice, bob, monkeypatch):
    edition = an_edition(erin, series)
    attending.register(alice, edition)
    later(monkeypatch, days=8)
    with pytest.raises(Conflict):
        attending.register(bob, edition)
    with pytest.raises(Conflict):
        attending.cancel(alice, edition)


def test_person_confirms_their_address_before_registering(erin, series, alice):
    with transaction():
        alice.confirmed_at = None
    with pytest.raises(Forbidden, match="Confirm your e-mail"):
        attending.register(alice, an_edition(erin, series))


def test_check_in_is_for_the_day_and_lets_the_waiting_in_while_places_are_left(erin, series, alice, bob, monkeypatch):
    edition = an_edition(erin, series, capacity=1)
    one, two = attending.register(alice, edition), attending.register(bob, edition)
    with pytest.raises(Conflict, match="checked in from 12 hours"):
        attending.check_in(erin, edition, one.id)
    later(monkeypatch, days=7)
    assert attending.check_in(erin, edition, one.id).state is Attendance.ATTENDED
    with pytest.raises(Conflict, match="All 1 places are given out"):
        attending.check_in(erin, edition, two.id)


def test_who_cancelled_is_not_checked_in(erin, series, alice):
    edition = an_edition(erin, series, days=0)
    registration = attending.register(alice, edition)
    attending.cancel(alice, edition)
    with pytest.raises(Conflict, match="has cancelled"):
        attending.check_in(erin, edition, registration.id)


def test_only_operators_run_events(erin, series, alice, dana):
    edition = an_edition(erin, series)
    registration = attending.register(alice, edition)
    for person in (alice, dana):
        for refused in (
            lambda p: a_series(p), lambda p: service.create_edition(p, series, CONTENT),
            lambda p: service.change_series(p, series, {}, 1), lambda p: service.change_edition(p, edition, CONTENT, 1),
            lambda p: service.set_state(p, edition, State.CANCELLED), lambda p: attending.participants(p, edition),
            lambda p: attending.check_in(p, edition, registration.id),
            lambda p: attending.undo_check_in(p, edition, registration.id),
        ):
            with pytest.raises(Forbidden):
                refused(person)


@pytest.mark.parametrize("state", State)
def test_seeing_and_finding_agree(erin, series, alice, state):
    edition = an_edition(erin, series, state=state)
    for reader in (None, alice, erin, a_person("dana@broker.example", is_broker=True)):
        found = session.scalar(select(Edition.id).where(Edition.id == edition.id, visible_to(reader))) is not None
        assert can_see(reader, edition) == found
        if not found:
            with pytest.raises(NotFound):
                service.get(reader, edition.ref)


def test_upcoming_is_in_order_and_without_what_is_over_or_hidden(erin, series):
    late, soon = an_edition(erin, series, days=9), an_edition(erin, series, days=2)
    an_edition(erin, series, days=-9)
    an_edition(erin, series, state=State.DRAFT)
    an_edition(erin, series, days=1, state=State.CANCELLED)
    assert service.upcoming(5) == [soon, late]
    assert service.upcoming(1) == [soon]


def test_state_moves_are_compare_and_set(erin, series):
    edition = an_edition(erin, series)
    with transaction():
        session.execute(update(Edition).values(state=State.CANCELLED).execution_options(synchronize_session=False))
    with pytest.raises(Conflict, match="faster"):
        service.set_state(erin, edition, State.CLOSED)

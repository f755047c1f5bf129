"""The table of moves is enforced as it stands: every move from every state, by every kind of person."""

import pytest
from conftest import a_listing, a_person, join
from sqlalchemy import text

from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid
from marketplace.listings import service
from marketplace.listings.models import State
from marketplace.listings.workflow import ACTIONS, NEXT, STATE_TONES, STATES, possible
from marketplace.organisations.models import Role

AUTHORS = {"admin", "editor"}
MAY = {
    "submit": AUTHORS,
    "approve": {"admin"},
    "send_back": {"admin"},
    "take_back": AUTHORS,
    "publish": {"broker", "operator"},
    "request_changes": {"broker", "operator"},
    "reject": {"broker", "operator"},
    "pause": AUTHORS,
    "resume": AUTHORS,
    "mark_matched": AUTHORS | {"broker", "operator"},
    "renew": AUTHORS,
    "withdraw": AUTHORS | {"operator"},
}
PEOPLE = ("visitor", "outsider", "viewer", "editor", "admin", "broker", "operator")


def the_person(who, institute):
    if who == "visitor":
        return None
    if who in ("broker", "operator"):
        return a_person("staff@platform.example", **{f"is_{who}": True})
    person = a_person("somebody@mail.example")
    if who != "outsider":
        join(person, institute, Role(who))
    return person


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
@pytest.mark.parametrize("who", PEOPLE)
def test_only_those_in_the_table_may_move(who, action, institute):
    state = State.PUBLISHED if action.name == "withdraw" else sorted(action.from_states)[0]
    listing = a_listing(institute, state=state)
    actor = the_person(who, institute)
    allowed = who in MAY[action.name]
    assert (action in possible(actor, listing)) is allowed
    if allowed:
        service.act(actor, listing, action, "because")
        assert listing.state is action.to
    else:
        with pytest.raises(Forbidden):
            service.act(actor, listing, action, "because")
        assert listing.state is state


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
@pytest.mark.parametrize("state", State)
def test_moves_begin_only_where_the_table_says(state, action, institute):
    listing = a_listing(institute, state=state)
    actor = the_person("admin" if "admin" in MAY[action.name] else "broker", institute)
    if state in action.from_states:
        service.act(actor, listing, action, "because")
        assert listing.state is action.to
    else:
        with pytest.raises((Conflict, Forbidden)):
            service.act(actor, listing, action, "because")
        assert listing.state is state


@pytest.mark.parametrize("action", [a for a in ACTIONS if a.asks], ids=lambda action: action.name)
def test_moves_that_ask_why_are_not_made_in_silence(action, institute):
    listing = a_listing(institute, state=sorted(action.from_states)[0])
    actor = the_person("admin" if "admin" in MAY[action.name] else "broker", institute)
    with pytest.raises(Invalid):
        service.act(actor, listing, action, "   ")


def test_operator_cannot_take_down_what_nobody_else_has_seen(erin, institute):
    listing = a_listing(institute, state=State.DRAFT)
    with pytest.raises(Forbidden):
        service.withdraw(erin, listing, "because")


def test_who_loses_a_race_is_told(alice, institute):
    listing = a_listing(institute)
    with transaction():
        session.execute(
            text("UPDATE listings SET version = version + 1, state = 'paused' WHERE id = :id"), {"id": listing.id}
        )
    with pytest.raises(Conflict):
        service.withdraw(alice, listing, "because")
    session.refresh(listing)
    assert listing.state is State.PAUSED


def test_writer_who_loses_a_race_is_told(alice, institute):
    listing = a_listing(institute)
    with transaction():
        session.execute(text("UPDATE listings SET version = version + 1 WHERE id = :id"), {"id": listing.id})
    with pytest.raises(Conflict):
        service.change(alice, listing, {"title": "Late"}, None)


def test_every_state_has_its_words():
    assert set(STATES) == set(STATE_TONES) == set(NEXT) == set(State)


def test_withdrawing_ends_the_waiting_change_too(alice, dana, institute):
    listing = a_listing(institute)
    service.change(alice, listing, {"trl": 9}, None)
    service.withdraw(alice, listing, "Licensed.")
    assert listing.pending is None and service.review_queue(dana)[1] == 0


def test_editor_cannot_bring_a_change_past_the_admin(alice, bob, institute):
    with transaction():
        institute.requires_approval = True
    listing = a_listing(institute)
    service.change(bob, listing, {"trl": 9}, None)
    with pytest.raises(Forbidden):
        service.submit(bob, listing)
    service.approve(alice, listing)
    assert listing.pending.state == "in_review"

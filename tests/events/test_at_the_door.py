"""Codes, who is let in, who leaves, and who did not come."""

import re
from datetime import timedelta

import pytest
from conftest import a_person
from events.planned import a_series, an_edition

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.events import attending, deciding, doors, service
from marketplace.events.models import Attendance, Registration


@pytest.fixture
def tonight(erin, company):
    return an_edition(erin, a_series(erin), days=0)


def later(monkeypatch, **by):
    moment = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_every_registration_has_a_code_of_its_own_that_nobody_guesses(alice, bob, tonight):
    one, two = attending.register(alice, tonight), attending.register(bob, tonight)
    assert one.token != two.token
    assert len(one.token) >= 20
    assert attending.by_token(one.token) is one
    for wrong in ("", "x", one.token[:-1], str(one.id)):
        with pytest.raises(NotFound):
            attending.by_token(wrong)


def test_code_checks_its_bearer_in_once_however_often_it_is_sent(erin, alice, tonight, monkeypatch):
    one = attending.register(alice, tonight)
    doors.check_in(erin, tonight, doors.address(one))
    first = one.attended_at
    later(monkeypatch, minutes=2)
    doors.check_in(erin, tonight, one.token)
    assert (one.state, one.attended_at, tonight.taken) == (Attendance.ATTENDED, first, 1)


def test_code_of_another_event_says_so_and_lets_nobody_in(erin, alice, tonight):
    other = an_edition(erin, tonight.series, days=7, title_en="Next week")
    one = attending.register(alice, other)
    with pytest.raises(Conflict) as refusal:
        doors.check_in(erin, tonight, doors.address(one))
    assert "The code of Alice is for another event: Next week" in refusal.value.message.in_language("en")
    assert one.state is Attendance.REGISTERED


@pytest.mark.parametrize("text", ["hello", "https://evil.example/x", "", "/events/tickets/", "a" * 500, "x\0y"])
def test_what_is_no_code_is_named(erin, tonight, text):
    with pytest.raises(Invalid, match="is no code of ours"):
        doors.check_in(erin, tonight, text)


def test_guest_who_left_is_not_there_and_can_come_back(erin, alice, bob, tonight):
    one, two = attending.register(alice, tonight), attending.register(bob, tonight)
    for each in (one, two):
        attending.check_in(erin, tonight, each.id)
    came = one.attended_at
    attending.leave(erin, tonight, one.id)
    attending.leave(erin, tonight, one.id)
    assert attending.present(tonight) == [two]
    assert attending.placed(tonight) == [one, two]
    assert doors.counts(tonight) == {"came": 2, "here": 1, "left": 1, "expected": 0}
    attending.check_in(erin, tonight, one.id)
    assert (attending.present(tonight), one.attended_at, tonight.taken) == ([one, two], came, 2)


def test_who_never_came_cannot_leave(erin, alice, tonight):
    one = attending.register(alice, tonight)
    with pytest.raises(Conflict, match="has not been checked in"):
        attending.leave(erin, tonight, one.id)


def test_check_in_that_is_undone_leaves_no_trace_of_having_left(erin, alice, tonight):
    one = attending.register(alice, tonight)
    attending.check_in(erin, tonight, one.id)
    attending.leave(erin, tonight, one.id)
    attending.undo_check_in(erin, tonight, one.id)
    assert (one.state, one.attended_at, one.left_at) == (Attendance.REGISTERED, None, None)


def test_who_was_declined_is_not_let_in_and_who_still_waits_for_an_answer_is(erin, alice, bob, company):
    edition = an_edition(erin, a_series(erin), days=0, needs_approval=True)
    one, two = attending.register(alice, edition), attending.register(bob, edition)
    deciding.decline(erin, edition, one.id, "Next time.")
    with pytest.raises(Conflict, match="was declined: Next time"):
        attending.check_in(erin, edition, one.id)
    assert attending.check_in(erin, edition, two.id).state is Attendance.ATTENDED
    assert edition.taken == 1


def test_ticket_is_for_its_person_who_registered_them_and_the_door(erin, alice, bob, charlie, dana, tonight):
    one = attending.register(alice, tonight, person=bob)
    for person in (alice, bob, erin):
        assert doors.ticket(person, one.token) is one
    for person in (None, charlie, dana):
        with pytest.raises(NotFound):
            doors.ticket(person, one.token)


def test_code_is_a_picture_of_the_tickets_address(alice, tonight):
    one = attending.register(alice, tonight)
    assert doors.address(one).endswith(f"/events/tickets/{one.token}")
    assert doors.code(one).startswith("<svg")
    assert "style=" not in doors.code(one)
    assert doors.picture(one).startswith("data:image/svg+xml")


def test_somebody_with_an_account_is_let_in_at_the_door_once(erin, alice, tonight, monkeypatch):
    later(monkeypatch, hours=3)  # it has begun
    doors.add(erin, tonight, " ALICE@institute.example ")
    again = doors.add(erin, tonight, "alice@institute.example")
    assert (again.state, again.registered_by_id, tonight.taken) == (Attendance.ATTENDED, erin.id, 1)
    with pytest.raises(Invalid, match="Nobody has registered here"):
        doors.add(erin, tonight, "who@nowhere.example")


def test_nobody_is_let_in_at_the_door_beyond_the_places(erin, alice, bob, company):
    edition = an_edition(erin, a_series(erin), days=0, capacity=1)
    doors.add(erin, edition, alice.email)
    with pytest.raises(Conflict, match="All 1 places"):
        doors.add(erin, edition, bob.email)
    assert attending.of(bob, edition) is None


def test_guests_are_found_by_name_organisation_or_code(erin, alice, charlie, tonight):
    one, two = attending.register(alice, tonight), attending.register(charlie, tonight)
    assert doors.look_for(erin, tonight, "ali") == [one]
    assert doors.look_for(erin, tonight, "Compan") == [two]
    assert doors.look_for(erin, tonight, charlie.email) == [two]
    assert doors.look_for(erin, tonight, doors.address(one)) == [one]
    assert doors.look_for(erin, tonight, "%") == []
    attending.check_in(erin, tonight, one.id)
    assert doors.look_for(erin, tonight, "") == [two]


def test_who_had_a_place_and_did_not_come_is_counted_for_the_event_and_the_person(
    erin, alice, bob, charlie, tonight, monkeypatch
):
    edition = an_edition(erin, tonight.series, days=0, capacity=2)
    one, two, three = (attending.register(person, edition) for person in (alice, bob, charlie))
    attending.check_in(erin, edition, one.id)
    assert doors.no_shows(edition) == []  # they may still come
    later(monkeypatch, hours=8)
    assert doors.no_shows(edition) == [two]
    past = doors.past_of(erin, [alice.id, bob.id, charlie.id])
    assert past == {alice.id: doors.Past(1, 0), bob.id: doors.Past(0, 1)}
    assert doors.past_of(alice, [bob.id]) == {}
    assert three.state is Attendance.WAITING


def test_event_at_which_nobody_was_checked_in_says_nothing_of_anybody(erin, alice, tonight, monkeypatch):
    attending.register(alice, tonight)
    later(monkeypatch, hours=8)
    assert doors.no_shows(tonight) == []
    assert doors.past_of(erin, [alice.id]) == {}


def test_registrations_from_before_there_were_codes_get_one(alice, tonight):
    one = attending.register(alice, tonight)
    with transaction():
        one.token = None
    assert doors.code(one) == doors.picture(one) == ""
    assert doors.give_codes() == 1
    assert doors.give_codes() == 0
    assert session.get_one(Registration, one.id).token


def test_only_operators_stand_at_the_door(erin, alice, dana, tonight):
    one = attending.register(alice, tonight)
    for person in (alice, dana):
        for refused in (
            lambda p: doors.check_in(p, tonight, one.token), lambda p: doors.add(p, tonight, "x@y.example"),
            lambda p: doors.look_for(p, tonight, ""), lambda p: attending.leave(p, tonight, one.id),
        ):
            with pytest.raises(Forbidden):
                refused(person)


# As pages


def test_guest_shows_their_code_on_a_phone(signed_in, alice, tonight):
    one = attending.register(alice, tonight)
    browser = signed_in(alice)
    ticket = re.search(r'href="(/events/tickets/[^"]+)"', browser.get(tonight.url).text)[1]
    page = browser.get(ticket).text
    assert "data:image/svg+xml" in page
    assert "Show this code at the door" in page
    assert ticket.endswith(one.token)
    assert "出示此码" in browser.get(ticket + "?lang=zh").text


def test_stranger_learns_nothing_of_a_ticket(client, signed_in, alice, charlie, tonight):
    path = f"/events/tickets/{attending.register(alice, tonight).token}"
    assert client.get(path).location.startswith("/sign-in")
    assert signed_in(charlie).get(path).status_code == 404
    assert signed_in(alice).get("/events/tickets/nonsense").status_code == 404


def test_operator_scans_a_code_and_lets_the_guest_in(signed_in, erin, alice, tonight):
    one, browser = attending.register(alice, tonight), signed_in(erin)
    path = f"/events/tickets/{one.token}"
    page = browser.get(path).text
    assert "Alice" in page
    assert attending.of(alice, tonight).state is Attendance.REGISTERED  # looking lets nobody in
    button = re.search(r'action="(/events/[^"]+/check-in/\d+)"', page)[1]
    for _ in range(2):  # the network is bad, and the form is sent again
        answer = browser.post(button, follow_redirects=True)
        assert "Alice is checked in." in answer.text
    assert attending.of(alice, tonight).state is Attendance.ATTENDED
    assert button not in browser.get(path).text


def test_operator_who_stands_at_another_door_is_told_so(signed_in, erin, alice, tonight):
    other = an_edition(erin, tonight.series, days=0.2, title_en="The other room")
    one, browser = attending.register(alice, other), signed_in(erin)
    browser.get(f"{tonight.url}/check-in")
    page = browser.get(f"/events/tickets/{one.token}").text
    assert "This code is for another event" in page
    assert "The other room" in page
    assert "/check-in/" not in page
    answer = browser.post(f"{tonight.url}/check-in", data={"code": one.token})
    assert answer.status_code == 409
    assert "is for another event" in answer.text


def test_reader_at_the_door_types_codes(signed_in, erin, alice, tonight):
    one, browser = attending.register(alice, tonight), signed_in(erin)
    answer = browser.post(f"{tonight.url}/check-in", data={"code": doors.address(one)}, follow_redirects=True)
    assert "Alice is checked in." in answer.text
    answer = browser.post(f"{tonight.url}/check-in", data={"code": "nonsense"})
    assert (answer.status_code, "“nonsense” is no code of ours" in answer.text) == (422, True)


def test_guest_without_registration_is_let_in_by_their_address(signed_in, erin, alice, tonight):
    browser, path = signed_in(erin), f"{tonight.url}/check-in/new"
    answer = browser.post(path, data={"email": "alice@institute.example"}, follow_redirects=True)
    assert "Alice is checked in." in answer.text
    answer = browser.post(path, data={"email": "who@nowhere.example"})
    assert answer.status_code == 422
    assert "who@nowhere.example" in answer.text


def test_page_at_the_door_finds_people_and_notes_who_leaves(signed_in, erin, alice, tonight):
    one, door = attending.register(alice, tonight), f"{tonight.url}/check-in"
    attending.check_in(erin, tonight, one.id)
    path, everybody = f"{tonight.url}/participants/{one.id}/left", f"{tonight.url}/participants"
    browser = signed_in(erin)
    assert "Has left" in browser.get(f"{door}?q=alice").text
    assert browser.post(path, data={"back": "door"}).location == door
    assert browser.post(path).location.startswith(everybody)
    page = browser.get(everybody).text
    assert "Has left" in page
    assert "Check in again" in page


def test_door_of_a_large_event_says_how_many_more_are_expected(signed_in, erin, tonight):
    for number in range(doors.FOUND_AT_MOST + 3):
        attending.register(a_person(f"p{number}@x.example"), tonight)
    assert "and 3 more" in signed_in(erin).get(f"{tonight.url}/check-in").text


def test_badges_carry_names_and_codes_of_those_who_have_a_place(signed_in, erin, alice, bob, charlie, company):
    edition = an_edition(erin, a_series(erin), capacity=2)
    for person in (alice, bob, charlie):
        attending.register(person, edition)
    page = signed_in(erin).get(f"{edition.url}/badges").text
    assert page.count("badge-piece") == 2
    assert page.count("<svg") >= 2
    assert "Charlie" not in page
    assert "print.css" in page


def test_pages_at_the_door_take_the_same_queries_for_many_guests(
    signed_in, count_queries, erin, alice, bob, charlie, tonight
):
    attending.register(alice, tonight)
    people, address, browser = [bob.id, charlie.id], tonight.url, signed_in(erin)

    def asked(path):
        with count_queries() as seen:
            assert browser.get(address + path).status_code == 200
        return seen.count

    paths = ("/check-in", "/badges", "/participants", "/colleagues")
    few = [asked(path) for path in paths]
    edition = service.get(None, address.rpartition("/")[2])
    others = [a_person(f"p{n}@x.example") for n in range(5)]
    for person in (*(session.get_one(User, number) for number in people), *others):
        attending.register(person, edition)
    assert [asked(path) for path in paths] == few

"""Asking for a place, deciding on it, and registering colleagues, in the browser."""

import re

import pytest
from conftest import attached
from events.planned import a_series, an_edition

from marketplace.db import transaction
from marketplace.events import attending, deciding, service
from marketplace.events.models import Attendance


@pytest.fixture
def selective(erin, company):
    return an_edition(erin, a_series(erin), needs_approval=True)


def test_guest_asks_for_a_place_and_an_operator_approves(signed_in, erin, charlie, selective):
    browser, staff = signed_in(charlie), signed_in(erin)
    assert "Ask for a place" in browser.get(selective.url).text
    page = browser.post(f"{selective.url}/register", follow_redirects=True).text
    assert "The organisers decide on it" in page
    assert "Waits for approval" in page
    assert "to be decided on" in staff.get(f"{selective.url}/participants").text
    one = attending.of(charlie, selective)
    for _ in range(2):
        answer = staff.post(f"{selective.url}/participants/{one.id}/approve", follow_redirects=True)
        assert "Charlie: Registered." in answer.text
    assert "My ticket with the code" in browser.get(selective.url).text


def test_operator_declines_with_a_reason_that_the_guest_reads(signed_in, erin, charlie, selective):
    one, staff = attending.register(charlie, selective), signed_in(erin)
    path = f"{selective.url}/participants/{one.id}/decline"
    assert 'value="requested"' in staff.get(path).text
    assert staff.post(path, data={"reason": "", "seen": "requested"}).status_code == 422
    assert staff.post(path, data={"reason": "The one in May suits you.", "seen": "requested"}).status_code == 302
    page = signed_in(charlie).get(selective.url).text
    assert "The one in May suits you." in page
    assert "Ask for a place" not in page
    assert "nothing to decline" in staff.get(path).text


def test_slower_of_two_operators_keeps_what_they_wrote(signed_in, erin, charlie, selective):
    one = attending.register(charlie, selective)
    deciding.approve(erin, selective, one.id)
    answer = signed_in(erin).post(f"{selective.url}/participants/{one.id}/decline",
                                  data={"reason": "Full of companies.", "seen": "requested"})
    assert answer.status_code == 409
    assert "Full of companies." in answer.text
    assert attending.of(charlie, selective).state is Attendance.REGISTERED


def test_person_registers_colleagues_and_cancels_one(signed_in, erin, alice, bob, selective):
    number, path, browser = bob.id, f"{selective.url}/colleagues", signed_in(alice)
    assert "Bob" in browser.get(path).text
    assert browser.post(path, data={}).status_code == 422
    page = browser.post(path, data={"colleagues": [number]}, follow_redirects=True).text
    assert "1 registered" in page
    assert "by you" in page
    browser.post(re.search(r'action="([^"]+/cancel)"', page)[1])
    assert attending.of(attached(bob), service.get(None, selective.ref)).state is Attendance.CANCELLED


def test_stranger_cannot_be_registered_through_the_form(signed_in, alice, charlie, selective):
    number = charlie.id
    answer = signed_in(alice).post(f"{selective.url}/colleagues", data={"colleagues": [number]})
    assert (answer.status_code, "Choose colleagues from the list" in answer.text) == (422, True)
    assert "Charlie" not in answer.text


def test_pages_speak_chinese(signed_in, erin, alice, bob, selective):
    one = attending.register(alice, selective)
    with transaction():
        erin.language = alice.language = "zh"
    staff, browser = signed_in(erin), signed_in(alice)
    for path, word in (("/participants", "待审核"), ("/check-in", "扫码枪"), ("/badges", "胸牌"),
                       ("/invitations?look=1", "拟邀请名单"), (f"/participants/{one.id}/decline", "婉拒")):
        assert word in staff.get(selective.url + path).text, path
    assert "为同事报名" in browser.get(f"{selective.url}/colleagues").text
    assert "多久邀请您一次" in browser.get("/events/invitations").text

"""The review queue as pages."""

import pytest
from conftest import a_listing, a_person, join
from sqlalchemy import select

from marketplace.db import session
from marketplace.listings import service
from marketplace.listings.models import Listing, State
from marketplace.organisations.models import Role


def state_of(ref):
    session.expire_all()
    return session.scalars(select(Listing).where(Listing.ref == ref)).one()


def read_version(page):
    return page.split('name="version" value="')[1].split('"')[0]


@pytest.mark.parametrize("who", ["alice", "charlie"])
def test_members_have_no_queue(request, signed_in, institute, who):
    ref = a_listing(institute, state=State.SUBMITTED).ref
    browser = signed_in(request.getfixturevalue(who))
    assert browser.get("/review").status_code == 403
    assert browser.get(f"/review/{ref}").status_code == 404
    assert browser.post(f"/review/{ref}", data={"decision": "publish"}).status_code == 404
    assert state_of(ref).state is State.SUBMITTED


def test_reviewer_does_not_judge_an_organisation_of_theirs(signed_in, institute):
    rita = a_person("rita@institute.example", is_operator=True)
    join(rita, institute, Role.VIEWER)
    ref = a_listing(institute, state=State.SUBMITTED).ref
    browser = signed_in(rita)
    assert browser.post(f"/review/{ref}", data={"decision": "publish"}).status_code == 404
    assert ref not in browser.get("/review").text


def test_reviewer_publishes_what_they_read(signed_in, erin, institute):
    ref, browser = a_listing(institute, state=State.SUBMITTED).ref, signed_in(erin)
    assert ref in browser.get("/review").text
    page = browser.get(f"/review/{ref}").text
    assert "Self-extinguishing time" in page
    data = {"decision": "publish", "version": read_version(page)}
    assert browser.post(f"/review/{ref}", data=data).status_code == 302
    assert state_of(ref).state is State.PUBLISHED


def test_remark_is_needed_and_what_was_written_is_kept(signed_in, erin, institute):
    ref, browser = a_listing(institute, state=State.SUBMITTED).ref, signed_in(erin)
    response = browser.post(f"/review/{ref}", data={"decision": "reject", "reject_said": " "})
    assert response.status_code == 422 and "e-reject_said" in response.text
    long = browser.post(
        f"/review/{ref}", data={"decision": "request_changes", "request_changes_said": "Numbers! " * 300}
    )
    assert long.status_code == 422 and "Numbers! Numbers!" in long.text


def test_reviewer_of_an_older_text_is_told(signed_in, alice, erin, institute):
    listing = a_listing(institute, state=State.SUBMITTED)
    seen, ref = listing.version, listing.ref
    service.change(alice, listing, {"advantage": "Half the price: 40 against 80."}, None)
    response = signed_in(erin).post(f"/review/{ref}", data={"decision": "publish", "version": seen})
    assert response.status_code == 409 and "changed this while you were reading" in response.text
    assert state_of(ref).state is State.SUBMITTED


def test_change_is_shown_word_by_word_and_accepted(signed_in, alice, erin, institute):
    listing = a_listing(institute)
    ref = listing.ref
    service.change(alice, listing, {"title": "Flame-retardant electrolyte for ships"}, None)
    browser = signed_in(erin)
    assert "Flame-retardant electrolyte for ships" in browser.get("/review").text
    page = browser.get(f"/review/{ref}").text
    assert "<ins>ships</ins>" in page
    assert (
        browser.post(f"/review/{ref}", data={"decision": "publish", "version": read_version(page)}).status_code == 302
    )
    assert state_of(ref).title == "Flame-retardant electrolyte for ships"


def test_decision_taken_twice_is_told(signed_in, erin, dana, institute):
    ref = a_listing(institute, state=State.SUBMITTED).ref
    first, second = signed_in(erin), signed_in(dana)
    assert first.post(f"/review/{ref}", data={"decision": "publish"}).status_code == 302
    answer = second.post(f"/review/{ref}", data={"decision": "reject", "reject_said": "No."})
    assert answer.status_code == 409 and state_of(ref).state is State.PUBLISHED


@pytest.mark.parametrize("decision", ["", "withdraw", "explode"])
def test_only_decisions_are_taken_here(signed_in, erin, institute, decision):
    ref = a_listing(institute, state=State.SUBMITTED).ref
    assert signed_in(erin).post(f"/review/{ref}", data={"decision": decision}).status_code == 404


def test_draft_is_not_for_reviewers(signed_in, erin, institute):
    assert signed_in(erin).get(f"/review/{a_listing(institute, state=State.DRAFT).ref}").status_code == 404

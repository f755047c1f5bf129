"""Quick notes by hosts on a phone."""

import re

import pytest
from seating.seated import come, crowd, seat_all

from marketplace.db import session
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.seating import service
from marketplace.seating.models import HostNote, NoteKind

pytest_plugins = ["seating.seating_cast"]


@pytest.fixture
def tables(erin, charlie, friday):
    """Charlie, whose company hosts, sits at the only table he leads."""
    come(friday, charlie)
    crowd(friday, 7)
    [plan] = seat_all(erin, friday, seats=4)
    service.publish(erin, friday)
    own = next(seat.table.number for seat in plan.seats if seat.registration.user_id == charlie.id)
    return own, 3 - own


def test_host_notes_at_their_table_and_reads_it_again(charlie, erin, friday, tables):
    own, _ = tables
    service.note(charlie, friday, own, "Lin sends the samples by Friday.", "abcdefgh", kind=NoteKind.AGREED)
    [mine] = service.notes_of(charlie, friday)
    assert (mine.text, mine.kind, mine.table_number) == ("Lin sends the samples by Friday.", NoteKind.AGREED, own)
    assert service.notes_of(erin, friday) == [mine]


def test_what_was_said_is_noted_while_everybody_is_seated_again(charlie, erin, friday, tables):
    own, _ = tables
    service.withdraw(erin, friday)
    service.note(charlie, friday, own, "They meet on Monday.", "abcdefgh")
    service.ask(erin, friday, seats=4)
    service.note(charlie, friday, own, "At ten.", "hgfedcba")
    assert [one.text for one in service.notes_of(charlie, friday)] == ["They meet on Monday.", "At ten."]


def test_note_sent_twice_is_kept_once(charlie, friday, tables):
    own, _ = tables
    first = service.note(charlie, friday, own, "Once.", "abcdefgh")
    assert service.note(charlie, friday, own, "Once.", "abcdefgh").id == first.id
    assert session.query(HostNote).count() == 1


def test_host_does_not_note_at_another_table_and_an_operator_does(charlie, erin, friday, tables):
    _, other = tables
    with pytest.raises(Forbidden):
        service.note(charlie, friday, other, "Not mine.", "abcdefgh")
    service.note(erin, friday, other, "Mine.", "abcdefgh")
    assert service.notes_of(charlie, friday) == []


def test_guest_who_leads_nothing_neither_writes_nor_reads_notes(charlie, friday, tables):
    own, _ = tables
    service.note(charlie, friday, own, "For us.", "abcdefgh")
    from marketplace.events import attending
    guest = next(one.user for one in attending.placed(friday) if one.user_id != charlie.id)
    with pytest.raises(NotFound):
        service.note(guest, friday, own, "Me too.", "hgfedcba")
    assert service.notes_of(guest, friday) == [] and service.notes_of(None, friday) == []


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
def test_note_says_something_and_not_too_much(charlie, friday, tables, text):
    with pytest.raises(Invalid):
        service.note(charlie, friday, tables[0], text, "abcdefgh")


def test_phone_sends_the_form_again_and_nothing_is_doubled(signed_in, charlie, friday, tables):
    browser, url = signed_in(charlie), f"{friday.url}/table/notes"
    once = re.search(r'name="once" value="([^"]+)"', browser.get(url).text)[1]
    sent = {"once": once, "at": f"1-{tables[0]}", "kind": "asked", "text": "When is the permit due?"}
    for _ in range(3):
        assert browser.post(url, data=sent).status_code == 302
    page = browser.get(url).text
    assert page.count("When is the permit due?") == 1
    assert once not in page


def test_what_was_written_comes_back_with_the_complaint(signed_in, charlie, friday, tables):
    browser = signed_in(charlie)
    answer = browser.post(f"{friday.url}/table/notes", data={
        "once": "abcdefgh", "at": f"1-{tables[0]}", "kind": "said", "text": "x" * 2001})
    assert answer.status_code == 422 and "x" * 2001 in answer.text


def test_guest_finds_no_page_for_notes(signed_in, alice, friday, tables):
    assert signed_in(alice).get(f"{friday.url}/table/notes").status_code == 404

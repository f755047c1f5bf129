"""The page on which a table is rated, and the minutes of an edition."""

from datetime import timedelta

import pytest
from conftest import a_person, an_organisation, join
from ratings.seats import seat
from sqlalchemy import select, update

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.events import attending
from marketplace.messaging.models import Notice
from marketplace.organisations.models import Kind
from marketplace.ratings import minutes
from marketplace.ratings.models import EditionMinutes, Rating
from marketplace.seating.models import HostNote

pytest_plugins = ["ratings.at_tables"]


def a_note(evening, author, text, table=1, round=1):
    with transaction():
        session.add(HostNote(edition_id=evening.edition.id, round=round, table_number=table, author_id=author.id,
                             text=text, once=text, written_at=clock.now()))


def page(evening, ending):
    return f"{evening.edition.url}/{ending}"


def test_a_table_is_rated_with_one_form(evening, signed_in, alice, charlie, grace):
    browser = signed_in(alice)
    numbers = [evening.of(person).id for person in (charlie, grace)]
    sent = {f"verdict-{numbers[0]}": "possible", f"note-{numbers[0]}": "A trial", f"verdict-{numbers[1]}": "not_held"}
    assert browser.post(page(evening, "ratings"), data=sent).status_code == 302
    assert browser.post(page(evening, "ratings"), data=sent).status_code == 302  # sent again on a bad network
    assert len(session.scalars(select(Rating)).all()) == 2


def test_a_talk_left_out_is_left_open(evening, signed_in, alice, charlie):
    browser = signed_in(alice)
    browser.post(page(evening, "ratings"), data={f"verdict-{evening.of(charlie).id}": "informative"})
    assert [row.verdict for row in session.scalars(select(Rating))] == ["informative"]


def test_a_wrong_answer_is_named_and_nothing_is_lost(evening, signed_in, alice, charlie):
    number = evening.of(charlie).id
    answer = signed_in(alice).post(page(evening, "ratings"),
                                   data={f"verdict-{number}": "perhaps", f"note-{number}": "A pilot line"})
    assert answer.status_code == 422
    assert "A pilot line" in answer.text


def test_before_the_event_the_page_says_what_will_be_there(evening, signed_in, alice):
    evening.at(evening.edition.starts_at - timedelta(hours=1))
    assert "The event has not begun" in signed_in(alice).get(page(evening, "ratings")).text


def test_a_stranger_finds_no_ratings_and_no_minutes(evening, signed_in, dana, client):
    assert signed_in(dana).get(page(evening, "ratings")).status_code == 404
    assert signed_in(dana).get(page(evening, "minutes")).status_code == 404
    assert client.get("/ratings/forged").status_code == 404


def test_the_page_asks_the_database_no_more_for_a_larger_table(evening, erin, signed_in, alice, count_queries):
    browser = signed_in(alice)
    browser.get(page(evening, "ratings"))
    with count_queries() as few:
        browser.get(page(evening, "ratings"))
    evening.at(evening.edition.starts_at - timedelta(minutes=1))
    more = []
    for number in range(5):
        person = a_person(f"p{number}@more.example")
        join(person, an_organisation(f"more-{number}", Kind.COMPANY))
        more.append(attending.register(person, evening.edition))
        attending.check_in(erin, evening.edition, more[-1].id)
    seat(evening.edition, [evening.of(alice), *more], round=2)
    evening.at(evening.edition.ends_at)
    browser.get(page(evening, "ratings"))
    with count_queries() as many:
        assert "more-4" in browser.get(page(evening, "ratings")).text.lower()
    assert many.count <= few.count + 6  # a second plan has tables and seats of its own


def test_minutes_begin_with_what_the_hosts_noted(evening, signed_in, erin, dana):
    a_note(evening, dana, "They want a trial in spring.")
    a_note(evening, dana, "Asked about permits.", round=2)
    form = signed_in(erin).get(page(evening, "minutes/edit")).text
    assert "Table 1\n- They want a trial in spring.\n\nRound 2, table 1\n- Asked about permits." in form


def test_event_offers_minutes_to_those_who_came_once_they_are_sent_and_no_talks_where_there_are_none(
    evening, signed_in, erin, alice,
):
    event, reader = evening.edition.url, signed_in(alice)
    assert page(evening, "minutes") not in reader.get(event).text
    signed_in(erin).post(page(evening, "minutes/edit"), data={"text": "Three tables, two trials."})
    assert page(evening, "minutes") not in reader.get(event).text
    signed_in(erin).post(page(evening, "minutes/send"))
    shown = reader.get(event).text
    assert page(evening, "minutes") in shown
    assert "talks/mine" not in shown


def test_minutes_are_written_sent_once_and_read_by_those_who_came(evening, signed_in, erin, alice, bob):
    operator = signed_in(erin)
    assert operator.post(page(evening, "minutes/send")).status_code == 409
    operator.post(page(evening, "minutes/edit"), data={"text": "Three tables, two trials."})
    assert signed_in(alice).get(page(evening, "minutes")).status_code == 404  # not sent yet
    operator.post(page(evening, "minutes/send"))
    operator.post(page(evening, "minutes/send"))
    assert "Three tables, two trials." in signed_in(alice).get(page(evening, "minutes")).text
    assert signed_in(bob).get(page(evening, "minutes")).status_code == 404
    theirs = select(Notice).where(Notice.user_id == alice.id, Notice.url == page(evening, "minutes"))
    assert len(session.scalars(theirs).all()) == 1


def test_minutes_that_somebody_changes_meanwhile_are_sent_as_they_are(evening, erin):
    seen = minutes.write(erin, evening.edition, "First.", None)
    change = update(EditionMinutes).values(text="Second.", version=seen.version + 1)
    with transaction():
        session.execute(change.execution_options(synchronize_session=False))
    minutes.send(erin, evening.edition)
    session.refresh(seen)
    assert seen.text == "Second." and seen.sent_at == clock.now()


def test_two_who_write_minutes_at_once_do_not_overwrite_each_other(evening, signed_in, erin):
    operator = signed_in(erin)
    operator.post(page(evening, "minutes/edit"), data={"text": "First."})
    operator.post(page(evening, "minutes/edit"), data={"text": "Second.", "version": 1})
    late = operator.post(page(evening, "minutes/edit"), data={"text": "Third.", "version": 1})
    assert late.status_code == 409
    assert "Third." in late.text
    assert minutes.of(evening.edition).text == "Second."


@pytest.mark.parametrize(("text", "words"), [
    ("", "Write something first."), ("x" * 20_001, "At most 20000 characters"),
])
def test_minutes_that_cannot_be_kept_say_why(evening, signed_in, erin, text, words):
    answer = signed_in(erin).post(page(evening, "minutes/edit"), data={"text": text})
    assert answer.status_code == 422
    assert words in answer.text


def test_nobody_but_operators_writes_minutes(evening, signed_in, alice, dana):
    for person in (alice, dana):
        assert signed_in(person).get(page(evening, "minutes/edit")).status_code == 403
        assert signed_in(person).post(page(evening, "minutes/send")).status_code == 403

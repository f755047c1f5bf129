"""What is written to people after an edition: thanks with the names of their table, and a question half a year on."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace import clock, workdays
from marketplace.db import session
from marketplace.events import service as events
from marketplace.events.models import State
from marketplace.messaging import preferences
from marketplace.messaging.kinds import Frequency, Kind
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.outbox import Entry
from marketplace.ratings import following, service, thanks
from marketplace.ratings.models import Verdict
from marketplace.ratings.service import Said

pytest_plugins = ["ratings.at_tables"]


def mails(to=None):
    ours = select(OutgoingMail).where(OutgoingMail.body.contains("/ratings/"))
    return [one for one in session.scalars(ours.order_by(OutgoingMail.id)) if to is None or one.to == to.email]


def notices(person):
    return session.scalars(select(Notice.url).where(Notice.user_id == person.id, Notice.url.contains("/rat"))).all()


def over():
    return session.scalars(select(Entry.subject_id).where(Entry.topic == "edition.over")).all()


def noon(days):
    """Of the first working day from then on: holidays are no weekends."""
    day = workdays.first_from(clock.today() + timedelta(days=days))
    return datetime(day.year, day.month, day.day, 12, tzinfo=clock.PLACE)


def test_an_edition_is_over_once_and_not_at_once(evening):
    evening.at(evening.edition.ends_at)
    assert following.note_over() == 0
    evening.at(evening.edition.ends_at + timedelta(hours=1))
    assert following.note_over() == 1
    assert following.note_over() == 0
    assert over() == [evening.edition.id]


def test_what_is_long_over_or_cancelled_is_left_alone(evening, erin):
    evening.at(evening.edition.ends_at + timedelta(days=15))
    assert following.note_over() == 0
    evening.at(evening.edition.starts_at - timedelta(minutes=1))
    events.set_state(erin, evening.edition, State.CANCELLED)
    evening.at(evening.edition.ends_at + timedelta(hours=2))
    assert following.note_over() == 0


def test_those_who_came_are_thanked_once_with_the_names_of_their_table(evening, alice, bob, charlie, grace):
    following.note_over()
    thanks.send([evening.edition.id])
    thanks.send([evening.edition.id])
    assert [mail.to for mail in mails()] == [alice.email, charlie.email, grace.email]
    [mail] = mails(alice)
    assert "Injectable processes" in mail.subject
    assert "Charlie" in mail.body
    assert "Grace" in mail.body
    assert "Bob" not in mail.body
    assert "List-Unsubscribe" in mail.headers
    assert notices(alice) == [f"{evening.edition.url}/ratings"]


def test_the_link_of_the_mail_opens_the_page_and_a_button_saves(evening, client, alice, charlie):
    following.note_over()
    thanks.send([evening.edition.id])
    path = re.search(r"(/ratings/\S+)", mails(alice)[0].body)[1]
    page = client.get(path)
    assert page.status_code == 200
    assert "Charlie" in page.text
    number = evening.of(charlie).id
    answer = client.post(path, data={f"verdict-{number}": "possible", f"note-{number}": "A trial"})
    assert answer.status_code == 302
    assert service.asked(evening.of(alice), evening.edition)[0].rating.note == "A trial"
    assert 'value="possible" checked' in client.get(path).text


def test_who_wants_no_mail_of_events_gets_none(evening, alice):
    preferences.choose(alice, {Kind.EVENTS: Frequency.NEVER})
    following.note_over()
    thanks.send([evening.edition.id])
    assert mails(alice) == []
    assert notices(alice) == [f"{evening.edition.url}/ratings"]


def test_chinese_readers_read_chinese(evening, alice):
    alice.language = "zh"
    session.commit()
    following.note_over()
    thanks.send([evening.edition.id])
    assert "科企见面：注射剂工艺" in mails(alice)[0].subject
    assert "同桌" in mails(alice)[0].body


@pytest.fixture
def rated(evening, alice, charlie, grace):
    following.note_over()
    thanks.send([evening.edition.id])
    service.rate(evening.of(alice), evening.edition, {
        evening.of(charlie).id: Said(Verdict.INFORMATIVE), evening.of(grace).id: Said(Verdict.NOT_HELD)})
    return evening


def test_half_a_year_on_those_whose_talks_took_place_are_asked_once(rated, alice, charlie):
    rated.at(noon(150))
    assert following.ask_again() == 0
    rated.at(noon(190))
    assert following.ask_again() == 1
    assert following.ask_again() == 0
    mail = mails(alice)[-1]
    assert mail.subject.startswith("Half a year after")
    assert "Charlie" in mail.body
    assert "Grace" not in mail.body


def test_nobody_is_asked_in_the_night(rated):
    rated.at(noon(190).replace(hour=3))
    assert following.ask_again() == 0


def test_the_second_question_is_answered_on_the_same_page(rated, signed_in, alice, charlie):
    rated.at(noon(190))
    browser = signed_in(alice)
    page = browser.get(f"{rated.edition.url}/ratings")
    assert "What became of your talks?" in page.text
    assert "You said then: It was informative" in page.text
    number = rated.of(charlie).id
    assert browser.post(f"{rated.edition.url}/ratings", data={f"later-{number}": "agreed"}).status_code == 302
    assert service.asked_again(rated.of(alice), rated.edition)[0].rating.later == "agreed"

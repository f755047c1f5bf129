"""A mail of a broadcast is passed on: its link says nothing in its reader's name before they have said so."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from conftest import a_listing
from sqlalchemy import func, select
from told import a_funding_need, an_investor, sent, write_all

from marketplace import clock
from marketplace.broadcasts import answering, confirming, news
from marketplace.broadcasts.models import Recipient
from marketplace.db import session
from marketplace.errors import Forbidden
from marketplace.introductions.models import Introduction, Origin
from marketplace.listings import service as listings
from marketplace.messaging.models import OutgoingMail

SUBJECT = "Is it you who is interested?"


@pytest.fixture
def funding(company):
    return a_funding_need(company)


@pytest.fixture
def reader():
    return an_investor("investor")


@pytest.fixture
def way(erin, funding, reader):
    """The path behind the button of the mail that the reader got."""
    sent(erin, funding)
    write_all()
    number = session.scalar(select(Recipient.id).where(Recipient.user_id == reader.id))
    return "/news/" + answering.link(number).rpartition("/")[2]


def cases() -> int:
    return session.scalar(select(func.count()).select_from(Introduction))


def questions() -> list[OutgoingMail]:
    return list(session.scalars(select(OutgoingMail).where(OutgoingMail.subject.startswith(SUBJECT))))


def confirming_path() -> str:
    return re.search(r"(/news/[\w.-]+)", questions()[0].body)[1]


def test_page_says_for_whom_the_link_speaks_and_hides_the_address(client, way, reader):
    page = client.get(way).text
    assert "Investor · Investor" in page and "i***@investor.example" in page
    assert "investor@investor.example" not in page and f"/sign-in?next={way}" in page


def test_whoever_holds_the_mail_reads_nothing_that_is_the_readers_own(client, way, reader):
    a_listing(reader.memberships[0].organisation, title="A fund that is not announced")
    page = client.get(way).text
    assert "Ten million for a pilot line" in page and "not announced" not in page and "<select" not in page


def test_press_of_somebody_not_signed_in_asks_the_reader_and_begins_nothing(client, way, reader):
    answer = client.post(way, data={"message": "Put into their mouth"}, follow_redirects=True).text
    assert "We have written to i***@investor.example." in answer
    assert cases() == 0
    [mail] = questions()
    assert mail.to == "investor@investor.example" and "Ten million for a pilot line" in mail.body
    assert "Put into their mouth" not in mail.body


def test_pressing_again_and_again_writes_one_mail_a_day(client, way):
    for _ in range(4):
        client.post(way, data={})
    assert len(questions()) == 1
    with clock.at(clock.now() + timedelta(days=1)):
        client.post(way, data={})
    assert len(questions()) == 2


def test_link_in_that_mail_opens_a_page_whose_press_begins_the_introduction(client, way, funding):
    client.post(way, data={})
    own = confirming_path()
    page = client.get(own)
    assert page.status_code == 200 and "What is sent with it" in page.text and cases() == 0
    assert client.post(own, data={}).status_code == 302
    case = session.scalars(select(Introduction)).one()
    assert case.need_id == funding.id and case.origin is Origin.BROADCAST
    client.post(own, data={})
    client.post(way, data={})
    assert cases() == 1 and len(questions()) == 1


def test_that_link_works_for_three_days(client, way):
    client.post(way, data={})
    own = confirming_path()
    with clock.at(clock.now() + timedelta(days=4)):
        assert client.get(own).status_code == 404 and client.post(own, data={}).status_code == 404
        assert client.get(way).status_code == 200
    assert cases() == 0


def test_reader_who_is_signed_in_is_asked_nothing(signed_in, way, reader):
    browser = signed_in(reader)
    assert "You answer as Investor · Investor." in browser.get(way).text
    browser.post(way, data={})
    assert cases() == 1 and questions() == []


def test_somebody_else_who_is_signed_in_is_shown_their_own_way(signed_in, way, alice, funding):
    ref = funding.ref
    browser = signed_in(alice)
    page = browser.get(way).text
    assert "You are signed in as Alice" in page and f'href="/listings/{ref}"' in page
    assert "i***@investor.example" in page
    browser.post(way, data={})
    assert cases() == 0


def test_what_has_been_answered_tells_a_stranger_nothing_of_the_case(client, signed_in, way, reader):
    signed_in(reader).post(way, data={})
    ref = session.scalars(select(Introduction.ref)).one()
    page = client.get(way).text
    assert "This mail has been answered." in page and ref not in page


def test_need_that_closed_meanwhile_asks_nobody(client, charlie, way, funding):
    listings.mark_matched(charlie, funding)
    assert client.post(way, data={}).status_code == 409
    assert questions() == []


def test_nothing_begins_in_the_name_of_somebody_who_is_not_there(way, alice):
    for holder in (None, alice):
        with pytest.raises(Forbidden):
            answering.interest(answering.behind(way.rpartition("/")[2], holder), {})


def test_question_is_put_in_the_readers_language(client, way, reader):
    reader.language = "zh"
    session.commit()
    client.post(way, data={})
    [mail] = session.scalars(select(OutgoingMail).order_by(OutgoingMail.id.desc()).limit(1))
    assert "是您有意向吗" in mail.subject and "是我本人" in mail.html


def test_way_out_says_for_whom_and_stays_one_press(client, reader):
    leave = "/" + news.link(reader).split("/", 3)[3]
    assert "i***@investor.example" in client.get(leave).text
    assert client.post(leave, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not news.is_subscribed(reader)


@pytest.mark.parametrize("address, shown", [
    ("li@x.example", "l***@x.example"), ("investor@investor.example", "i***@investor.example")])
def test_masked_address_is_known_to_its_owner_alone(address, shown, reader):
    reader.email = address
    assert confirming.masked(reader) == shown
    session.rollback()

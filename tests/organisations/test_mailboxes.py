"""An organisation's mailbox: named by its administrators, written to once somebody who reads it has said yes."""

import re

import pytest
from conftest import a_person, join
from sqlalchemy import select

from marketplace import clock, outbox
from marketplace.db import session, transaction
from marketplace.messaging import service as messaging
from marketplace.messaging.models import OutgoingMail
from marketplace.organisations import mailboxes
from marketplace.organisations.models import Organisation, Role
from marketplace.phrases import say

ADDRESS = "office@institute.example"


def form(organisation, **changes):
    return {"name": organisation.name, "name_en": "Institute", "kind": organisation.kind.value, "region": "440300",
            "version": organisation.version, "mailbox": ADDRESS, "mailbox_language": "en", **changes}


def mails():
    while outbox.drain():
        pass
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


def again(institute):
    return session.scalars(select(Organisation).where(Organisation.slug == "institute")).one()


@pytest.fixture
def named(signed_in, alice, institute):
    """The mailbox is named and not confirmed; the path of the link in the mail."""
    answer = signed_in(alice).post("/organisations/institute/edit", data=form(institute))
    assert answer.status_code == 302
    (mail,) = mails()
    assert (mail.to, mail.subject) == (ADDRESS, "Confirm the mailbox of Institute")
    return re.search(r"https?://[^/]+(/mailbox/\S+)", mail.body)[1]


def test_nothing_is_sent_to_it_before_its_reader_has_confirmed_it(client, named, institute):
    messaging.notify_mailbox(again(institute), say("Open"), "/account", once="1")
    assert len(mails()) == 1
    assert "Is office@institute.example read at Institute?" in client.get(named).text
    messaging.notify_mailbox(again(institute), say("Open"), "/account", once="2")
    assert len(mails()) == 1, "looking is not confirming"
    assert "The mailbox is confirmed" in client.post(named).text
    messaging.notify_mailbox(again(institute), say("Open"), "/account", once="3")
    assert [mail.to for mail in mails()] == [ADDRESS, ADDRESS]


def test_the_link_is_good_once_and_for_one_address(client, signed_in, named, alice, institute):
    assert client.post(named).status_code == 200
    assert client.get(named).status_code == 410
    signed_in(alice).post("/organisations/institute/edit", data=form(again(institute), mailbox="new@institute.example"))
    assert again(institute).mailbox_confirmed_at is None
    assert client.post(named).status_code == 410
    assert client.get("/mailbox/forged").status_code == 410


def test_the_page_says_where_it_stands_and_sends_the_link_again(client, signed_in, named, alice, institute):
    browser = signed_in(alice)
    assert "waits to be confirmed" in browser.get("/organisations/institute/edit").text
    assert "等待确认" in browser.get("/organisations/institute/edit?lang=zh").text
    browser.post("/organisations/institute/mailbox")
    assert len(mails()) == 2
    client.post(named)
    assert "was confirmed on" in signed_in(alice).get("/organisations/institute/edit?lang=en").text
    assert signed_in(alice).post("/organisations/institute/mailbox").status_code == 409


def test_an_address_that_is_none_is_refused_and_kept(signed_in, alice, institute):
    answer = signed_in(alice).post("/organisations/institute/edit", data=form(institute, mailbox="our office"))
    assert "This is not an e-mail address" in answer.text and "our office" in answer.text
    assert again(institute).mailbox is None


def test_saving_something_else_does_not_ask_again(client, signed_in, named, alice, institute):
    client.post(named)
    signed_in(alice).post("/organisations/institute/edit", data=form(again(institute), about="We make salts."))
    assert again(institute).mailbox_confirmed_at is not None
    assert len(mails()) == 1


def test_only_administrators_name_it_and_nobody_else_reads_it(client, signed_in, named, alice, bob, charlie, dana,
                                                              institute):
    viewer = a_person("victor@institute.example")
    join(viewer, institute, Role.VIEWER)
    for person in (bob, viewer, charlie, dana):
        browser = signed_in(person)
        assert browser.get("/organisations/institute/edit").status_code in (403, 404)
        assert browser.post("/organisations/institute/edit", data=form(institute)).status_code in (403, 404)
        assert browser.post("/organisations/institute/mailbox").status_code in (403, 404)
    for reader in (client, signed_in(bob), signed_in(charlie), signed_in(dana)):
        assert ADDRESS not in reader.get("/organisations/institute").text
        assert ADDRESS not in reader.get("/api/v1/organisations/institute").text


def test_its_mails_act_for_nobody_and_speak_its_language(institute):
    with transaction():
        institute.mailbox, institute.mailbox_language, institute.mailbox_confirmed_at = ADDRESS, "zh", clock.now()
    messaging.notify_mailbox(institute, say("{name} is open", name=institute), "/account", once="1")
    (mail,) = mails()
    assert (mail.subject, mail.headers) == ("institute is open", None)
    assert "unsubscribe" not in mail.body and "/leave/" not in mail.body


def test_a_mailbox_that_is_taken_away_is_not_written_to(signed_in, client, named, alice, institute):
    client.post(named)
    signed_in(alice).post("/organisations/institute/edit", data=form(again(institute), mailbox=""))
    messaging.notify_mailbox(again(institute), say("Open"), "/account", once="1")
    assert len(mails()) == 1


def test_nobody_asks_again_for_what_does_not_wait(alice, institute):
    with pytest.raises(mailboxes.Conflict):
        mailboxes.ask_again(alice, institute)

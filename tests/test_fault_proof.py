"""What looks for lost and doubled things after processes were killed finds them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from conftest import a_listing
from introductions.case_entries import ANSWERS

from benchmarks.faults import proof
from benchmarks.faults.ledger import Ledger
from benchmarks.faults.site import Hooks, Mails
from marketplace import clock, outbox
from marketplace.db import session, transaction
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction
from marketplace.introductions.talk import write_message
from marketplace.listings.models import Kind
from marketplace.messaging import service as messaging
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.webhooks import queueing, service
from marketplace.webhooks.models import Delivery, Outcome

pytestmark = pytest.mark.once


@pytest.fixture
def site():
    return SimpleNamespace(mails=Mails(), hooks=Hooks(), command=lambda *_: (0, ""))


@pytest.fixture
def ledger(alice, charlie, dana, institute, company, site) -> Ledger:
    """A day on which all went well."""
    result, need = a_listing(institute, title="F1 result"), a_listing(company, Kind.NEED, title="F1 need")
    case = introductions.express_interest(charlie, need, result, **ANSWERS)
    write_message(charlie, case, "F1 asks.")
    led = Ledger()
    led.listings |= {one.title: one.ref for one in (result, need)}
    led.states |= {one.ref: "published" for one in (result, need)}
    led.moves[case.ref, 1], led.messages["F1 asks."] = "express_interest", case.ref
    for mail in session.query(OutgoingMail):
        site.mails.arrived.append({"Message-ID": f"<mail-{mail.id}-7@here>"})
    with transaction():
        session.query(OutgoingMail).update({"sent_at": clock.now()})
    return led


def faults(site, ledger) -> str:
    return "\n".join(one for one in proof.faults(site, ledger) if "told to receivers" not in one)


def test_where_all_went_well_nothing_is_found(site, ledger):
    assert faults(site, ledger) == ""


@pytest.mark.parametrize(("part", "key", "value", "says"), [
    ("listings", "F2 result", "R-2026-009999", "1 listings are lost: F2 result"),
    ("states", "R-2026-000001", "withdrawn", "in another state than acknowledged: R-2026-000001: published"),
    ("moves", ("I-2026-000001", 2), "take", "1 moves are lost: I-2026-000001 version 2: take"),
    ("messages", "F2 asks.", "I-2026-000001", "1 messages are lost: F2 asks."),
])
def test_what_was_acknowledged_and_is_not_there_is_found(site, ledger, part, key, value, says):
    getattr(ledger, part)[key] = value
    assert says in faults(site, ledger)


def test_what_is_there_twice_is_found(site, ledger, charlie, institute):
    a_listing(institute, title="F1 result")
    case = session.query(Introduction).one()
    messaging.write(charlie, messaging.thread_of("introduction", case.id), "F1 asks.")
    found = faults(site, ledger)
    assert "1 listings are there twice: F1 result" in found and "1 messages are there twice: F1 asks." in found


def test_what_nobody_asked_for_is_found(site, ledger, institute):
    a_listing(institute, title="Nobody's")
    assert "1 listings nobody asked for: Nobody's" in faults(site, ledger)


def test_mails_that_were_not_sent_did_not_arrive_or_are_too_many_are_found(site, ledger):
    number = session.query(OutgoingMail).first().id
    site.mails.arrived = [mail for mail in site.mails.arrived if f"-{number}-" not in mail["Message-ID"]]
    assert f"1 mails never arrived: {number}" in faults(site, ledger)
    with transaction():
        session.query(OutgoingMail).filter_by(id=number).update({"sent_at": None})
        session.delete(session.query(Notice).filter_by(user_id=session.query(Notice).first().user_id).first())
    found = faults(site, ledger)
    assert "1 mails were not sent" in found and "notices are mailed at once" in found


def test_a_delivery_that_did_not_arrive_is_found(site, ledger, alice, institute):
    endpoint, _ = service.register(alice, institute, "https://hooks.example.com/", ["listing.changed"])
    with transaction():
        queueing.add([queueing.test_of(endpoint)])
    session.query(Delivery).update({"outcome": Outcome.DELIVERED})
    assert "1 deliveries never arrived" in faults(site, ledger)
    site.hooks.arrived += [session.query(Delivery).one().number] * 2
    assert "never arrived" not in faults(site, ledger) and proof.repeats(site)["deliveries"] == 1


def test_an_index_or_a_log_that_is_not_whole_is_found(site, ledger):
    site.command = lambda *words: (1, f"{words[0]} differs")
    found = faults(site, ledger)
    assert "yinqiao search check ends with 1: search differs" in found
    assert "yinqiao audit verify ends with 1: audit differs" in found


def test_a_queue_that_does_not_empty_is_said_not_to(ledger, monkeypatch):
    monkeypatch.setattr(proof, "PATIENCE", 0.3)
    assert outbox.waiting() and proof.settled() is None

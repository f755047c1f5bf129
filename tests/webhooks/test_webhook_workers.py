"""Several workers share what waits: nothing is sent twice, nobody slow holds up the others, nothing is lost."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from threading import Thread

import pytest
from conftest import a_person, an_organisation, join
from webhooks.conftest import EVERY
from webhooks.receiving import receiving

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.organisations.models import Kind
from marketplace.webhooks import calling, queueing, sending, service
from marketplace.webhooks.models import Delivery, Endpoint, Outcome


@pytest.fixture
def owner(own_database):
    """An administrator and their organisation, in a database in which commits are real."""
    person, organisation = a_person("alice@institute.example"), an_organisation("institute", Kind.INSTITUTE)
    join(person, organisation)
    return person, organisation


def waiting(owner, url: str, many: int) -> int:
    endpoint, _ = service.register(*owner, url, EVERY)
    with transaction():
        queueing.add([queueing.test_of(endpoint) for _ in range(many)])
    return endpoint.id


def workers(count: int) -> list[Thread]:
    def work() -> None:
        try:
            sending.send_due()
        finally:
            session.remove()

    threads = [Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_workers_at_the_same_moment_send_nothing_twice_and_in_order(owner):
    with receiving() as one, receiving() as other:
        first, second = waiting(owner, one.url, 25), waiting(owner, other.url, 25)
        one.takes = other.takes = 0.005
        session.remove()
        for thread in workers(4):
            thread.join()
        for endpoint, receiver in ((first, one), (second, other)):
            rows = session.query(Delivery).filter_by(endpoint_id=endpoint).order_by(Delivery.id).all()
            assert receiver.numbers == [row.number for row in rows]
            assert {row.outcome for row in rows} == {Outcome.DELIVERED}


def test_a_receiver_that_hangs_holds_up_nobody_else(owner, monkeypatch):
    monkeypatch.setattr(calling, "LONGEST", 2.0)
    with receiving() as slow, receiving() as quick:
        slow.takes = 4
        waiting(owner, slow.url, 3)
        waiting(owner, quick.url, 10)
        session.remove()
        senders, began = sending.Senders(), time.monotonic()
        senders.wake()
        while len(quick.arrived) < 10 and time.monotonic() - began < 5:
            time.sleep(0.02)
        assert time.monotonic() - began < 1.5
        assert len(slow.arrived) <= 1
        senders.stop()


def test_only_a_few_receivers_are_waited_for_at_a_time(owner, monkeypatch):
    monkeypatch.setattr(sending, "MOST_AT_ONCE", 3)
    at_once, most, lock = 0, 0, threading.Lock()

    def post(*_):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        return calling.Answer(1, None, 200)

    monkeypatch.setattr(calling, "post", post)
    for n in range(9):
        waiting(owner, f"http://127.0.0.1:9/{n}", 2)
    session.remove()
    senders = sending.Senders()
    until = time.monotonic() + 15
    while time.monotonic() < until and session.query(Delivery).filter_by(outcome=Outcome.WAITING).count():
        session.remove()
        senders.wake()
        time.sleep(0.05)
    senders.stop()
    assert most <= 3
    assert session.query(Delivery).filter_by(outcome=Outcome.DELIVERED).count() == 18


def test_what_a_dead_worker_had_claimed_is_sent_by_another_after_a_while(owner):
    with receiving() as receiver:
        endpoint = waiting(owner, receiver.url, 2)
        assert sending._claim() is not None  # and it dies
        assert sending.send_due() == 0
        with clock.at(clock.now() + sending.LEASE + timedelta(seconds=1)):
            assert sending.send_due() == 2
        assert len(set(receiver.numbers)) == 2
        assert session.get_one(Endpoint, endpoint, populate_existing=True).claim is None


def test_a_worker_that_is_alone_need_not_wait_for_that(owner):
    with receiving() as receiver:
        waiting(owner, receiver.url, 2)
        assert sending._claim() is not None  # and it dies
        sending.release_claims()
        assert sending.send_due() == 2


def test_a_worker_that_lost_its_claim_sends_nothing_more(owner):
    with receiving() as receiver:
        waiting(owner, receiver.url, 2)
        claim = sending._claim()
        with clock.at(clock.now() + sending.LEASE + timedelta(seconds=1)):
            assert sending.send_due() == 2
        assert sending._next(claim) is None


def test_an_address_deleted_while_it_is_sent_to_harms_nobody(owner):
    with receiving() as receiver:
        number = waiting(owner, receiver.url, 1)
        claim = sending._claim()
        job = sending._next(claim)
        person = session.merge(owner[0])
        service.remove(person, session.get_one(Endpoint, number))
        assert sending._note(claim, job, calling.Answer(5, None, 200)) is False


def test_stopping_finishes_what_is_being_sent_and_begins_nothing_else(owner):
    with receiving() as receiver:
        receiver.takes = 0.3
        number = waiting(owner, receiver.url, 20)
        session.remove()
        senders = sending.Senders()
        senders.wake()
        while not receiver.arrived:
            time.sleep(0.01)
        senders.stop()
        arrived = len(receiver.arrived)
        time.sleep(0.4)
        assert arrived < 5 and len(receiver.arrived) == arrived
        done = session.query(Delivery).filter_by(endpoint_id=number, outcome=Outcome.DELIVERED).count()
        assert done == arrived
        senders.wake()
        assert len(receiver.arrived) == arrived

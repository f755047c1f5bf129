"""A mail server that is away, slow or choosy: everything leaves later, and once."""

import dataclasses
from collections import Counter
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from messaging.sinks import Sink, free_port
from sqlalchemy import select

from marketplace import clock, outbox
from marketplace.db import session
from marketplace.messaging import mail, service
from marketplace.messaging.models import OutgoingMail
from marketplace.phrases import say
from marketplace.worker import Worker


@pytest.fixture
def time(monkeypatch):
    """time(seconds=30) passes."""
    now = clock.now()

    def passes(**distance):
        nonlocal now
        now += timedelta(**distance)

    monkeypatch.setattr(clock, "now", lambda: now)
    return passes


@pytest.fixture
def server(settings):
    """A server whose door opens with server.start() and shuts with server.stop(), at the same place."""
    handler = Sink()
    port = free_port()

    class Server:
        arrived = property(lambda self: handler.arrived)
        replies = handler.replies
        controller = None

        def start(self):
            self.controller = Controller(handler, hostname="127.0.0.1", port=port)
            self.controller.start()

        def stop(self):
            if self.controller:
                self.controller.stop()
                self.controller = None

    mail.bind(dataclasses.replace(settings, mail_url=f"smtp://127.0.0.1:{port}"))
    server = Server()
    yield server
    server.stop()
    mail.bind(settings)


def queue(count=1, to="alice@institute.example"):
    return [service.post_mail(to, "en", say("No. {n}", n=n), [say("x")], "/account").id for n in range(count)]


WORKER = Worker("here", alone=False)


def work():
    """The worker's rounds until there is nothing to do at this moment."""
    while WORKER.turn():
        pass


def test_after_an_hour_without_a_server_all_mail_leaves_once_and_soon(server, time):
    queued = 0
    for minute in range(60):
        if minute % 20 == 0:
            queue(2, f"person{minute}@x.example")
            queued += 2
        for _ in range(2):
            work()
            time(seconds=30)
    assert (server.arrived, outbox.waiting()) == ([], queued)
    assert "cannot be used" in session.scalars(select(outbox.Entry.error)).first()
    server.start()
    time(seconds=31)  # it is asked again at least this often, however long it was away
    work()
    assert Counter(m["to"] for m in server.arrived) == {f"person{m}@x.example": 2 for m in (0, 20, 40)}
    assert len({m["message-id"] for m in server.arrived}) == queued
    assert outbox.waiting() == 0
    time(hours=5)
    work()
    assert len(server.arrived) == queued


def test_a_server_that_goes_away_in_the_middle_gets_the_rest_later(server, time, monkeypatch):
    numbers = queue(5)
    server.start()
    carried = []
    carry = mail._deliver_one

    def breaking(number, way):
        if len(carried) == 2:
            server.stop()
        carried.append(number)
        return carry(number, way)

    monkeypatch.setattr(mail, "_deliver_one", breaking)
    work()
    assert len(server.arrived) == 2
    monkeypatch.setattr(mail, "_deliver_one", carry)
    server.start()
    time(minutes=1)
    work()
    assert sorted(m["subject"] for m in server.arrived) == [f"No. {n}" for n in range(5)]
    assert all(row.sent_at for row in session.scalars(select(OutgoingMail).where(OutgoingMail.id.in_(numbers))))


def test_a_recipient_who_is_refused_for_an_hour_holds_up_nobody(server, time):
    server.start()
    server.replies["busy@x.example"] = "451 come back later"
    queue(1, "busy@x.example")
    queue(3)
    work()
    assert len(server.arrived) == 3
    for _ in range(60):
        time(minutes=1)
        work()
    queue(1, "late@x.example")
    work()
    assert [m["to"] for m in server.arrived[3:]] == ["late@x.example"]
    server.replies.clear()
    time(hours=1, minutes=1)
    work()
    assert [m["to"] for m in server.arrived[4:]] == ["busy@x.example"]
    assert len(server.arrived) == 5


def test_a_worker_that_dies_before_it_could_note_sends_one_more_at_most_and_it_can_be_told(server, time, monkeypatch):
    server.start()
    queue()
    note = mail._note

    def dies(*_, **given):
        raise KeyboardInterrupt

    monkeypatch.setattr(mail, "_note", dies)
    with pytest.raises(KeyboardInterrupt):
        outbox.drain()
    session.rollback()
    mail._carried.clear()  # what it remembered died with it
    monkeypatch.setattr(mail, "_note", note)
    work()
    assert len(server.arrived) == 1, "its claim still stands"
    time(minutes=6)
    work()
    work()
    time(hours=2)
    work()
    assert len(server.arrived) == 2
    assert len({m["message-id"] for m in server.arrived}) == 1


def test_people_who_are_told_by_role_and_in_person_hear_though_one_address_is_wrong(server, time):
    server.start()
    server.replies["gone@x.example"] = "550 no such mailbox"
    queue(1, "gone@x.example")
    queue(1, "office@x.example")
    work()
    assert [m["to"] for m in server.arrived] == ["office@x.example"]
    assert outbox.waiting() == 0


def test_a_mail_that_left_before_the_database_went_away_is_not_sent_again(server, time, monkeypatch):
    from sqlalchemy.exc import OperationalError

    server.start()
    row = service.post_mail("alice@institute.example", "en", say("Hello"), [say("Hello")], "/events/1")
    note, away = mail._note, OperationalError("UPDATE", {}, Exception("gone"), connection_invalidated=True)

    def fails(*_, **__):
        raise away

    monkeypatch.setattr(mail, "_note", fails)
    outbox.drain()
    assert len(server.arrived) == 1
    monkeypatch.setattr(mail, "_note", note)
    time(minutes=1)
    outbox.drain()
    assert len(server.arrived) == 1
    assert session.get_one(OutgoingMail, row.id, populate_existing=True).sent_at is not None
    assert not mail._carried

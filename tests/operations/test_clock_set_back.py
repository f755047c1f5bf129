"""The clock is set back by an hour or a day: nothing is lost, happens twice, or waits for the time it said before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from conftest import a_listing
from sqlalchemy import func, select

from marketplace import audit, clock, index, outbox, sealing, subscriptions, timers, worker
from marketplace.accounts import sessions
from marketplace.db import session, transaction
from marketplace.finding import alerts, arrivals, hits, saved
from marketplace.finding.criteria import Criteria
from marketplace.finding.models import Frequency
from marketplace.listings import documents
from marketplace.messaging import digests
from marketplace.messaging import service as messaging
from marketplace.messaging.kinds import Kind as NoticeKind
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations.models import Organisation
from marketplace.phrases import say
from marketplace.rates import Count, DatabaseStorage
from marketplace.timers import Timer
from marketplace.web.health import _worker as worker_by_health
from marketplace.webhooks import calling, receivers, sending
from marketplace.webhooks import service as webhooks
from marketplace.webhooks.calling import Answer
from marketplace.webhooks.models import Delivery, Endpoint, Outcome
from search import Unavailable

BACK = [timedelta(hours=1), timedelta(days=1)]


@pytest.fixture
def noon() -> datetime:
    return clock.now().replace(hour=4, minute=0, second=0, microsecond=0)


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> worker.Worker:
    """A worker that keeps promises, and of the timers runs the one that looks after a clock set back."""
    every = subscriptions.timers()
    monkeypatch.setattr(subscriptions, "timers", lambda: [one for one in every if one.run is subscriptions.take_up])
    made = worker.Worker("one", alone=True)
    made._looked_for_indexes = True
    return made


def turns(one: worker.Worker, moment: datetime) -> None:
    """What the worker does at that moment until nothing is left to do."""
    with clock.at(moment):
        one._next_look = one._next_beat = 0
        while one.turn():
            pass


@pytest.mark.parametrize("back", BACK)
def test_promises_are_kept_once_after_the_clock_went_back(one, noon, back, monkeypatch):
    heard: list[int] = []
    down = True

    def hear(ids: list[int]) -> None:
        if down:
            raise Unavailable("connection refused")
        heard.extend(ids)

    outbox.subscribe({"listing.changed": {"index": hear}})
    try:
        for number, moment in enumerate((noon - timedelta(minutes=5), noon)):
            with clock.at(moment), transaction():
                outbox.publish("listing.changed", number)
            turns(one, moment) if number == 0 else None
        with clock.at(noon - back), transaction():
            outbox.publish("listing.changed", 2)
        down = False
        for seconds in (0, 60, 120):
            turns(one, noon - back + timedelta(seconds=seconds))
        assert Counter(heard) == {0: 1, 1: 1, 2: 1} and outbox.waiting() == 0
    finally:
        outbox.subscribe(subscriptions.table())


@pytest.mark.parametrize("back", BACK)
def test_what_a_worker_that_died_had_claimed_is_told_after_a_lease(one, noon, back):
    outbox.subscribe({"listing.changed": {"index": lambda ids: None}})
    try:
        with clock.at(noon):
            with transaction():
                outbox.publish("listing.changed", 1)
            outbox._claim(10, clock.now())
        with clock.at(noon - back):
            outbox.take_up()
            assert outbox.drain() == 0, "it may still be at work"
        with clock.at(noon - back + outbox.LEASE):
            assert (outbox.drain(), outbox.waiting()) == (1, 0)
    finally:
        outbox.subscribe(subscriptions.table())


@pytest.mark.parametrize("back", BACK)
def test_a_timer_runs_at_once_and_then_as_often_as_ever(noon, back):
    ran: list[datetime] = []
    table = [Timer("sweep", timedelta(minutes=10), lambda: ran.append(clock.now()))]

    def pass_by(begin: datetime, minutes: int) -> int:
        before = len(ran)
        for minute in range(minutes):
            with clock.at(begin + timedelta(minutes=minute)):
                timers.run_due(table)
        return len(ran) - before

    assert pass_by(noon, 20) == 2
    assert pass_by(noon + timedelta(minutes=20) - back, 60) == 6


@pytest.mark.parametrize("back", BACK)
def test_a_dead_worker_is_not_taken_for_alive_and_a_dead_rebuild_is_taken_up(noon, back):
    with clock.at(noon):
        outbox.beat("that died")
        index._begin("listings")
        assert index.asked_for() == [] and worker_by_health() == "ok"
    with clock.at(noon - back):
        assert worker_by_health() == "never seen"
        assert index.asked_for() == ["listings"]
        outbox.beat("another")
        assert worker_by_health() == "ok" and session.scalar(select(func.count()).select_from(outbox.Beat)) == 1


@pytest.mark.parametrize("back", BACK)
def test_who_is_signed_in_stays_so_and_for_no_longer_than_the_limits(app, alice, noon, back, monkeypatch):
    with clock.at(noon):
        key = sessions.add(alice)
    with clock.at(noon - back):
        opened = sessions.opened_by(key)
        assert opened is not None
        sessions.note(opened)
        assert session.scalars(select(sessions.BrowserSession.seen_at)).one() == noon - back
        assert sessions.is_confirmed(opened.row) is (back <= sessions.RECENT)


@pytest.mark.parametrize("back", BACK)
def test_what_was_used_up_too_often_is_free_again_and_counts_anew(noon, back):
    rates = DatabaseStorage("database://")
    with clock.at(noon):
        assert [rates.acquire_sliding_window_entry("k", 2, 600) for _ in range(3)] == [True, True, False]
    with clock.at(noon - back):
        assert [rates.acquire_sliding_window_entry("k", 2, 600) for _ in range(3)] == [True, True, False]
    assert session.scalar(select(func.count()).select_from(Count)) == 1


@pytest.fixture
def answers(settings, monkeypatch) -> Iterator[list[str]]:
    """What has arrived at the receiver, by number; nobody's thread sends by itself."""
    arrived: list[str] = []

    def post(receiver: object, headers: dict[str, str], body: bytes) -> Answer:
        arrived.append(headers["Yinqiao-Delivery"])
        return Answer(3, status=204)

    monkeypatch.setattr(calling, "post", post)
    monkeypatch.setattr(sending.Senders, "wake", lambda self: None)
    monkeypatch.setattr(receivers, "checked", receivers.read)
    yield arrived


@pytest.mark.parametrize("back", BACK)
def test_webhooks_that_wait_are_sent_once(answers, alice, institute, noon, back):
    with clock.at(noon):
        endpoint = webhooks.register(alice, institute, "https://hooks.example/x", ["listing.published"])[0].id
        webhooks.send_test(alice, session.get_one(Endpoint, endpoint, populate_existing=True))
        outbox.drain()
    with transaction():
        row = session.get_one(Endpoint, endpoint, populate_existing=True)
        row.failures, row.rests_until, row.claimed_until = 1, noon + timedelta(seconds=30), noon + sending.LEASE
    for seconds in (0, 60, 121, 300):
        with clock.at(noon - back + timedelta(seconds=seconds)):
            subscriptions.take_up()
            sending.send_due()
    assert len(answers) == 1
    assert session.scalars(select(Delivery.outcome)).one() is Outcome.DELIVERED


@pytest.mark.parametrize("back", BACK)
def test_the_audit_log_is_sealed_whole(alice, noon, back):
    for moment in (noon, noon - back):
        with clock.at(moment):
            with transaction():
                audit.record(alice.id, "listing.read", "listing", 1)
            sealing.seal_all()
    verdict = sealing.verify()
    assert verdict.is_whole and verdict.sealed >= 2 and verdict.waiting == 0


@pytest.mark.parametrize("back", BACK)
def test_saved_searches_tell_once_of_what_arrived_before_and_after(charlie, institute, noon, back):
    with clock.at(noon):
        saved.save(charlie, Criteria(q="electrolyte"), "Electrolytes", Frequency.AT_ONCE)
        arrives(institute, "Electrolyte before")
    with clock.at(noon - back):
        subscriptions.take_up()
        arrives(institute, "Electrolyte after")
    for minutes in (0, 6, 12, 60):
        with clock.at(noon - back + timedelta(minutes=minutes)):
            alerts.run()
    text = "".join(session.scalars(select(OutgoingMail.body)))
    assert (text.count("Electrolyte before"), text.count("Electrolyte after")) == (1, 1)


def arrives(institute: Organisation, title: str) -> None:
    a_listing(institute, title=title)
    ids = list(documents.every_id())
    index.keep(documents.LISTINGS)(ids)
    arrivals.note(ids)
    hits.look(5)


@pytest.mark.parametrize("back", BACK)
def test_collected_notices_leave_once(alice, noon, back):
    with clock.at(noon):
        messaging.notify([alice.id], say("Before"), "/account", kind=NoticeKind.NEWS)
    with clock.at(noon - back):
        messaging.notify([alice.id], say("After"), "/account", kind=NoticeKind.NEWS)
    assert session.scalars(select(Notice.mail_at).where(Notice.mail_at.is_(None))).all() == []
    for hours in range(0, 24 * 12, 6):
        with clock.at(noon - back + timedelta(hours=hours)):
            digests.run()
    text = "".join(session.scalars(select(OutgoingMail.body)))
    assert (text.count("Before"), text.count("After")) == (1, 1)

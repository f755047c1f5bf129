"""What is promised in a commit is kept: once it is noticed, in order, and whatever fails meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import func, select, update

from marketplace import clock, outbox, subscriptions
from marketplace.db import session, transaction
from marketplace.outbox import Entry
from search import Unavailable


class Listener:
    """A subscriber that notes what it heard, and fails as told."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.cannot_take: set[int] = set()
        self.down = False

    def __call__(self, ids: list[int]) -> None:
        if self.down:
            raise Unavailable("connection refused")
        if self.cannot_take & set(ids):
            raise ValueError(f"cannot take {ids}")
        self.calls.append(ids)

    @property
    def heard(self) -> list[int]:
        return [one for ids in self.calls for one in ids]


@pytest.fixture
def index() -> Listener:
    return Listener()


@pytest.fixture
def post() -> Listener:
    return Listener()


@pytest.fixture(autouse=True)
def two_subscribers(index: Listener, post: Listener) -> Iterator[None]:
    outbox.subscribe({"listing.changed": {"index": index, "post": post}, "unheard": {}})
    yield
    outbox.subscribe(subscriptions.table())


def published(*ids: int) -> None:
    with transaction():
        outbox.publish("listing.changed", *ids)


def waiting(subscriber: str) -> int:
    return session.scalar(select(func.count()).where(Entry.subscriber == subscriber)) or 0


def later(monkeypatch: pytest.MonkeyPatch, **span: float) -> None:
    moment = clock.now() + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_every_subscriber_hears_of_a_fact_once(index: Listener, post: Listener) -> None:
    published(3, 1)
    assert outbox.drain() == 4
    assert index.calls == post.calls == [[1, 3]]
    assert outbox.waiting() == 0 and outbox.drain() == 0


def test_a_fact_is_forgotten_with_the_transaction_it_belongs_to() -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        outbox.publish("listing.changed", 1)
        _ = 1 / 0
    assert outbox.waiting() == 0


def test_nothing_is_promised_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="inside transaction"):
        outbox.publish("listing.changed", 1)


def test_a_misspelt_topic_is_noticed_at_once_and_one_nobody_hears_costs_nothing() -> None:
    with pytest.raises(KeyError), transaction():
        outbox.publish("listing.chnaged", 1)
    with transaction():
        outbox.publish("unheard", 1)
    assert outbox.waiting() == 0


def test_several_changes_of_one_listing_are_told_as_one(index: Listener) -> None:
    published(7)
    published(7)
    outbox.drain()
    assert index.calls == [[7]]
    assert outbox.waiting() == 0


def test_a_change_that_arrives_while_the_handler_works_is_told_again(index: Listener) -> None:
    def slow(ids: list[int]) -> None:
        index(ids)
        if len(index.calls) == 1:
            published(7)

    outbox.subscribe({"listing.changed": {"index": slow}})
    published(7)
    assert outbox.drain() == 1
    assert outbox.drain() == 1
    assert index.calls == [[7], [7]]


def test_one_subscriber_that_fails_holds_no_other_back(index: Listener, post: Listener) -> None:
    post.cannot_take = {1}
    published(1)
    outbox.drain()
    assert index.heard == [1]
    assert (waiting("index"), waiting("post")) == (0, 1)
    assert outbox.failing() == [("post", "listing.changed", 1, "ValueError: cannot take [1]")]


def test_one_listing_that_fails_holds_no_other_back(index: Listener) -> None:
    index.cannot_take = {2}
    published(1, 2, 3)
    outbox.drain()
    assert index.heard == [1, 3]
    assert waiting("index") == 1


def test_what_failed_is_tried_again_ever_more_patiently(index: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    index.cannot_take = {1}
    published(1)
    waits = []
    for _ in range(16):
        outbox.drain()
        entry = session.scalars(select(Entry).where(Entry.subscriber == "index")).one()
        waits.append(entry.due_at - clock.now())
        session.expunge(entry)
        later(monkeypatch, hours=2)
    assert [round(wait.total_seconds()) for wait in waits[:4]] == [1, 2, 4, 8]
    assert max(waits) <= outbox.LONGEST_WAIT
    index.cannot_take = set()
    outbox.drain()
    assert index.heard == [1]


def test_during_an_outage_the_batch_stays_together_and_is_told_soon_after(
    index: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.down = True
    published(1, 2, 3)
    for _ in range(10):
        outbox.drain()
        later(monkeypatch, minutes=1)
    outbox.drain()
    index.down = False
    later(monkeypatch, seconds=31)
    outbox.drain()
    assert index.calls == [[1, 2, 3]]


def test_a_subscriber_that_is_gone_keeps_its_facts_and_says_so() -> None:
    published(1)
    outbox.subscribe({"listing.changed": {}})
    outbox.drain()
    assert outbox.waiting() == 2
    assert "nobody is subscribed as index" in outbox.failing()[0][3]


def test_what_a_dead_worker_claimed_is_told_when_its_lease_ends(
    index: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(1)
    with transaction():
        session.execute(update(Entry).values(claimed_until=clock.now() + outbox.LEASE))
    assert outbox.drain() == 0
    later(monkeypatch, seconds=outbox.LEASE.total_seconds() + 1)
    outbox.drain()
    assert index.heard == [1]


def test_a_worker_that_is_alone_need_not_wait_for_the_lease(index: Listener) -> None:
    published(1)
    with transaction():
        session.execute(update(Entry).values(claimed_until=clock.now() + outbox.LEASE))
    outbox.release_claims()
    outbox.drain()
    assert index.heard == [1]


def test_a_listing_somebody_else_is_telling_of_waits_and_others_do_not(index: Listener) -> None:
    published(1)
    with transaction():
        session.execute(update(Entry).values(claimed_until=clock.now() + outbox.LEASE))
    published(1, 2)
    outbox.drain()
    assert index.heard == [2]


def test_a_large_backlog_is_told_in_bounded_batches(index: Listener, post: Listener) -> None:
    published(*range(1200))
    while outbox.drain(500):
        pass
    assert max(map(len, index.calls)) <= outbox.BATCH
    assert sorted(index.heard) == sorted(post.heard) == list(range(1200))


def test_publishing_and_telling_a_thousand_is_cheap(index: Listener, count_queries) -> None:
    with count_queries() as asked:
        published(*range(1000))
    assert asked.count <= 3
    with count_queries() as asked:
        while outbox.drain():
            pass
    assert asked.count <= 60
    assert len(index.heard) == 1000


def test_a_beat_says_when_a_worker_was_last_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outbox.last_beat() is None
    outbox.beat("one")
    first = outbox.last_beat()
    later(monkeypatch, days=2)
    outbox.beat("two")
    assert first is not None and outbox.last_beat() == clock.now()
    assert session.scalars(select(outbox.Beat.worker)).all() == ["two"]


def test_many_workers_share_the_work_and_keep_the_order_of_each_listing(own_database: Database) -> None:
    busy: set[int] = set()
    guard, overlaps, told = threading.Lock(), [], []

    def handler(ids: list[int]) -> None:
        with guard:
            overlaps.extend(busy & set(ids))
            busy.update(ids)
        time.sleep(0.002)
        with guard:
            busy.difference_update(ids)
            told.append((threading.get_ident(), ids))

    outbox.subscribe({"listing.changed": {"index": handler}})
    for _ in range(6):
        published(*range(40))

    def work() -> None:
        idle = 0
        while idle < 20:
            idle = 0 if outbox.drain(7) else idle + 1
            session.remove()
            time.sleep(0.001)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert overlaps == []
    assert outbox.waiting() == 0
    assert {one for _, ids in told for one in ids} == set(range(40))
    assert len({worker for worker, _ in told}) > 1

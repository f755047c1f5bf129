"""The worker keeps what was promised whatever happens to it, to the engine and to the database."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import a_listing
from indexing import EngineThatIsDown
from sqlalchemy import Engine as Database
from sqlalchemy import select

from marketplace import clock, config, index, outbox, subscriptions, timers, worker
from marketplace.db import session, transaction
from marketplace.listings.models import Listing
from marketplace.organisations.models import Organisation
from marketplace.timers import Timer
from search.embedded import EmbeddedEngine

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> worker.Worker:
    monkeypatch.setattr(subscriptions, "timers", lambda: ())
    return worker.Worker("one", alone=True)


def published(listing: Listing) -> None:
    with transaction():
        outbox.publish("listing.changed", listing.id)


def later(monkeypatch: pytest.MonkeyPatch, **span: float) -> None:
    moment = clock.now() + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_it_shows_that_it_lives_and_makes_what_changed_findable(
    one: worker.Worker, institute: Organisation, engine: EmbeddedEngine
) -> None:
    published(a_listing(institute))
    assert one.turn() > 0
    assert one.turn() == 0
    assert outbox.last_beat() is not None
    assert engine.count("listings") == 1


def test_an_index_that_is_missing_is_built_from_the_rows(
    one: worker.Worker, institute: Organisation, engine: EmbeddedEngine
) -> None:
    a_listing(institute)
    assert not engine.exists("listings")
    one.turn()
    assert engine.count("listings") == 1


def test_a_rebuild_that_somebody_asked_for_is_done_and_told(
    one: worker.Worker, institute: Organisation, engine: EmbeddedEngine
) -> None:
    a_listing(institute)
    index.ask_for_rebuild("listings")
    one._looked_for_indexes = True
    one.turn()
    row = index.rebuild_of("listings")
    assert row is not None and row.ended_at is not None and row.error is None and row.done == 1
    assert engine.count("listings") == 1


def test_an_index_of_another_version_is_rebuilt_once(one: worker.Worker, engine: EmbeddedEngine, monkeypatch) -> None:
    one.turn()
    first = index.rebuild_of("listings")
    assert first is not None and first.shape == worker.subscriptions.findables()[0].shape
    monkeypatch.setattr(EmbeddedEngine, "layout", engine.layout + 1)
    after = worker.Worker("after the upgrade", alone=True, stopping=one.stopping)
    assert index.is_outdated(worker.subscriptions.findables()[0])
    after.turn()
    assert not index.is_outdated(worker.subscriptions.findables()[0])


def test_without_an_engine_other_work_goes_on_and_the_index_follows_later(
    one: worker.Worker, institute: Organisation, engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(a_listing(institute))
    index.bind(EngineThatIsDown())
    one.turn()
    assert outbox.waiting() > 0 and "Unavailable" in outbox.failing()[0][3]
    index.bind(engine)
    later(monkeypatch, minutes=1)
    one._next_look = 0
    one.turn()
    assert outbox.waiting() == 0 and engine.count("listings") == 1


def test_while_an_index_is_rebuilt_elsewhere_changes_wait(
    one: worker.Worker, institute: Organisation, engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(a_listing(institute))
    index._begin("listings")
    one._looked_for_indexes = True
    one.turn()
    assert not engine.exists("listings") and outbox.waiting() > 0
    index._note("listings", ended_at=clock.now())
    later(monkeypatch, minutes=1)
    one.turn()
    assert engine.count("listings") == 1 and outbox.waiting() == 0


def test_a_rebuild_that_died_is_taken_up_again(one: worker.Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    index._begin("listings")
    assert index.asked_for() == []
    later(monkeypatch, minutes=2)
    assert index.asked_for() == ["listings"]
    one.turn()
    assert index.asked_for() == []


def test_a_failure_is_waited_for_ever_more_patiently(one: worker.Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    turns = iter([RuntimeError("away")] * 9 + [0])

    def turn() -> int:
        outcome = next(turns)
        if isinstance(outcome, Exception):
            raise outcome
        one.stopping.set()
        return outcome

    monkeypatch.setattr(one, "turn", turn)
    monkeypatch.setattr(one.stopping, "wait", pauses.append)
    one.work()
    assert pauses[:4] == [1, 2, 4, 8]
    assert max(pauses) == worker.LONGEST_PAUSE


def test_a_timer_runs_when_its_time_has_come_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []
    table = [Timer("sweep", timedelta(hours=1), lambda: ran.append(1))]
    assert [timers.run_due(table), timers.run_due(table)] == [1, 0]
    later(monkeypatch, minutes=61)
    assert timers.run_due(table) == 1
    assert len(ran) == 2


def test_a_timer_that_fails_says_why_holds_no_other_back_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []

    def broken() -> None:
        raise ValueError("no paper")

    table = [Timer("print", timedelta(hours=1), broken), Timer("sweep", timedelta(hours=1), lambda: ran.append(1))]
    timers.run_due(table)
    assert ran == [1]
    assert session.scalars(select(timers.Due.error).where(timers.Due.name == "print")).one() == "ValueError: no paper"
    session.rollback()
    later(monkeypatch, minutes=6)
    assert timers.run_due(table) == 1


def test_of_many_workers_one_runs_a_timer(own_database: Database) -> None:
    due = Timer("sweep", timedelta(hours=1), lambda: None)
    timers.run_due([])
    timers._introduce("sweep")
    assert [timers._take(due) for _ in range(3)] == [True, False, False]


# --- as a process of its own, which is what dies


HANDLER = """
import os, sys, time
from pathlib import Path
from marketplace import config, db, outbox, subscriptions, worker

told = Path(os.environ["TOLD"])

def handler(ids):
    with told.open("a") as file:
        for one in ids:
            file.write(f"begin {one}\\n")
            file.flush()
            time.sleep(float(os.environ["SLOWLY"]))
        file.write("".join(f"end {one}\\n" for one in ids))

subscriptions.table = lambda: {"listing.changed": {"slow": handler}}
subscriptions.timers = lambda: ()
subscriptions.findables = lambda: ()
worker.run(config.read())
"""


@contextmanager
def a_worker(url: str, folder: Path, slowly: float = 0.0) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": url, "YINQIAO_VAR": str(folder / "var"),
        "SECRET_KEY": "only for the tests, nowhere else", "TOLD": str(folder / "told"), "SLOWLY": str(slowly),
    }
    child = subprocess.Popen([sys.executable, "-c", HANDLER], env=environment)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def waiting() -> int:
    session.rollback()
    return outbox.waiting()


def lines(folder: Path) -> list[str]:
    path = folder / "told"
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def promised(own_database: Database) -> Iterator[None]:
    outbox.subscribe({"listing.changed": {"slow": print}})
    with transaction():
        outbox.publish("listing.changed", *range(20))
    session.remove()
    yield
    outbox.subscribe(subscriptions.table())


def test_killed_in_the_middle_of_a_batch_it_loses_nothing(promised: None, spare_url: str, tmp_path: Path) -> None:
    with a_worker(spare_url, tmp_path, slowly=0.05) as child:
        until(lambda: len(lines(tmp_path)) > 3)
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert waiting() == 20
    assert not any(line.startswith("end") for line in lines(tmp_path))
    with a_worker(spare_url, tmp_path):
        until(lambda: waiting() == 0)
    assert sorted(line for line in lines(tmp_path) if line.startswith("end")) == sorted(f"end {n}" for n in range(20))


def test_asked_to_stop_it_finishes_the_batch_in_hand(promised: None, spare_url: str, tmp_path: Path) -> None:
    with a_worker(spare_url, tmp_path, slowly=0.03) as child:
        until(lambda: len(lines(tmp_path)) > 3)
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
    assert len([line for line in lines(tmp_path) if line.startswith("end")]) == 20
    assert waiting() == 0


def test_a_second_worker_stands_by_until_the_first_is_gone(promised: None, spare_url: str, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with (tmp_path / "var" / "worker.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with a_worker(spare_url, tmp_path):
            time.sleep(1.5)
            assert waiting() == 20
            fcntl.flock(file, fcntl.LOCK_UN)
            until(lambda: waiting() == 0)


def test_with_a_search_server_and_postgresql_workers_may_be_many(settings: config.Settings) -> None:
    server = {"meili_url": "http://127.0.0.1:7700"}
    assert not worker.may_be_many(settings)
    assert not worker.may_be_many(replace(settings, **server, database_url="sqlite:///x"))
    assert not worker.may_be_many(replace(settings, database_url="postgresql+psycopg:///x"))
    assert worker.may_be_many(replace(settings, **server, database_url="postgresql+psycopg:///x"))

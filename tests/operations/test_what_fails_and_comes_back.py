"""What fails is said, loses nothing, and works again by itself: the engine, its folder, the database's disk, the clock.

Mail that is down for an hour: tests/messaging/test_mail_outage.py. Files on a full disk and in a locked folder:
tests/files/test_places.py. A database that is away: tests/web/test_database_away.py. Kills: make fault.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import a_listing, sign_in
from flask.testing import FlaskClient
from indexing import EngineThatIsDown
from sqlalchemy import event, func, select

from marketplace import audit, clock, db, index, outbox, sealing, subscriptions, timers, worker
from marketplace.accounts import sessions
from marketplace.accounts.models import User
from marketplace.db import Base, session, transaction
from marketplace.finding import alerts, arrivals, hits, saved
from marketplace.finding.criteria import Criteria
from marketplace.finding.models import Frequency
from marketplace.listings import documents, service
from marketplace.listings.models import Listing, State
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
from search.embedded import EmbeddedEngine

BACK = [timedelta(hours=1), timedelta(days=1)]
SOON = timedelta(minutes=2)
"""After this long with a clock that was set back, nothing that was due still waits."""


@pytest.fixture
def noon() -> datetime:
    return clock.now().replace(hour=4, minute=0, second=0, microsecond=0)


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> worker.Worker:
    """A worker that keeps promises, and of the timers runs the one that looks after a clock set back."""
    every = subscriptions.timers()
    monkeypatch.setattr(subscriptions, "timers", lambda: [one for one in every if one.run is subscriptions.take_up])
    return worker.Worker("one", alone=True)


def turns(one: worker.Worker, moment: datetime) -> None:
    """What the worker does at that moment until nothing is left to do."""
    with clock.at(moment):
        one._next_look = one._next_beat = 0
        while one.turn():
            pass


def listing_of(ref: str) -> Listing:
    return session.scalars(select(Listing).where(Listing.ref == ref)).one()


def by_state(ref: str) -> State:
    return listing_of(ref).state


def found(client: FlaskClient, q: str) -> tuple[set[str], bool]:
    answer = client.get(f"/api/v1/search?q={q}").json
    return {hit["ref"] for hit in answer["hits"]}, answer["degraded"]


def index_is_the_database() -> bool:
    same = index.check(documents.LISTINGS) == (set(), set())
    session.rollback()
    return same


# --- the engine is down for ten minutes


def test_for_ten_minutes_without_the_engine_work_goes_on_and_soon_after_the_index_is_the_database(
    one, client, engine, institute, alice, noon
):
    kept, changed, gone = (a_listing(institute, title=f"{name} electrolyte").ref for name in ("Kept", "Old", "Gone"))
    author, home, new = alice.id, institute.id, ""
    turns(one, noon)
    index.bind(EngineThatIsDown())
    for passed in range(0, 600, 30):
        moment = noon + timedelta(seconds=passed)
        with clock.at(moment):
            if passed == 60:
                new = a_listing(session.get_one(Organisation, home), title="Zirconia membrane").ref
                with transaction():
                    outbox.publish("listing.changed", listing_of(new).id)
            if passed == 120:
                service.change(session.get_one(User, author), listing_of(changed), {"keywords": ["graphene"]}, None)
            if passed == 180:
                service.withdraw(session.get_one(User, author), listing_of(gone), "sold")
        turns(one, moment)
    with clock.at(noon + timedelta(minutes=10)):
        hits, degraded = found(client, "electrolyte")
        assert degraded and hits == {kept, changed, new}, "the database answers, and says so"
        assert found(client, "zirconia") == ({new}, True)
        assert "is not answering" in client.get("/search?q=electrolyte").text
        assert client.get("/readyz").json["engine"].startswith("down")
    assert outbox.waiting() >= 3 and "Unavailable" in outbox.failing()[0][3]
    index.bind(engine)
    turns(one, noon + timedelta(minutes=10, seconds=31))  # asked again at least this often
    assert outbox.waiting() == 0 and index_is_the_database()
    assert found(client, "zirconia") == ({new}, False) and found(client, "electrolyte")[0] == {kept, changed, new}
    assert by_state(gone) is State.WITHDRAWN


@pytest.mark.parametrize("error", ["No space left on device", "Read-only file system"])
def test_an_index_folder_that_cannot_be_written_to_is_waited_for(one, client, engine, institute, noon, monkeypatch,
                                                                 error):
    home = institute.id
    turns(one, noon)

    def refuse(*_: object) -> None:
        raise OSError(error)

    with monkeypatch.context() as broken:
        broken.setattr(EmbeddedEngine, "_commit", refuse)
        ref = a_listing(session.get_one(Organisation, home)).ref
        with clock.at(noon), transaction():
            outbox.publish("listing.changed", listing_of(ref).id)
        turns(one, noon + timedelta(minutes=1))
        assert outbox.failing()[0][3] == f"Unavailable: the search index failed: {error}"
        with pytest.raises(Unavailable, match=error):
            engine.upsert("listings", index_documents())
        assert client.get("/search?q=electrolyte").status_code == 200
    turns(one, noon + timedelta(minutes=2))
    assert outbox.waiting() == 0 and index_is_the_database() and found(client, "electrolyte") == ({ref}, False)


def index_documents() -> list:
    return documents.LISTINGS.build(list(documents.every_id()))[0]


def test_a_full_disk_under_the_index_itself(tmp_path, institute):
    """A file system of its own with hardly any room, where we may make one."""
    with a_file_system(tmp_path / "index", "4m") as folder:
        a_listing(institute)
        with closing(EmbeddedEngine(folder, writer=True)) as small:
            index.bind(small)
            fill(folder / "ballast")
            with pytest.raises(Unavailable, match=r"(?i)no space"):
                index.rebuild(documents.LISTINGS)
            (folder / "ballast").unlink()
            assert index.rebuild(documents.LISTINGS) == 1 and index_is_the_database()


# --- the clock goes back


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
            turns_without_rebuild(one, moment) if number == 0 else None
        with clock.at(noon - back), transaction():
            outbox.publish("listing.changed", 2)
        down = False
        for seconds in (0, 60, 120):
            turns_without_rebuild(one, noon - back + timedelta(seconds=seconds))
        assert Counter(heard) == {0: 1, 1: 1, 2: 1} and outbox.waiting() == 0
    finally:
        outbox.subscribe(subscriptions.table())


def turns_without_rebuild(one: worker.Worker, moment: datetime) -> None:
    one._looked_for_indexes = True
    turns(one, moment)


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


# --- the database may not be written to, or has no room left


class Disk:
    """A file system of its own, with a database on it; which lets write what it is told to let."""

    def __init__(self, folder: Path) -> None:
        self._ballast, self._read_only = folder / "ballast", "OFF"
        self.database = db.connect(f"sqlite:///{folder / 'small.db'}")
        event.listen(self.database, "checkout", lambda connection, *_: self._tell(connection))
        Base.metadata.create_all(self.database)
        session.remove()
        session.configure(bind=self.database, join_transaction_mode="conditional_savepoint")

    def _tell(self, connection: Any) -> None:
        connection.execute(f"PRAGMA query_only={self._read_only}").close()

    def becomes(self, what: str) -> None:
        session.remove()
        self._read_only = "ON" if what == "read-only" else "OFF"
        self._ballast.unlink(missing_ok=True)
        if what == "full":
            with self.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            fill(self._ballast)


def fill(ballast: Path) -> None:
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


@contextmanager
def a_file_system(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with a_file_system(tmp_path / "small", "32m") as folder:
        disk = Disk(folder)
        yield disk
        session.remove()
        disk.database.dispose()


TEXT = "A text that nobody writes twice. " * 20


@pytest.mark.parametrize("state", ["read-only", "full"])
@pytest.mark.parametrize(("language", "says"), [("en", "The database does not answer"), ("zh", "数据库暂时没有响应")])
def test_a_writer_is_told_in_their_language_keeps_their_text_and_can_send_it_again(
    disk, app, alice, institute, monkeypatch, state, language, says
):
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    browser = sign_in(app.test_client(), alice)
    form = {"about": TEXT, "name": "研究所", "kind": "institute", "region": "440300"}
    disk.becomes(state)
    answer = browser.post(f"/organisations/institute/edit?lang={language}", data=form)
    assert answer.status_code == 503 and says in answer.text and "nobody writes twice" in answer.text
    disk.becomes("sound")
    assert session.scalar(select(Organisation.about)) != TEXT
    session.rollback()
    again = browser.post("/organisations/institute/edit", data=form)
    assert again.status_code == 302 and session.scalar(select(Organisation.about)) == TEXT.strip()


@pytest.mark.parametrize("state", ["read-only", "full"])
def test_the_worker_says_it_once_a_pause_and_goes_on_by_itself(disk, institute, engine, caplog, monkeypatch, state):
    monkeypatch.setattr(subscriptions, "timers", lambda: ())
    one = worker.Worker("one", alone=True)
    ref = a_listing(institute, summary=TEXT).ref
    with transaction():
        outbox.publish("listing.changed", *[listing_of(ref).id])
    session.remove()
    pauses: list[float] = []

    def wait(seconds: float) -> None:
        if seconds == worker.IDLE:
            one.stopping.set()  # nothing is left to do
            return
        pauses.append(seconds)
        if len(pauses) == 4:
            disk.becomes("sound")

    monkeypatch.setattr(one.stopping, "wait", wait)
    disk.becomes(state)
    with caplog.at_level(logging.ERROR):
        one.work()
    lines = [record.getMessage() for record in caplog.records if "worker=one failed" in record.getMessage()]
    assert pauses == [1, 2, 4, 8] and len(lines) == 4 and all("database" in line for line in lines)
    assert outbox.waiting() == 0 and engine.count("listings") == 1


@pytest.mark.parametrize("command", ["worker", "serve", "doctor"])
def test_a_folder_that_cannot_be_written_to_is_said_at_the_start_in_one_sentence(tmp_path, command):
    (tmp_path / "file").write_text("")
    var = {"YINQIAO_VAR": str(tmp_path / "file" / "var"), "SECRET_KEY": "only for the tests, nowhere else"}
    ended = subprocess.run([sys.executable, "-m", "marketplace", command], env={**os.environ, **var},
                           capture_output=True, text=True, timeout=60, cwd=Path(__file__).resolve().parents[2])
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    assert "YINQIAO_VAR=" in ended.stderr and "cannot be written to (Not a directory)" in ended.stderr

"""What fails is said, loses nothing, and works again by itself: the engine, its folder, the database's disk.

Mail that is down for an hour: tests/messaging/test_mail_outage.py. Files on a full disk and in a locked folder:
tests/files/test_places.py. A database that is away: tests/web/test_database_away.py. The clock:
test_clock_set_back.py. Kills: make fault.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import a_listing, sign_in
from flask.testing import FlaskClient
from indexing import EngineThatIsDown
from sqlalchemy import event, select

from marketplace import clock, db, index, outbox, subscriptions, worker
from marketplace.accounts.models import User
from marketplace.db import Base, session, transaction
from marketplace.listings import documents, service
from marketplace.listings.models import Listing, State
from marketplace.organisations.models import Organisation
from search import Unavailable
from search.embedded import EmbeddedEngine


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
        assert degraded and hits >= {kept, changed} and gone not in hits, "the database answers, and says so"
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
    form = {"about": TEXT, "name": "institute", "kind": "institute", "region": "440300", "version": institute.version}
    disk.becomes(state)
    answer = browser.post(f"/organisations/institute/edit?lang={language}", data=form)
    assert answer.status_code == 503
    assert says in answer.text and "nobody writes twice" in answer.text
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

"""`yinqiao doctor` finds what is wrong, says what to do, and finds nothing where nothing is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import a_listing
from indexing import EngineThatIsDown
from running import environment
from sqlalchemy import Engine as Database
from sqlalchemy import delete

from marketplace import backup, clock, config, doctor, index, migrating, outbox, timers, workdays
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.doctor import BAD, OK, WARN, Finding
from marketplace.files.models import StoredFile
from marketplace.files.storage import Folder
from marketplace.listings.models import Listing
from marketplace.messaging import mail
from marketplace.organisations.models import Organisation


@pytest.fixture
def sound(tmp_path: Path) -> config.Settings:
    var = tmp_path / "var"
    return replace(
        config.read({"YINQIAO_VAR": str(var), "SECRET_KEY": "k" * 40}), base_url="https://yinqiao.example",
        trusted_proxies=1, second_factor="staff",
    )


def found(check, *arguments) -> list[Finding]:
    return list(check(*arguments))


def states(findings: list[Finding]) -> dict[str, str]:
    return {one.check: one.state for one in findings}


def test_sound_settings_are_found_sound(sound: config.Settings) -> None:
    told = found(doctor._settings, sound)
    assert {one.state for one in told if one.check != "calendar"} == {OK}, told
    assert all(one.remedy for one in told if one.state != OK)


@pytest.mark.parametrize(("change", "check", "state"), [
    ({"base_url": "http://yinqiao.example"}, "address", BAD), ({"base_url": "http://127.0.0.1:8000"}, "address", WARN),
    ({"trusted_proxies": 0}, "proxy", BAD), ({"rate_limits": False}, "rate limits", BAD),
    ({"second_factor": "off"}, "second factor", WARN), ({"secret_key": "sixteen-or-more-x"}, "secret key", WARN),
])
def test_each_setting_that_is_not_safe_is_said_with_its_remedy(
    sound: config.Settings, change: dict[str, object], check: str, state: str
) -> None:
    one = next(one for one in doctor._settings(replace(sound, **change)) if one.check == check)
    assert one.state == state and one.remedy


def test_a_secret_key_that_others_may_read_is_found(tmp_path: Path, sound: config.Settings) -> None:
    key = sound.var / "secret_key"
    key.write_text("x" * 40)
    key.chmod(0o600)
    assert states(found(doctor._settings, sound))["permissions"] == OK
    assert doctor._others_may_read(Path("/etc/hostname"))
    key.chmod(0o644)
    sound.var.chmod(0o700)
    assert not doctor._others_may_read(key)  # the folder keeps others out


def test_a_year_whose_worked_weekends_nobody_has_announced_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    workdays.bind("CN")
    monkeypatch.setattr(clock, "today", lambda: clock.date(2040, 3, 1))
    monkeypatch.setattr(workdays, "knows", lambda year: year < 2040)
    assert [one.state for one in doctor._calendar()] == [WARN]
    monkeypatch.setattr(clock, "today", lambda: clock.date(2039, 3, 1))
    assert [one.state for one in doctor._calendar()] == [OK]  # what is announced in November need not be known in March
    monkeypatch.setattr(clock, "today", lambda: clock.date(2039, 11, 1))
    assert [one.state for one in doctor._calendar()] == [WARN]


def test_the_library_knows_china_as_far_as_it_was_announced() -> None:
    workdays.bind("CN")
    assert workdays.knows(2025) and workdays.knows(2026)
    workdays.bind("SG")
    assert workdays.knows(2050)  # where nothing is worked in exchange there is nothing to announce
    workdays.bind("CN")


def test_a_worker_that_lives_and_one_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(found(doctor._worker)) == {"worker": BAD}
    outbox.beat("one")
    assert states(found(doctor._worker)) == {"worker": OK}
    later = clock.now() + timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "5 min" in found(doctor._worker)[0].told


def test_what_waits_too_long_and_what_failed_is_found(
    institute: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert states(found(doctor._outbox)) == {"outbox": OK}
    with transaction():
        outbox.publish("listing.changed", 1)
    index.bind(EngineThatIsDown())
    outbox.drain()
    later = clock.now() + timedelta(hours=7)
    monkeypatch.setattr(clock, "now", lambda: later)
    told = found(doctor._outbox)
    assert told[0].state == BAD and any("index could not hear" in one.told for one in told)


def test_timers_that_fail_or_do_not_run_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ValueError("no paper")

    timers.run_due([timers.Timer("saved searches", timedelta(hours=1), broken)])
    told = found(doctor._timers)
    assert told[0].state == WARN and "no paper" in told[0].told
    later = clock.now() + timedelta(hours=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert any(one.told == "overdue: saved searches" for one in doctor._timers())


@pytest.mark.parametrize("thorough", [False, True])
def test_an_index_that_differs_from_the_rows_is_found(institute: Organisation, engine, thorough: bool) -> None:
    listing, other = (a_listing(institute).id for _ in range(2))
    findable = doctor.subscriptions.findables()[0]
    assert states(found(doctor._index, thorough)) == {"index": WARN}
    index.rebuild(findable)
    assert states(found(doctor._index, thorough)) == {"index": OK}
    engine.delete("listings", [listing])
    assert "1 missing, 0 too many" in found(doctor._index, thorough)[0].told
    index.rebuild(findable)
    with transaction():
        session.execute(delete(Listing).where(Listing.id == other))
    assert "0 missing, 1 too many" in found(doctor._index, thorough)[0].told


def test_a_check_that_cannot_be_made_is_a_finding_and_others_go_on() -> None:
    index.bind(EngineThatIsDown())
    told = list(doctor._guarded("index", lambda: doctor._index(False)))
    assert [one.state for one in told] == [BAD] and "MEILI_URL" in told[0].remedy


def test_files_without_their_bytes_are_found(sound: config.Settings) -> None:
    digests = [f"{number:064x}" for number in range(3)]
    with transaction():
        for digest in digests:
            session.add(StoredFile(subject_kind="listing", subject_id=1, digest=digest, name="a.pdf", size=5, tier=0,
                                   media_type="application/pdf", added_at=clock.now()))
    place = Folder(sound.var / "files")
    for digest, content in zip(digests[1:], (b"12345", b"123"), strict=True):
        path = sound.var / digest
        path.write_bytes(content)
        (sound.var / "files").mkdir(exist_ok=True)
        place.keep(path, digest)
    told = found(doctor._files, sound, False)
    assert ["no bytes" in told[0].told, "other bytes" in told[1].told] == [True, True]
    assert "2 of 3 have other bytes" in found(doctor._files, sound, True)[1].told  # read, not only measured


def test_a_disk_that_is_nearly_full_is_said(sound: config.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: doctor.shutil._ntuple_diskusage(100, 95, 5))
    assert states(found(doctor._disk, sound)) == {"disk": WARN}
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: doctor.shutil._ntuple_diskusage(100, 99, 1))
    assert states(found(doctor._disk, sound)) == {"disk": BAD}


def test_a_clock_that_was_set_back_is_noticed(own_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox.beat("one")
    assert states(found(doctor._clock, own_database)) == {"clock": OK}
    earlier = clock.now() - timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: earlier)
    assert "ahead of now" in found(doctor._clock, own_database)[0].told


def test_the_age_of_the_last_backup_counts(sound: config.Settings) -> None:
    assert states(found(doctor._backup, sound)) == {"backup": WARN}
    for age, state in ((1, OK), (3, WARN), (30, BAD)):
        at = (clock.now() - timedelta(days=age)).isoformat()
        (sound.var / backup.NOTE).write_text(json.dumps({"at": at}))
        assert states(found(doctor._backup, sound)) == {"backup": state}


def test_without_an_operator_somebody_is_asked_for(erin: User) -> None:
    assert states(found(doctor._people)) == {"people": OK}
    with transaction():
        erin.disabled_at = clock.now()
    assert states(found(doctor._people)) == {"people": WARN}


def test_a_mail_server_that_does_not_answer_is_said_without_its_password(
    sound: config.Settings, settings: config.Settings
) -> None:
    away = replace(sound, mail_url="smtp://user:hunter2@127.0.0.1:1")
    mail.bind(away)
    try:
        told = list(doctor._guarded("mail server", lambda: doctor._mail_server(away)))
    finally:
        mail.bind(settings)
    assert [one.state for one in told] == [BAD] and "hunter2" not in str(told)


def test_a_database_of_another_schema_or_none_is_said(own_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "head", lambda: "9999")
    told = found(doctor._database, own_database)
    assert told[0].state == BAD and "yinqiao migrate" in told[0].remedy


@pytest.fixture
def waits_for_the_disk(own_database: Database) -> Iterator[Database]:
    """The tests' PostgreSQL does not, for speed; the doctor is right to call that a fault, so here it does."""
    if own_database.dialect.name == "sqlite":
        yield own_database
        return
    changed = ("fsync", "full_page_writes")
    system(own_database, [f"SET {name} = on" for name in changed])
    yield own_database
    system(own_database, [f"RESET {name}" for name in changed])


def system(database: Database, changes: list[str]) -> None:
    """Settings of the whole server changed. A connection hears of them before its next statement, not at once."""
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for change in changes:
            connection.exec_driver_sql(f"ALTER SYSTEM {change}")
        before = connection.exec_driver_sql("SELECT pg_conf_load_time()").scalar_one()
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 30
        while connection.exec_driver_sql("SELECT pg_conf_load_time()").scalar_one() == before:
            assert time.monotonic() < deadline, "the server did not read its settings again"
            time.sleep(0.01)


def test_a_whole_database_finds_no_fault_with_itself(waits_for_the_disk: Database) -> None:
    assert states(found(doctor._integrity, waits_for_the_disk, True)) == {"integrity": OK}


def test_a_server_that_does_not_wait_for_the_disk_is_found(own_database: Database) -> None:
    if own_database.dialect.name == "sqlite":
        pytest.skip("PostgreSQL's settings")
    told = found(doctor._integrity, own_database, True)
    assert states(told) == {"integrity": BAD}
    assert "fsync is off" in told[0].told and "full_page_writes is off" in told[0].told


@pytest.mark.once
def test_the_command_prints_findings_and_ends_with_one_when_something_is_bad(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "marketplace", "doctor"]
    for options in ([], ["--json"]):
        done = subprocess.run([*command, *options], env=environment(tmp_path / "var"), capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    told = json.loads(done.stdout)
    assert {"check", "state", "told", "remedy"} == set(told[0])
    assert any(one["check"] == "database" and "yinqiao migrate" in one["remedy"] for one in told)

"""What an operator would look at, looked at: each finding with its remedy. Nothing is changed by looking."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine as Database
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import DBAPIError

from marketplace import backup, clock, index, migrating, outbox, sealing, subscriptions, timers, workdays
from marketplace.accounts.models import User
from marketplace.audit import AuditEntry
from marketplace.config import SHORTEST_SECRET, Settings
from marketplace.db import session
from marketplace.errors import Unavailable
from marketplace.files import storage
from marketplace.files.models import StoredFile
from marketplace.messaging import mail
from search import SearchError

OK, WARN, BAD = "ok", "warn", "bad"
GOOD_SECRET = 32
SILENT = timedelta(seconds=30)
WAITS = timedelta(minutes=10)
STUCK = timedelta(hours=6)
SKEW = timedelta(seconds=2)
OVERDUE = timedelta(minutes=15)
BACKUP_OLD, BACKUP_FORGOTTEN = timedelta(days=2), timedelta(days=8)
LITTLE, VERY_LITTLE = 0.10, 0.03
"""Of a disk, what is free."""
ANNOUNCED = 11
"""The month in which next year's holidays are announced."""
HERE = ("127.0.0.1", "::1", "localhost")

REMEDIES = {
    "index": "Is the engine running, and are MEILI_URL and its key right? A worker builds an index that is missing.",
    "files": "Can the place be reached, and may we read there? FILES_URL and the settings beside it say which.",
    "mail server": "Is it running, and is MAIL_URL right? Mail waits meanwhile, and nothing of it is lost.",
}
"""Where a check cannot be made at all."""


@dataclass(frozen=True)
class Finding:
    check: str
    state: str
    """ok, warn (look at it soon) or bad (something does not work, or is not safe)."""
    told: str
    remedy: str = ""


def look(settings: Settings, database: Database, *, thorough: bool = False) -> Iterator[Finding]:
    """Every finding, as it is found. What needs the database is left out when it does not answer."""
    yield from _settings(settings)
    yield from _guarded("disk", lambda: _disk(settings))
    answers = True
    for finding in _guarded("database", lambda: _database(database)):
        answers = answers and not (finding.check == "database" and finding.state == BAD)
        yield finding
    if answers:
        for name, check in _of_rows(settings, database, thorough):
            yield from _guarded(name, check)
    yield from _guarded("mail server", lambda: _mail_server(settings))


def _of_rows(
    settings: Settings, database: Database, thorough: bool
) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
    yield "integrity", lambda: _integrity(database, thorough)
    yield "clock", lambda: _clock(database)
    yield "worker", _worker
    yield "outbox", _outbox
    yield "timers", _timers
    yield "index", lambda: _index(thorough)
    yield "files", lambda: _files(settings, thorough)
    yield "audit log", lambda: _audit(thorough)
    yield "people", _people
    yield "backup", lambda: _backup(settings)


def _guarded(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A check that fails is a finding, and the others go on."""
    try:
        yield from check()
    except (DBAPIError, SearchError, Unavailable, OSError, sqlite3.Error) as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
        yield Finding(name, BAD, f"could not be looked at: {said[0]}", REMEDIES.get(name, "See the other findings."))
    finally:
        session.rollback()


def _settings(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.base_url)
    at_home = parts.hostname in HERE
    if parts.scheme == "https":
        yield Finding("address", OK, settings.base_url)
    else:
        yield Finding("address", WARN if at_home else BAD, f"{settings.base_url} is not https",
                      "Put a proxy with TLS before it (deploy/Caddyfile); set YINQIAO_BASE_URL to its https address.")
    if parts.scheme == "https" and settings.trusted_proxies == 0:
        yield Finding("proxy", BAD, "TRUSTED_PROXIES is 0: everybody has the address of your proxy, and its limits",
                      "Set TRUSTED_PROXIES to how many proxies of yours a request passes.")
    else:
        yield Finding("proxy", OK, f"{settings.trusted_proxies} before us")
    yield (Finding("rate limits", OK, "on") if settings.rate_limits else
           Finding("rate limits", BAD, "off: passwords can be tried without end", "Take RATE_LIMITS=off away."))
    yield (Finding("second factor", OK, "asked of brokers and operators") if settings.second_factor == "staff" else
           Finding("second factor", WARN, f"{settings.second_factor}: an operator's stolen password opens everything",
                   "Set SECOND_FACTOR=staff."))
    yield from _secret(settings)
    yield from _calendar()


def _secret(settings: Settings) -> Iterator[Finding]:
    length = len(settings.secret_key)
    if length < GOOD_SECRET:
        yield Finding("secret key", WARN, f"{length} characters, where {SHORTEST_SECRET} are the least",
                      "Take 32 or more at random. Sessions end; what was sealed with the old one is to be made anew.")
    else:
        yield Finding("secret key", OK, f"{length} characters")
    url = make_url(settings.database_url)
    ours = [Path(url.database)] if url.get_backend_name() == "sqlite" and url.database else []
    private = [settings.var / backup.SECRET, *ours]
    open_to_others = [path for path in private if path.exists() and _others_may_read(path)]
    if open_to_others:
        names = ", ".join(str(path) for path in open_to_others)
        yield Finding("permissions", BAD, f"others may read {names}", f"chmod 700 {settings.var}; chmod 600 {names}")
    else:
        yield Finding("permissions", OK, f"{settings.var} is ours alone")


def _others_may_read(path: Path) -> bool:
    """May another account open it? Not if some folder above keeps others out."""
    if not path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return False
    return all(folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH) for folder in path.parents)


def _calendar() -> Iterator[Finding]:
    today = clock.today()
    due = [today.year, *([today.year + 1] if today.month >= ANNOUNCED else [])]
    unknown = [str(year) for year in due if not workdays.knows(year)]
    if unknown:
        yield Finding("calendar", WARN, f"worked weekends of {', '.join(unknown)} are not known",
                      "They are announced in November: pip install --upgrade holidays, then restart.")
    else:
        yield Finding("calendar", OK, f"knows {', '.join(map(str, due))}")


def _disk(settings: Settings) -> Iterator[Finding]:
    usage = shutil.disk_usage(settings.var)
    free = usage.free / usage.total
    told = f"{usage.free / 1e9:.1f} GB free ({free:.0%}) at {settings.var}"
    state = BAD if free < VERY_LITTLE else WARN if free < LITTLE else OK
    yield Finding("disk", state, told, "" if state == OK else "Make room, or move YINQIAO_VAR, before writing fails.")


def _database(database: Database) -> Iterator[Finding]:
    name = database.dialect.name
    try:
        with database.connect() as connection:
            question = "SELECT sqlite_version()" if name == "sqlite" else "SHOW server_version"
            known = connection.exec_driver_sql(question).scalar_one()
            revision = migrating.revision_of(connection)
    except DBAPIError as error:
        yield Finding("database", BAD, f"does not answer: {str(error.orig).strip().splitlines()[0]}",
                      "Is it running, and is DATABASE_URL right?")
        return
    if revision != migrating.head():
        newer = revision is not None and not migrating.is_known(revision)
        remedy = "Install the release it belongs to." if newer else "Run: yinqiao migrate"
        yield Finding("database", BAD, f"{name} {known} has schema {revision}; this release needs {migrating.head()}",
                      remedy)
    else:
        yield Finding("database", OK, f"{name} {known}, schema {revision}")


def _integrity(database: Database, thorough: bool) -> Iterator[Finding]:
    with database.connect() as connection:
        if database.dialect.name == "sqlite":
            how = "integrity_check" if thorough else "quick_check"
            said = [row[0] for row in connection.exec_driver_sql(f"PRAGMA {how}(5)")]
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
            faults = [one for one in said if one != "ok"] + [f"{row[0]}: a row refers to nothing" for row in broken]
        else:
            faults = list(connection.execute(text(
                "SELECT 'index ' || indexrelid::regclass || ' is not valid' FROM pg_index WHERE NOT indisvalid "
                "UNION ALL SELECT 'constraint ' || conname || ' is not validated' FROM pg_constraint "
                "WHERE NOT convalidated UNION ALL SELECT name || ' is off' FROM pg_settings "
                "WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'")).scalars())
    if faults:
        yield Finding("integrity", BAD, "; ".join(faults[:5]), "Stop, keep a copy, and restore the last good backup.")
    else:
        yield Finding("integrity", OK, "the database finds no fault with itself")


def _clock(database: Database) -> Iterator[Finding]:
    if database.dialect.name == "postgresql":
        with database.connect() as connection:
            before = datetime.now(UTC)
            theirs = connection.scalar(select(func.clock_timestamp()))
            after = datetime.now(UTC)
        assert theirs is not None
        skew = max(timedelta(0), before - theirs, theirs - after)
        if skew > SKEW:
            yield Finding("clock", BAD, f"{skew.total_seconds():.0f} s apart from the database's",
                          "Let both machines keep time (chrony or systemd-timesyncd).")
            return
    last = session.scalar(select(func.max(outbox.Beat.at)))  # last_beat() leaves out what lies ahead
    if last is not None and last > clock.now() + SKEW:
        yield Finding("clock", BAD, f"the latest sign of life is {_span(last - clock.now())} ahead of now",
                      "The clock was set back, or another machine's is ahead: let all keep time.")
    else:
        yield Finding("clock", OK, "agrees with the database")


def _worker() -> Iterator[Finding]:
    last = outbox.last_beat()
    if last is None or clock.now() - last > SILENT:
        told = f"silent for {_span(clock.now() - last)}" if last else "never seen"
        yield Finding("worker", BAD, told, "Start one: yinqiao serve, or yinqiao worker. Its log says why it ended.")
    else:
        yield Finding("worker", OK, "alive")


def _outbox() -> Iterator[Finding]:
    waiting, due = session.execute(select(func.count(), func.min(outbox.Entry.due_at))).one()
    age = max(timedelta(0), clock.now() - due) if due else timedelta(0)
    state = BAD if age > STUCK else WARN if age > WAITS else OK
    yield Finding("outbox", state, f"{waiting} wait, the longest due for {_span(age)}",
                  "" if state == OK else "Does a worker live, and does it keep up? See its log and /metrics.")
    for subscriber, topic, count, error in outbox.failing():
        yield Finding("outbox", WARN, f"{subscriber} could not hear of {count} {topic}: {error[:200]}",
                      "It is tried again by itself; the cause stands in the message.")


def _timers() -> Iterator[Finding]:
    now = clock.now()
    rows = session.execute(select(timers.Due.name, timers.Due.at, timers.Due.error)).all()
    known = {timer.name for timer in subscriptions.timers()}
    failed = [(name, error) for name, _, error in rows if error and name in known]
    late = [name for name, at, _ in rows if name in known and now - at > OVERDUE]
    for name, error in failed:
        yield Finding("timers", WARN, f"“{name}” failed: {error[:200]}", "It is tried again in five minutes.")
    if late:
        yield Finding("timers", WARN, f"overdue: {', '.join(sorted(late))}", "Does a worker live, and does it keep up?")
    if not failed and not late:
        yield Finding("timers", OK, f"{len(rows)} on time")


def _index(thorough: bool) -> Iterator[Finding]:
    remedy = "Run: yinqiao search rebuild"
    for findable in subscriptions.findables():
        engine = index.engine()
        engine.ping()
        if index.is_outdated(findable):
            yield Finding("index", WARN, f"{findable.name} is missing or of another release's shape",
                          f"A worker rebuilds it when it starts. {remedy}")
            continue
        missing, extra = index.check(findable) if thorough else _lacking(findable)
        if missing or extra:
            hint = f"{outbox.waiting()} changes wait for the worker. " if outbox.waiting() else ""
            yield Finding("index", WARN, f"{findable.name}: {len(missing)} missing, {len(extra)} too many",
                          hint + remedy)
        else:
            yield Finding("index", OK, f"{findable.name}: {engine.count(findable.name)} documents, by {engine.name}")


def _lacking(findable: index.Findable) -> tuple[set[int], set[int]]:
    """(ids the index lacks, ids of no row), without making every document: only what lacks is looked at closely."""
    every, present = set(findable.every_id()), set(index.engine().ids(findable.name))
    missing: set[int] = set()
    for ids in index.batches(sorted(every - present)):
        missing.update(document["id"] for document in findable.build(ids)[0])
        session.rollback()
    return missing, present - every


def _files(settings: Settings, thorough: bool) -> Iterator[Finding]:
    place = storage.place_of(settings.files, settings.var / "files")
    known = session.execute(select(StoredFile.digest, StoredFile.size).distinct()).all()
    wanted = {row.digest: row.size for row in known}
    session.rollback()
    lying = {one.digest: one.size for one in place.everything()}
    missing = [digest for digest in wanted if digest not in lying]
    damaged = [digest for digest, size in wanted.items() if digest in lying and lying[digest] != size]
    if thorough:
        damaged += [digest for digest in wanted if digest not in (*missing, *damaged) and not _is_sound(place, digest)]
    remedy = "Restore them from a backup, or remove the files from what they belong to."
    for what, digests in (("have no bytes", missing), ("have other bytes than were kept", damaged)):
        if digests:
            shown = ", ".join(digest[:12] for digest in digests[:3])
            yield Finding("files", BAD, f"{len(digests)} of {len(wanted)} {what}: {shown} …", remedy)
    if not missing and not damaged:
        yield Finding("files", OK, f"{len(wanted)} in {place.name}")


def _is_sound(place: storage.Place, digest: str) -> bool:
    with place.open(digest) as file:
        return backup.digest_of(file) == digest


def _audit(thorough: bool) -> Iterator[Finding]:
    if thorough and not (found := sealing.verify()).is_whole:
        yield Finding("audit log", BAD, f"its chain is broken in {found.broken} places", "See: yinqiao audit verify")
        return
    unsealed = select(func.count()).select_from(AuditEntry).where(AuditEntry.seal.is_(None))
    late = session.scalar(unsealed.where(AuditEntry.at < clock.now() - sealing.LATE))
    if late:
        yield Finding("audit log", WARN, f"{late} entries have not been sealed for an hour", "Does a worker live?")
    else:
        yield Finding("audit log", OK, "whole" if thorough else "sealed")


def _people() -> Iterator[Finding]:
    active = select(func.count()).select_from(User).where(User.is_operator, User.disabled_at.is_(None))
    operators = session.scalar(active) or 0
    if operators:
        yield Finding("people", OK, f"{operators} operators")
    else:
        yield Finding("people", WARN, "there is no operator", "yinqiao user create … --operator")


def _backup(settings: Settings) -> Iterator[Finding]:
    last = backup.last_made(settings)
    remedy = "yinqiao backup /backup/…, daily: deploy/systemd/yinqiao-backup.timer"
    if last is None:
        yield Finding("backup", WARN, "none was made here by yinqiao backup", remedy)
        return
    age = clock.now() - last
    state = BAD if age > BACKUP_FORGOTTEN else WARN if age > BACKUP_OLD else OK
    yield Finding("backup", state, f"the last is {_span(age)} old", "" if state == OK else remedy)


def _mail_server(settings: Settings) -> Iterator[Finding]:
    if not mail.has_server():
        at_home = urlsplit(settings.base_url).hostname in HERE
        yield Finding("mail server", OK if at_home else BAD, "none: mails are kept as files in the folder for data",
                      "" if at_home else "Set MAIL_URL, or nobody gets mail.")
        return
    mail.reach()
    yield Finding("mail server", OK, urlsplit(settings.mail_url or "").hostname or "")


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"

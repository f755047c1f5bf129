"""Restore: the rows of a backup become a database of this release's schema, its files lie where files are kept.

The database is what it was until all of it is there: PostgreSQL is filled in one transaction, for SQLite a new file is
made beside the old one and takes its place.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
from pathlib import Path, PurePosixPath

from sqlalchemy import Connection, delete, insert, inspect, update
from sqlalchemy import Engine as Database

from marketplace import clock, db, dumping, index, migrating, outbox, subscriptions
from marketplace.archive import NoBackup, Reader
from marketplace.backup import FOLDERS, SECRET, Progress, fingerprint
from marketplace.config import Settings
from marketplace.dumping import CannotBeLoaded, Table
from marketplace.files import storage

OPEN = "another process has the database open. Stop web and worker first"
_CHUNK = 1 << 20


def into(database: Database, reader: Reader, progress: Progress, *, force: bool) -> None:
    """Fill the database. Raises NoBackup or CannotBeLoaded, and then the database is what it was."""
    if database.dialect.name == "postgresql":
        _into_postgresql(database, reader, progress, force)
    else:
        _into_sqlite(database, reader, progress, force)


def _restore_rows(connection: Connection, reader: Reader, progress: Progress) -> None:
    """Fill a database without tables, and bring it to this release's schema. The caller commits."""
    manifest = reader.manifest
    migrating.upgrade(connection, manifest["revision"])
    every = dumping.tables(connection)
    if {one.name for one in every} != set(manifest["tables"]):
        raise NoBackup("its tables are not those of the schema it is said to have")
    fit_together = dumping.without_references(connection)
    with progress("rows", sum(one["rows"] for one in manifest["tables"].values())) as tick:
        for one in every:
            tick(_load(connection, one, reader))
    dumping.number_on(connection, every, manifest["numbering"])
    fit_together()
    migrating.upgrade(connection)
    _begin_anew(connection)


def files_of(settings: Settings, reader: Reader, progress: Progress) -> None:
    """Put the bytes of files where this installation keeps them, and the folders beside."""
    files = storage.place_of(settings.files, settings.var / "files")
    # Bytes that were damaged when the backup was made are nobody's file.
    names = [name for name, one in reader.members.items() if name == f"files/{one.digest[:2]}/{one.digest}"]
    with progress("files", len(names)) as tick:
        for name in names:
            digest = PurePosixPath(name).name
            lying = files.find(digest)
            if lying is None or lying.size != reader.members[name].size:
                with reader.open(name) as source, storage.staged(files.staging) as (file, path):
                    shutil.copyfileobj(source, file, _CHUNK)
                    file.flush()
                    files.keep(path, digest)
            tick(1)
    for name in reader.members:
        if name.partition("/")[0] in FOLDERS:
            path = settings.var / PurePosixPath(name).parent.name / PurePosixPath(name).name
            path.parent.mkdir(exist_ok=True)
            with reader.open(name) as source, open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                shutil.copyfileobj(source, file, _CHUNK)


def key_of(settings: Settings, reader: Reader) -> str:
    """Bring the secret key back if the backup has it; returns what its operator has to know, or ""."""
    if reader.manifest["key"] == fingerprint(settings.secret_key, reader.manifest["made_at"]):
        return ""
    path = settings.var / SECRET
    if SECRET not in reader.members:
        return (
            "This installation has another SECRET_KEY than the backup: sessions and mailed links end, and what was "
            "sealed with that key (second factors, keys of webhooks) cannot be opened. Set the old key if you have it."
        )
    with reader.open(SECRET) as file:
        key = file.read().decode()
    if not path.exists() or path.read_text().strip() != settings.secret_key:
        return f"SECRET_KEY is set in the environment and is not the backup's; set it to what its {SECRET} says."
    fresh = path.with_name(f".{SECRET}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        target.write(key)
    os.replace(fresh, path)
    return ""


def _into_postgresql(database: Database, reader: Reader, progress: Progress, force: bool) -> None:
    """All in one transaction: until its end the database is what it was."""
    with database.connect() as connection:
        if (others := _others(connection)) > 0:
            raise NoBackup(f"{others} other connections to the database are open. Stop web and worker first")
        _refuse_to_replace(connection, force)
        dumping.clear(connection)
        _restore_rows(connection, reader, progress)
        connection.commit()


def _into_sqlite(database: Database, reader: Reader, progress: Progress, force: bool) -> None:
    """A new database beside the old one, which takes its place when it is complete."""
    if not database.url.database or database.url.database == ":memory:":
        raise NoBackup("a database in memory cannot be restored")
    path = Path(database.url.database)
    with database.connect() as connection:
        _refuse_to_replace(connection, force)
    database.dispose()
    fresh = path.with_name(f".{path.name}.restoring")
    _forget_sqlite(fresh)
    try:
        _fill_sqlite(fresh, reader, progress)
        _let_go_of(path)
        os.replace(fresh, path)
    finally:
        _forget_sqlite(fresh)


def _load(connection: Connection, one: Table, reader: Reader) -> int:
    try:
        with reader.open(f"tables/{one.name}.jsonl.gz") as packed, gzip.open(packed) as written:
            count = dumping.load(connection, one, written)
    except (ValueError, ArithmeticError) as error:
        raise CannotBeLoaded(f"{one.name}: a row cannot be read: {error}") from None
    if count != reader.manifest["tables"][one.name]["rows"]:
        raise CannotBeLoaded(f"{one.name}: {count} rows, and not as many as were written")
    return count


def _begin_anew(connection: Connection) -> None:
    """What was in hand when the backup was made is in nobody's hand now, and the index is of other rows."""
    connection.execute(update(outbox.Entry).values(claimed_until=None))
    connection.execute(delete(outbox.Beat))
    connection.execute(delete(index.Rebuild))
    for findable in subscriptions.findables():
        connection.execute(insert(index.Rebuild).values(name=findable.name, asked_at=clock.now(), done=0))


def _refuse_to_replace(connection: Connection, force: bool) -> None:
    if not force and inspect(connection).get_table_names():
        raise NoBackup("the database has tables already. With --force what is in it is replaced, and lost")


def _others(connection: Connection) -> int:
    count: int = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    ).scalar_one()
    return count


def _fill_sqlite(fresh: Path, reader: Reader, progress: Progress) -> None:
    database = db.connect(f"sqlite:///{fresh}")
    try:
        with database.connect() as connection:
            migrating.enforce_nothing(connection)
            _restore_rows(connection, reader, progress)
            connection.commit()
        _alone(database)
    finally:
        database.dispose()
    fresh.chmod(0o600)


def _let_go_of(path: Path) -> None:
    """Raises NoBackup while another process has the old database open."""
    if not path.exists():
        return
    database = db.connect(f"sqlite:///{path}", connect_args={"timeout": 2})
    try:
        _alone(database)
    except sqlite3.OperationalError:
        raise NoBackup(OPEN) from None
    finally:
        database.dispose()


def _alone(database: Database) -> None:
    """End the write-ahead log: SQLite does so only for who is alone, and nothing is left beside the file then."""
    with database.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA busy_timeout=2000")
        cursor.execute("PRAGMA journal_mode=DELETE")
        if cursor.fetchone() != ("delete",):
            raise NoBackup(OPEN)


def _forget_sqlite(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)

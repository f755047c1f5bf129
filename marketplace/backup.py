"""Backup and restore: every row, every file, and what lies in folders beside them, in one archive.

Rows are written as lines that any database can take (dumping.py), so that a backup of SQLite may be restored into
PostgreSQL and the other way round. The search index is not kept: it is made of the rows.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import scrypt, sha256
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import orjson
from sqlalchemy import Connection, column, select, table
from sqlalchemy import Engine as Database

from marketplace import clock, dumping, migrating
from marketplace.archive import MANIFEST, Archive, NoBackup, Reader, writing
from marketplace.audit import AuditEntry
from marketplace.config import Settings
from marketplace.dumping import Table
from marketplace.files import storage
from marketplace.files.storage import Place
from marketplace.sealing import Head

FORMAT = 1
FOLDERS = ("mail", "imports")
"""What else lies in the folder for data and is nowhere else."""
SECRET = "secret_key"  # noqa: S105  a file's name
NOTE = "last_backup.json"
"""In the folder for data: when the last backup was made, for `yinqiao doctor`."""
_CHUNK = 1 << 20
_LEVEL = 4
_FILES = table("files", column("digest"), column("size"))

Tick = Callable[[int], None]
Progress = Callable[[str, int], AbstractContextManager[Tick]]
"""progress("files", 120) as tick: tick(1) for each that is done."""


@dataclass
class Made:
    """What a backup has, and what it could not have."""

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbering: dict[str, int] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    """Digests of files that rows speak of and whose bytes are not there, or are others."""
    audit_head: str | None = None
    """The last link of the audit log's chain, for `yinqiao audit verify`."""

    @property
    def rows(self) -> int:
        return sum(one["rows"] for one in self.tables.values())


def make(
    settings: Settings, database: Database, target: Path, progress: Progress, *,
    force: bool = False, with_secret: bool = False,
) -> Made:
    """Write a backup while everything goes on. Raises NoBackup; nothing stays that looks like one and is none."""
    made = Made()
    began = clock.now()
    with writing(target, force=force) as archive:
        with dumping.snapshot(database) as reading:
            revision = _revision(reading)
            digests = _rows(reading, archive, made, progress)
        files = storage.place_of(settings.files, settings.var / "files")
        _files(files, digests, archive, made, progress)
        _folders(settings.var, archive)
        if with_secret:
            with archive.add(SECRET) as file:
                file.write(settings.secret_key.encode())
        manifest = {
            "format": FORMAT, "made_at": began.isoformat(), "release": version("yinqiao"), "revision": revision,
            "database": database.dialect.name, "key": fingerprint(settings.secret_key, began.isoformat()),
            **asdict(made), "members": {name: asdict(one) for name, one in archive.members.items()},
        }
        with archive.add(MANIFEST) as file:
            file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    note = {"at": began.isoformat(), "to": str(target), "missing": len(made.missing)}
    (settings.var / NOTE).write_bytes(orjson.dumps(note))
    return made


def last_made(settings: Settings) -> datetime | None:
    """When a backup was last completed."""
    try:
        return datetime.fromisoformat(orjson.loads((settings.var / NOTE).read_bytes())["at"])
    except (OSError, KeyError, ValueError):
        return None


def digest_of(file: IO[bytes]) -> str:
    """SHA-256 of what is to be read."""
    whole = sha256()
    while part := file.read(_CHUNK):
        whole.update(part)
    return whole.hexdigest()


def verify(reader: Reader, progress: Progress) -> None:
    """Raises NoBackup unless this release can restore it and every byte is what was written."""
    manifest = reader.manifest
    if manifest.get("format") != FORMAT or not migrating.is_known(manifest["revision"]):
        raise NoBackup(
            f"it was made by a newer release ({manifest.get('release')}, schema {manifest.get('revision')}) than this "
            f"one ({version('yinqiao')}, schema {migrating.head()}). Install that release first"
        )
    with progress("verifying", len(reader.members)) as tick:
        for name in reader.members:
            reader.verify(name)
            tick(1)


def _revision(reading: Connection) -> str:
    found = migrating.revision_of(reading)
    if found != migrating.head():
        raise NoBackup("the database does not have this release's schema. Run: yinqiao migrate")
    assert found is not None
    return found


def _rows(reading: Connection, archive: Archive, made: Made, progress: Progress) -> list[tuple[str, int]]:
    """Write every table; returns the (digest, size) of files that rows speak of."""
    every = dumping.tables(reading)
    with progress("tables", len(every)) as tick:
        for one in every:
            made.tables[one.name] = _table(reading, one, archive)
            tick(1)
    made.numbering = dumping.numbering(reading, every)
    made.audit_head = _audit_head(reading)
    return [(digest, size) for digest, size in reading.execute(select(_FILES.c.digest, _FILES.c.size).distinct())]


def _audit_head(reading: Connection) -> str | None:
    link = select(AuditEntry.seal, AuditEntry.hash).where(AuditEntry.seal.is_not(None))
    last = reading.execute(link.order_by(AuditEntry.seal.desc()).limit(1)).first()
    return str(Head(last.seal or 0, last.hash or "")) if last is not None else None


def _table(reading: Connection, one: Table, archive: Archive) -> dict[str, Any]:
    """`content` is the same for the same rows, whatever order a database gives them in."""
    count, content = -1, 0
    with archive.add(f"tables/{one.name}.jsonl.gz") as target, gzip.GzipFile(
        "", "wb", compresslevel=_LEVEL, fileobj=target, mtime=0
    ) as packed:
        for line in dumping.lines(reading, one):
            packed.write(line)
            count += 1
            content += int.from_bytes(sha256(line).digest())
    return {"rows": count, "content": f"{content % (1 << 256):064x}"}


def _files(
    files: Place, wanted: list[tuple[str, int]], archive: Archive, made: Made, progress: Progress
) -> None:
    with progress("files", len(wanted)) as tick:
        for digest, _ in wanted:
            name = f"files/{digest[:2]}/{digest}"
            try:
                with files.open(digest) as source, archive.add(name) as target:
                    shutil.copyfileobj(source, target, _CHUNK)
            except storage.Missing:
                made.missing.append(digest)
            else:
                made.files += 1
                made.bytes += archive.members[name].size
                if archive.members[name].digest != digest:
                    made.missing.append(digest)
            tick(1)


def _folders(var: Path, archive: Archive) -> None:
    for folder in FOLDERS:
        for path in sorted((var / folder).glob("*")):
            try:
                source = path.open("rb")
            except (FileNotFoundError, IsADirectoryError):  # done with meanwhile
                continue
            with source, archive.add(f"{folder}/{path.name}") as target:
                shutil.copyfileobj(source, target, _CHUNK)


def fingerprint(key: str, salt: str) -> str:
    """Tells whether two keys are one, and nothing else."""
    return scrypt(key.encode(), salt=salt.encode(), n=1 << 14, r=8, p=1, dklen=12).hex()

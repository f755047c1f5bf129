"""Whether rows and bytes agree, and moving all bytes to another place. Both go through the digests in order, so they
hold a 256th of them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby

from sqlalchemy import func, select

from marketplace.db import session
from marketplace.files.models import StoredFile
from marketplace.files.storage import Lying, Missing, Place, answering, staged

SHOWN = 100
"""Faults named in full; all are counted."""
_CHUNK = 1 << 20


@dataclass
class Found:
    """How rows and bytes agree."""

    files: int = 0
    """Different contents that rows refer to."""
    missing: int = 0
    damaged: int = 0
    """Of another size than the row says, or, where they were read, of another digest."""
    unreferenced: int = 0
    """Bytes that no row refers to; they go with the worker's sweep when they are a day old."""
    unreferenced_bytes: int = 0
    faults: list[dict[str, object]] = field(default_factory=list)
    """{"fault", "digest", "file", "name", "subject"} of what is missing or damaged."""

    @property
    def is_sound(self) -> bool:
        return not self.missing and not self.damaged


@dataclass
class Moved:
    """What became of a move."""

    copied: int = 0
    there: int = 0
    """Lay at the other place already."""
    bytes: int = 0
    faults: list[dict[str, object]] = field(default_factory=list)


def check(place: Place, *, read: bool = False, progress: Callable[[], None] = lambda: None) -> Found:
    """Compare rows with what lies at the place; `read`: also every byte with its digest."""
    found = Found()
    lying = groupby(place.everything(), key=lambda one: one.digest[:2])
    at, part = next(lying, (None, None))
    for prefix, rows in _rows():
        here: dict[str, Lying] = {}
        if at == prefix and part is not None:
            here = {one.digest: one for one in part}
            at, part = next(lying, (None, None))
        for digest, size in rows.items():
            found.files += 1
            there = here.pop(digest, None)
            if there is None:
                found.missing += 1
                found.faults.append({"fault": "missing", "digest": digest})
            elif there.size != size or (read and digest_of(place, digest) != digest):
                found.damaged += 1
                found.faults.append({"fault": "damaged", "digest": digest})
            progress()
        found.unreferenced += len(here)
        found.unreferenced_bytes += sum(one.size for one in here.values())
    found.faults = _named(found.faults[:SHOWN])
    return found


def move(source: Place, target: Place, progress: Callable[[], None] = lambda: None) -> Moved:
    """Copy all bytes that rows refer to and that are not at the target yet; each is compared with its digest before
    it leaves and after it has arrived. Nothing is taken away from the source."""
    moved = Moved()
    for _, rows in _rows():
        for digest, size in rows.items():
            there = target.find(digest)
            if there is not None and there.size == size:
                moved.there += 1
            elif fault := _copied(source, target, digest):
                moved.faults.append({"fault": fault, "digest": digest})
            else:
                moved.copied += 1
                moved.bytes += size
            progress()
    moved.faults = _named(moved.faults[:SHOWN])
    return moved


def count() -> int:
    """Different contents that rows refer to."""
    return session.scalar(select(func.count(StoredFile.digest.distinct()))) or 0


def digest_of(place: Place, digest: str) -> str | None:
    """Of what really lies there; None: nothing does."""
    real = sha256()
    try:
        with place.open(digest) as stream, answering(place.name):
            while chunk := stream.read(_CHUNK):
                real.update(chunk)
    except Missing:
        return None
    return real.hexdigest()


def _copied(source: Place, target: Place, digest: str) -> str:
    """What is wrong; empty when the bytes have arrived."""
    real = sha256()
    with staged(target.staging) as (temporary, path):
        try:
            with source.open(digest) as stream, answering(source.name):
                while chunk := stream.read(_CHUNK):
                    real.update(chunk)
                    temporary.write(chunk)
                temporary.flush()
        except Missing:
            return "missing"
        if real.hexdigest() != digest:
            return "damaged"
        target.keep(path, digest)
    return "" if digest_of(target, digest) == digest else "damaged on its way"


def _rows() -> Iterator[tuple[str, dict[str, int]]]:
    """For each beginning of digests: digest -> size."""
    for number in range(256):
        prefix = f"{number:02x}"
        wanted = select(StoredFile.digest, func.max(StoredFile.size)).where(
            StoredFile.digest >= prefix, StoredFile.digest < (f"{number + 1:02x}" if number < 255 else "g")
        )
        rows = {row[0]: row[1] for row in session.execute(wanted.group_by(StoredFile.digest))}
        session.rollback()
        yield prefix, rows


def _named(faults: list[dict[str, object]]) -> list[dict[str, object]]:
    """Which files they are: the first of those that have these bytes."""
    digests = [fault["digest"] for fault in faults]
    rows = session.scalars(select(StoredFile).where(StoredFile.digest.in_(digests)).order_by(StoredFile.id.desc()))
    files = {file.digest: file for file in rows}
    session.rollback()
    return [
        {**fault, "file": file.id, "name": file.name, "subject": f"{file.subject_kind} {file.subject_id}"}
        for fault in faults if (file := files.get(str(fault["digest"])))
    ]

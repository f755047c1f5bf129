"""Keeping files. Who may add, read or remove one is decided by the subject's room, before it calls here."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO

from sqlalchemy import func, select

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.config import FilesSettings
from marketplace.db import dialect, session, transaction
from marketplace.errors import Invalid, NotFound, Unavailable
from marketplace.files.models import StoredFile
from marketplace.files.storage import Lying, Missing, Place, answering, place_of, staged
from marketplace.files.types import LARGEST, checked_type, plain_name
from marketplace.organisations.models import Organisation
from marketplace.phrases import say

MOST = 20
"""Files a subject may have."""
_CHUNK = 1 << 20
_LOCK = 0x66696C65
"""The number of PostgreSQL's advisory lock that keeps sweeping and adding apart."""
_PORTION = 100
_bound: list[Place] = []
_most_bytes: list[int] = [0]


@dataclass(frozen=True)
class Kept:
    """Bytes that lie in their place already and wait for their row; without one they go with the next sweep."""

    name: str
    digest: str
    size: int
    media_type: str


def bind(settings: FilesSettings, usual: Path) -> None:
    """Keep the bytes where the settings say from now on, else in the `usual` folder; called by the composition root."""
    _bound[:] = [place_of(settings, usual)]
    _most_bytes[:] = [settings.most_megabytes * 1_000_000]


def place() -> Place:
    """Where the bytes lie."""
    if not _bound:
        raise Unavailable(say("There is no place to keep files yet."))
    return _bound[0]


def keep(name: str, stream: IO[bytes]) -> Kept:
    """Put what `stream` holds in its place; best before a transaction, for the place may be slow. Raises Invalid for a
    kind or a size we do not take."""
    name = plain_name(name)
    with staged(place().staging) as (temporary, path):
        with answering(str(place().staging)):
            digest, size = _copied(name, stream, temporary)
        media_type = checked_type(name, path)
        place().keep(path, digest)
    return Kept(name, digest, size, media_type)


def store(
    actor: User | None, subject_kind: str, subject_id: int, name: str, stream: IO[bytes] | Kept, tier: int = 0,
    *, organisation_id: int | None = None, is_searched: bool = False,
) -> StoredFile:
    """Keep what `stream` holds as a file of the subject, on the account of the organisation. Raises Invalid for a kind,
    a size or a number we do not take. What `is_searched` has its text read by the worker."""
    _check_room(subject_kind, subject_id, organisation_id, stream.size if isinstance(stream, Kept) else 0)
    kept = stream if isinstance(stream, Kept) else keep(name, stream)
    with transaction():
        _lock(shared=True)
        if organisation_id is not None:  # two who add at once must not both take the last of the room
            session.get(Organisation, organisation_id, with_for_update={"key_share": True})
        _check_room(subject_kind, subject_id, organisation_id, kept.size)
        found = place().find(kept.digest)
        if found is None or found.size != kept.size:  # swept away between its arrival and this moment
            raise Unavailable(say("The file “{name}” could not be kept. Please send it again.", name=kept.name))
        file = StoredFile(
            subject_kind=subject_kind, subject_id=subject_id, organisation_id=organisation_id, digest=kept.digest,
            name=kept.name, media_type=kept.media_type, size=kept.size, tier=tier,
            added_by_id=actor.id if actor else None, added_at=clock.now(),
        )
        session.add(file)
        session.flush()
        audit.record(file.added_by_id, "file added", subject_kind, subject_id, file=file.id, name=file.name, tier=tier)
        if is_searched:
            outbox.publish("file.added", file.id)
    return file


def of(subject_kind: str, subject_id: int) -> list[StoredFile]:
    """The subject's files, the oldest first."""
    wanted = select(StoredFile).where(StoredFile.subject_kind == subject_kind, StoredFile.subject_id == subject_id)
    return list(session.scalars(wanted.order_by(StoredFile.id)))


def one_of(subject_kind: str, subject_id: int, file_id: int) -> StoredFile:
    """The file, if it is this subject's."""
    file = session.get(StoredFile, file_id)
    if file is None or (file.subject_kind, file.subject_id) != (subject_kind, subject_id):
        raise NotFound
    return file


def remove(actor: User | None, file: StoredFile) -> None:
    """Forget the file; its bytes go with the next sweep, unless another file has the same."""
    with transaction():
        audit.record(actor.id if actor else None, "file removed", file.subject_kind, file.subject_id, name=file.name)
        session.delete(file)


def opened(file: StoredFile) -> IO[bytes]:
    """The bytes, read as they are asked for; to be closed. Raises Unavailable when they are gone or out of reach."""
    try:
        return place().open(file.digest)
    except Missing:
        raise Unavailable(say(
            "The file “{name}” cannot be read: its content is missing. The operators find it with the files check.",
            name=file.name,
        )) from None


def taken(organisation_id: int) -> int:
    """The bytes of all files of an organisation."""
    return int(session.scalar(
        select(func.sum(StoredFile.size)).where(StoredFile.organisation_id == organisation_id)
    ) or 0)


def sweep(older_than: float = 86_400) -> int:
    """Delete bytes that no file refers to any more, and what was never taken over; return how many. Young ones may
    still be getting their row."""
    limit = time.time() - older_than
    with answering(str(place().staging)):
        for path in place().staging.glob("*"):
            if path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)
    return sum(_swept(part, limit) for part in _parts(one for one in place().everything() if one.modified < limit))


def _swept(part: list[Lying], limit: float) -> int:
    removed = 0
    with transaction():
        _lock(shared=False)  # nobody gets a row for old bytes meanwhile
        digests = [one.digest for one in part]
        used = set(session.scalars(select(StoredFile.digest).where(StoredFile.digest.in_(digests))))
        for digest in (one for one in digests if one not in used):
            now = place().find(digest)
            if now is not None and now.modified < limit:  # not sent again while we looked
                place().remove(digest)
                removed += 1
    return removed


def _lock(*, shared: bool) -> None:
    """On SQLite the transaction itself is the lock."""
    if dialect() == "postgresql":
        take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        session.execute(select(take(_LOCK)))


def _check_room(subject_kind: str, subject_id: int, organisation_id: int | None, size: int) -> None:
    there = select(func.count()).select_from(StoredFile)
    there = there.where(StoredFile.subject_kind == subject_kind, StoredFile.subject_id == subject_id)
    if (session.scalar(there) or 0) >= MOST:
        raise Invalid({"file": say("There are {max} files here already. Remove one first.", max=MOST)})
    most = _most_bytes[0]
    if organisation_id is None or not most:
        return
    room = most - taken(organisation_id)
    if size > room or room <= 0:
        raise Invalid({"file": say(
            "Your organisation's files may have {max} MB in all; {left} MB are left. Remove some first, or ask the "
            "operators for more.", max=most // 1_000_000, left=max(0, room) // 1_000_000,
        )})


def _copied(name: str, stream: IO[bytes], target: IO[bytes]) -> tuple[str, int]:
    digest, size = sha256(), 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > LARGEST:
            raise Invalid({"file": say("“{name}” is larger than {max} MB.", name=name, max=LARGEST >> 20)})
        digest.update(chunk)
        target.write(chunk)
    if not size:
        raise Invalid({"file": say("“{name}” is empty.", name=name)})
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size


def _parts(found: Iterable[Lying]) -> Iterator[list[Lying]]:
    rest = iter(found)
    while part := list(islice(rest, _PORTION)):
        yield part

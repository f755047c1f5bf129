"""Keeping files. Who may add, read or remove one is decided by the subject's room, before it calls here."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from sqlalchemy import select

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Invalid, NotFound, Unavailable
from marketplace.files.models import StoredFile
from marketplace.files.types import LARGEST, checked_type, plain_name
from marketplace.phrases import say

MOST = 20
"""Files a subject may have."""
_CHUNK = 1 << 20
_root: list[Path] = []


def bind(folder: Path) -> None:
    """Keep the bytes under `folder` from now on; called by the composition root."""
    _root[:] = [folder]


def store(
    actor: User | None, subject_kind: str, subject_id: int, name: str, stream: IO[bytes], tier: int = 0
) -> StoredFile:
    """Keep what `stream` holds as a file of the subject. Raises Invalid for a kind or a size we do not take."""
    if len(of(subject_kind, subject_id)) >= MOST:
        raise Invalid({"file": say("There are {max} files here already. Remove one first.", max=MOST)})
    name = plain_name(name)
    digest, size, media_type = _kept(name, stream)
    with transaction():
        file = StoredFile(
            subject_kind=subject_kind, subject_id=subject_id, digest=digest, name=name, media_type=media_type,
            size=size, tier=tier, added_by_id=actor.id if actor else None, added_at=clock.now(),
        )
        session.add(file)
        session.flush()
        audit.record(file.added_by_id, "file added", subject_kind, subject_id, file=file.id, name=name, tier=tier)
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


def path_of(file: StoredFile) -> Path:
    """Where the bytes are. Raises Unavailable when they are gone."""
    path = _place(file.digest)
    if not path.is_file():
        raise Unavailable(say("The file “{name}” cannot be read right now.", name=file.name))
    return path


def sweep(older_than: float = 86_400) -> int:
    """Delete bytes that no file refers to any more; return how many. Young ones may still be getting their row."""
    limit = time.time() - older_than
    stale = [path for path in _folder().glob("??/*") if path.stat().st_mtime < limit]
    removed = 0
    for part in _parts(stale):
        used = set(session.scalars(select(StoredFile.digest).where(StoredFile.digest.in_([p.name for p in part]))))
        session.rollback()
        for path in part:
            if path.name not in used:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _kept(name: str, stream: IO[bytes]) -> tuple[str, int, str]:
    """(digest, size, media type) of bytes that now lie in their place. Nothing half-written ever does."""
    incoming = _folder() / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=incoming, delete=False) as temporary:
        path = Path(temporary.name)
        try:
            digest, size = _copied(name, stream, temporary)
            media_type = checked_type(name, path)
            place = _place(digest)
            place.parent.mkdir(exist_ok=True)
            os.replace(path, place)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return digest, size, media_type


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


def _folder() -> Path:
    if not _root:
        raise Unavailable(say("There is no place to keep files yet."))
    return _root[0]


def _place(digest: str) -> Path:
    return _folder() / digest[:2] / digest


def _parts(paths: list[Path], size: int = 500) -> Iterable[list[Path]]:
    return (paths[start : start + size] for start in range(0, len(paths), size))

"""Files that we make ourselves: of any size, of a kind we know. They lie where people's files lie."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from hashlib import file_digest
from typing import IO

from sqlalchemy import delete, select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.files.models import StoredFile
from marketplace.files.service import place
from marketplace.files.storage import answering, staged


def made(
    subject_kind: str, subject_id: int, name: str, media_type: str, write: Callable[[IO[bytes]], object]
) -> StoredFile:
    """Keep what `write` writes as a file of the subject, of the strictest tier. Best outside a transaction: the row
    is added in one of its own, within a day of the bytes, before which nothing is swept away."""
    with staged(place().staging) as (temporary, path):
        with answering(str(place().staging)):
            write(temporary)
            temporary.flush()
            os.fsync(temporary.fileno())
            size = temporary.tell()
            with path.open("rb") as whole:
                digest = file_digest(whole, "sha256").hexdigest()
        place().keep(path, digest)
    with transaction():
        file = StoredFile(
            subject_kind=subject_kind, subject_id=subject_id, digest=digest, name=name, media_type=media_type,
            size=size, tier=3, added_at=clock.now(),
        )
        session.add(file)
    return file


def unmake(file_ids: Iterable[int]) -> None:
    """Remove such files and, at once, their bytes: they are not left to the sweep."""
    ids = list(file_ids)
    digests = list(session.scalars(select(StoredFile.digest).where(StoredFile.id.in_(ids))))
    with transaction():
        session.execute(delete(StoredFile).where(StoredFile.id.in_(ids)).execution_options(synchronize_session=False))
    used = set(session.scalars(select(StoredFile.digest).where(StoredFile.digest.in_(digests))))
    for digest in set(digests) - used:
        place().remove(digest)

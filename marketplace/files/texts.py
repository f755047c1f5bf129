"""What files say: read by the worker in a process of its own with limits, and kept for search.

Only files are read that their room has stored as searched; who then finds by which text is the room's to decide.
"""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path
from threading import Timer
from typing import IO, NamedTuple

from sqlalchemy import ColumnElement, Integer, cast, func, or_, select

from marketplace import clock, outbox
from marketplace.db import session, transaction
from marketplace.files import extracting
from marketplace.files.models import FileText, StoredFile, TextState
from marketplace.files.service import place
from marketplace.files.storage import Missing, answering, staged
from marketplace.files.types import TYPES
from marketplace.phrases import say

log = logging.getLogger(__name__)
EDITION = 1
"""Raised when files are to be read again."""
LONGEST = 200_000
"""Characters kept of a file."""
SEARCHED = 100_000
"""Characters of all files of a subject by which it is found."""
SECONDS = 15.0
"""A file gets by the clock; the processor's time is limited in extracting."""
TURN = 2.0
"""Seconds after which others have their turn at the worker."""
READ = frozenset({TYPES[".pdf"], TYPES[".docx"]})
_LEAST = 4
"""Letters without which there is no text: a scanner's pages have a number at most."""
_BETWEEN_HAN = re.compile(r"(?<=[\u3000-\u303f\u3400-\u9fff\uff00-\uffef])[ \t]*\n\s*(?=[\u3000-\u303f\u3400-\u9fff])")
_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_WAITS = say("Its text is being read and can be searched in a moment.")
_CUT = say("The first part of its text is searched.")
_TOLD = {
    TextState.READ: say("Its text is searched."),
    TextState.EMPTY: say("No text found in it (is it scanned?), so it is not searched."),
    TextState.LOCKED: say("It is encrypted, so its text is not searched."),
    TextState.BROKEN: say("Its text cannot be read, so it is not searched."),
    TextState.TOO_HARD: say("Reading its text takes too long, so it is not searched."),
    TextState.MISSING: say("Its content is missing. Please add it again."),
}


class Said(NamedTuple):
    """What came of reading a file."""

    state: TextState
    text: str = ""
    is_cut: bool = False


def read(ids: list[int]) -> None:
    """Handler of `file.added`: keep what these files say. What is not read within a turn is promised anew."""
    began = time.monotonic()
    for at, number in enumerate(ids):
        if at and time.monotonic() - began > TURN:
            with transaction():
                outbox.publish("file.added", *ids[at:])
            return
        file = session.get(StoredFile, number)
        if file is not None and file.media_type in READ:
            said = said_by(file)
            session.rollback()
            _keep(number, said)


def said_by(file: StoredFile) -> Said:
    """What the file says. Raises Unavailable when the place of its bytes does not answer."""
    media_type, digest = file.media_type, file.digest
    session.rollback()  # hold nothing while a program works
    with staged(place().staging) as (near, path):
        try:
            with place().open(digest) as far, answering(place().name):
                while chunk := far.read(1 << 20):
                    near.write(chunk)
                near.flush()
        except Missing:
            return Said(TextState.MISSING)
        with path.open("rb") as content:
            return extracted(content, media_type)


def extracted(content: IO[bytes], media_type: str) -> Said:
    """What a program with limits makes of a file."""
    program = [sys.executable, "-I", extracting.__file__, media_type, str(LONGEST)]
    most = 5 * LONGEST
    with subprocess.Popen(  # noqa: S603 - our own program; the file is its standard input, not its argument
        program, stdin=content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path("/"),
        env={"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}, start_new_session=True,
    ) as process:
        clock_runs_out = Timer(SECONDS, process.kill)
        clock_runs_out.start()
        try:
            assert process.stdout is not None
            written = process.stdout.read(most)
            process.stdout.close()  # it may go on writing to nobody
            code = process.wait()
        finally:
            clock_runs_out.cancel()
            process.kill()
    return _judged(extracting.CUT if len(written) == most else code, tidied(written.decode("utf-8", "replace")))


def tidied(text: str) -> str:
    """Without what no reader sees, and without the breaks of printed lines inside words and Chinese sentences."""
    kept = "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else " " for c in text.replace("\ufffd", " "))
    joined = _HYPHEN.sub("", _BETWEEN_HAN.sub("", kept))
    return "\n".join(line for line in (" ".join(one.split()) for one in joined.splitlines()) if line)


def told(files: Collection[StoredFile]) -> dict[int, str]:
    """File id -> what its owner is told of its text, of those that can be read."""
    ids = [file.id for file in files if file.media_type in READ]
    rows = session.execute(select(FileText.file_id, FileText.state, FileText.is_cut).where(FileText.file_id.in_(ids)))
    found = {row.file_id: _CUT if row.is_cut else _TOLD[row.state] for row in rows}
    return {number: found.get(number, _WAITS) for number in ids}


def of_subjects(subject_kind: str, ids: Sequence[int], highest_tier: int) -> dict[int, list[tuple[int, str]]]:
    """Subject -> (tier, text) of its files, the oldest first and no more than is searched of them together; in one
    query. Those without texts are left out."""
    until = func.sum(FileText.length).over(partition_by=StoredFile.subject_id, order_by=StoredFile.id)
    each = (
        select(StoredFile.id, StoredFile.subject_id, StoredFile.tier, FileText.text,
               cast(until - FileText.length, Integer).label("before"))
        .join(FileText, FileText.file_id == StoredFile.id)
        .where(StoredFile.subject_kind == subject_kind, StoredFile.subject_id.in_(ids))
        .where(StoredFile.tier <= highest_tier, FileText.length > 0).subquery()
    )
    wanted = select(each.c.subject_id, each.c.tier, func.substr(each.c.text, 1, SEARCHED - each.c.before))
    found: dict[int, list[tuple[int, str]]] = {}
    for subject, tier, text in session.execute(wanted.where(each.c.before < SEARCHED).order_by(each.c.id)):
        found.setdefault(subject, []).append((tier, text))
    return found


def catch_up(subject_kind: str, highest_tier: int, most: int = 200) -> None:
    """Promise to read what has not been read: files of earlier releases, or what an older edition has read."""
    with transaction():
        ids = session.scalars(
            select(StoredFile.id).outerjoin(FileText, FileText.file_id == StoredFile.id)
            .where(StoredFile.subject_kind == subject_kind, StoredFile.tier <= highest_tier)
            .where(StoredFile.media_type.in_(READ), _is_due())
            .order_by(FileText.read_at.is_not(None), FileText.read_at, StoredFile.id).limit(most)
        ).all()
        outbox.publish("file.added", *ids)


def subjects(subject_kind: str, ids: Sequence[int]) -> Sequence[int]:
    """Of which subjects these files are."""
    wanted = select(StoredFile.subject_id).where(StoredFile.subject_kind == subject_kind, StoredFile.id.in_(ids))
    return session.scalars(wanted.distinct().order_by(StoredFile.subject_id)).all()


def _is_due() -> ColumnElement[bool]:
    return or_(FileText.file_id.is_(None), FileText.edition < EDITION, FileText.state == TextState.MISSING)


def _judged(code: int, text: str) -> Said:
    text = text[:LONGEST]
    has_words = sum(map(str.isalpha, text)) >= _LEAST
    if code in (0, extracting.CUT):
        return Said(TextState.READ, text, code != 0) if has_words else Said(TextState.EMPTY)
    if has_words:  # it failed on the way: what came before is better than nothing
        return Said(TextState.READ, text, True)
    states = {extracting.LOCKED: TextState.LOCKED, extracting.BROKEN: TextState.BROKEN}
    return Said(states.get(code, TextState.TOO_HARD))


def _keep(number: int, said: Said) -> None:
    with transaction():
        if session.get(StoredFile, number, with_for_update={"read": True}) is None:
            return  # removed while it was read
        row = session.get(FileText, number) or FileText(file_id=number)
        row.state, row.text, row.length, row.is_cut = said.state, said.text, len(said.text), said.is_cut
        row.edition, row.read_at = EDITION, clock.now()
        session.add(row)
        outbox.publish("file.read", number)
    log.info("file=%d state=%s characters=%d", number, said.state.value, len(said.text))

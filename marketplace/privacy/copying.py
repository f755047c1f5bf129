"""A copy of all that is known of a person: JSON by kind, the files they sent in, and a page that says what is what.

It shows what is theirs, and of others no more than they can see themselves. What brokers note among themselves is not
in it: such notes are about cases (docs/operators.md says how to answer who asks for more). Rows are written as they are
read, so a long history needs no more memory than a short one.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import IO, Any, NamedTuple

from sqlalchemy import Table as Rows
from sqlalchemy import or_, select, union
from sqlalchemy.orm import aliased

from marketplace.accounts.models import User
from marketplace.casework.models import Document, Meeting
from marketplace.casework.permissions import can_read
from marketplace.db import Base, session
from marketplace.errors import Unavailable
from marketplace.events.models import Edition
from marketplace.files import service as files
from marketplace.files.models import StoredFile
from marketplace.introductions import talk
from marketplace.introductions.models import History, Introduction
from marketplace.introductions.permissions import can_see, is_staff, member_sides
from marketplace.listings.models import Listing
from marketplace.messaging.models import Message, Notice, Thread
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import organisation_ids
from marketplace.phrases import Label, in_language, say
from marketplace.privacy.holdings import BY_NAME, TABLES, Purpose, Table
from marketplace.privacy.index_page import page

PORTION = 500
MOST_BYTES = 1_000_000_000
"""Of files in one copy; further ones are named only."""
NAMED: dict[str, Any] = {
    "introduction_id": Introduction.ref, "listing_id": Listing.ref, "need_id": Listing.ref, "result_id": Listing.ref,
    "organisation_id": Organisation.name, "edition_id": Edition.ref, "meeting_id": Meeting.subject,
}
"""Numbers of rows that mean nothing to people, and what stands in their place."""


class Part(NamedTuple):
    """One file of the copy."""

    path: str
    said: Label
    purpose: Purpose
    rows: int


def write(person: User, to: IO[bytes]) -> list[Part]:
    """Write the archive of this person; what is in it."""
    parts: list[Part] = []
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in TABLES:
            if table.shows and table.name != "files":
                _part(archive, parts, table, _rows(table, person))
        both_ways = replace(BY_NAME["messages"], said=Label("您收发的消息", "Messages you sent and received"))
        _part(archive, parts, both_ways, _messages(person))
        _part(archive, parts, BY_NAME["notices"], _notices(person))
        _part(archive, parts, BY_NAME["files"], _files(archive, person))
        archive.writestr("index.html", page(person, parts))
    return parts


def _part(archive: zipfile.ZipFile, parts: list[Part], table: Table, rows: Iterable[dict[str, Any]]) -> None:
    path = f"{table.purpose}/{table.name}.json"
    if table.name == "files":  # whose bytes go into the archive meanwhile: one entry is written at a time
        rows = list(rows)
    count = 0
    with archive.open(path, "w", force_zip64=True) as entry:
        entry.write(b"[")
        for row in rows:
            line = json.dumps(row, ensure_ascii=False, default=_plain)
            entry.write((",\n" if count else "\n").encode() + line.encode())
            count += 1
        entry.write(b"\n]\n")
    parts.append(Part(path, table.said, table.purpose, count))


def _rows(table: Table, person: User) -> Iterator[dict[str, Any]]:
    rows = Base.metadata.tables[table.name]
    theirs = or_(*(rows.c[name] == person.id for name in table.people),
                 *(rows.c[name] == person.email for name in table.addresses))
    shown = [_column(rows, name) for name in table.shows]
    query = select(*shown).where(theirs).order_by(*rows.primary_key.columns)
    for row in session.execute(query.execution_options(yield_per=PORTION)):
        yield dict(row._mapping)


def _column(rows: Rows, name: str) -> Any:
    if name not in NAMED:
        return rows.c[name]
    target = aliased(NAMED[name].class_)
    meant = select(getattr(target, NAMED[name].key)).where(target.id == rows.c[name]).scalar_subquery()
    return meant.label(name.removesuffix("_id"))


def _notices(person: User) -> Iterator[dict[str, Any]]:
    theirs = select(Notice).where(Notice.user_id == person.id).order_by(Notice.id)
    for notice in session.scalars(theirs.execution_options(yield_per=PORTION)):
        yield {"at": notice.created_at, "text": in_language(notice.phrase, person.language), "page": notice.url,
               "read_at": notice.read_at}


def _messages(person: User) -> Iterator[dict[str, Any]]:
    """Those they wrote, and, in cases of their own organisations in which they took part, those they can read."""
    taken_part = union(
        select(Thread.subject_id).join(Message, Message.thread_id == Thread.id)
        .where(Message.author_id == person.id, Thread.subject_kind == talk.KIND),
        select(History.introduction_id).where(History.actor_id == person.id),
        select(Introduction.id)
        .join(Listing, or_(Listing.id == Introduction.need_id, Listing.id == Introduction.result_id))
        .where(Listing.contact_id == person.id),
    ).subquery()
    last = 0
    while True:
        some = select(Introduction).where(Introduction.id.in_(select(taken_part)), Introduction.id > last)
        cases = session.scalars(some.order_by(Introduction.id).limit(50)).all()
        for case in cases:
            yield from _said_in(case, person)
        if len(cases) < 50:
            return
        last = cases[-1].id


def _said_in(case: Introduction, person: User) -> Iterator[dict[str, Any]]:
    if can_see(person, case) and not is_staff(person, case):
        for said in talk.read_messages(person, case):
            mine = said.message.author_id == person.id
            author = person.name if mine else said.author or in_language(said.voice, person.language)
            yield _message(case, said.message, mine, author)
        return
    own = select(Message).join(Thread, Thread.id == Message.thread_id).where(
        Thread.subject_kind == talk.KIND, Thread.subject_id == case.id, Message.author_id == person.id
    )
    for message in session.scalars(own.order_by(Message.id)):
        yield _message(case, message, True, person.name)


def _message(case: Introduction, message: Message, mine: bool, author: str) -> dict[str, Any]:
    return {"introduction": case.ref, "at": message.created_at, "mine": mine, "author": author,
            "readers": message.audience, "text": message.body}


def _files(archive: zipfile.ZipFile, person: User) -> Iterator[dict[str, Any]]:
    taken = 0
    theirs = select(StoredFile).where(StoredFile.added_by_id == person.id).order_by(StoredFile.id)
    for file in session.scalars(theirs).all():
        row = {"name": file.name, "kind": file.subject_kind, "size": file.size, "added_at": file.added_at, "file": None}
        if taken + file.size <= MOST_BYTES and may_take(person, file):
            path = f"files/{file.id}-{file.name}"
            try:
                with files.opened(file) as source, archive.open(path, "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            except Unavailable:
                row["missing"] = str(in_language(say("The content cannot be read right now."), person.language))
            else:
                row["file"], taken = path, taken + file.size
        yield row


def may_take(person: User, file: StoredFile) -> bool:
    """May they still read what they once sent in? Who has left an organisation leaves its papers there."""
    if file.subject_kind == "listing":
        listing = session.get(Listing, file.subject_id)
        return listing is not None and listing.organisation_id in organisation_ids(person)
    if file.subject_kind == "case document":
        document = session.get(Document, file.subject_id)
        return document is not None and can_read(person, document)
    if file.subject_kind == "signed nda":
        case = session.get(Introduction, file.subject_id)
        return case is not None and bool(member_sides(person, case))
    return False


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a copy")

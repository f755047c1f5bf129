"""Documents of a case: kept in versions, read by tier and stage; who read what of tiers 2 and 3 is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.casework.models import Document, DocumentVersion, Reach
from marketplace.casework.permissions import can_change_document, can_read, can_work, own_side, reaches_for
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.files import service as files
from marketplace.files.models import StoredFile
from marketplace.files.types import plain_name
from marketplace.introductions import telling
from marketplace.introductions.models import Introduction, Side
from marketplace.introductions.permissions import can_see, knows_people, member_sides
from marketplace.messaging import service as messaging
from marketplace.phrases import say

KIND = "case document"
MOST = 100
LONGEST_TITLE, LONGEST_NOTE = 200, 500
TWICE = timedelta(minutes=5)
"""The same sent again so soon was sent by mistake."""


@dataclass(frozen=True)
class Shown:
    """A document as one reader sees it."""

    document: Document
    versions: tuple[DocumentVersion, ...]
    """The newest first."""
    knows_people: bool
    """May this reader know who added it?"""
    is_mine: bool
    can_change: bool


def of_case(actor: User, introduction: Introduction, found: Sequence[Document] | None = None) -> list[Shown]:
    """The documents this person may read, the newest first; `found`: all of them, where they are loaded."""
    if not can_see(actor, introduction):
        raise NotFound
    if found is None:
        found = session.scalars(
            select(Document).where(Document.introduction_id == introduction.id, Document.removed_at.is_(None))
            .order_by(Document.id.desc())
        ).all()
    return [_shown(actor, document) for document in found if can_read(actor, document)]


def get(actor: User, introduction: Introduction, document_id: int) -> Document:
    """The document, if it is of this case and this person may read it; otherwise NotFound."""
    found = session.get(Document, document_id)
    if found is None or found.introduction_id != introduction.id or not can_read(actor, found):
        raise NotFound
    return found


def add(
    actor: User, introduction: Introduction, title: str, reach: Reach | str, name: str, stream: IO[bytes],
    note: str | None = None,
) -> Document:
    """File a document under the case, for the side one acts for (or as its broker); one sent a second time within
    minutes, as by a double click, is the one that was filed already."""
    if not can_see(actor, introduction):
        raise NotFound
    require(can_work(actor, introduction), say("Only the broker and the editors of both sides add documents."))
    if not introduction.is_open:
        raise Conflict(say("The case is closed."))
    chosen = next((one for one in reaches_for(actor, introduction) if one.value == str(reach)), None)
    title = title.strip() or plain_name(name).rpartition(".")[0][:LONGEST_TITLE]
    _check(title, note, chosen)
    this = select(func.count()).select_from(Document).where(Document.introduction_id == introduction.id)
    if (session.scalar(this) or 0) >= MOST:
        raise Conflict(say("A case has {max} documents at most.", max=MOST))
    assert chosen is not None
    kept = files.keep(name, stream)  # its place may be slow: nothing is locked meanwhile
    try:
        with transaction():
            session.execute(select(Introduction.id).where(Introduction.id == introduction.id).with_for_update())
            document = Document(introduction=introduction, title=title, reach=chosen, created_at=clock.now(),
                                side=own_side(actor, introduction))
            session.add(document)
            session.flush()
            _keep(actor, document, 1, kept, note)
            if (filed := _filed_already(actor, document)) is not None:
                raise _FiledAlready(filed)
    except _FiledAlready as twice:
        return session.get_one(Document, twice.args[0])
    return document


def add_version(actor: User, document: Document, name: str, stream: IO[bytes], note: str | None = None) -> None:
    """A newer version; the older ones stay."""
    require(can_change_document(actor, document), say("Only whose document it is adds a version."))
    if not document.introduction.is_open:
        raise Conflict(say("The case is closed."))
    _check(document.title, note, document.reach)
    kept = files.keep(name, stream)
    try:
        with transaction():
            _keep(actor, document, document.versions[-1].number + 1, kept, note)
    except IntegrityError:
        raise Conflict(say("Somebody else added a version at the same moment. Look at it, then send yours.")) from None


def remove(actor: User, document: Document) -> None:
    """It is no longer shown; what was read of it stays on record."""
    require(can_change_document(actor, document), say("Only whose document it is takes it away."))
    with transaction():
        document.removed_at = clock.now()
        audit.record(actor.id, "document.removed", KIND, document.id, document.introduction.ref, name=document.title)


def open_version(actor: User, introduction: Introduction, document_id: int, number: int) -> StoredFile:
    """The bytes of a version. That the other side or staff read tier 2 or 3 is recorded for its owner."""
    document = get(actor, introduction, document_id)
    version = next((one for one in document.versions if one.number == number), None)
    if version is None:
        raise NotFound
    if document.reach.tier >= 2 and document.side not in member_sides(actor, introduction):
        audit.record(
            actor.id, "document.read", KIND, document.id, introduction.ref, organisation=_through(actor, introduction),
            tier=document.reach.tier, read=[document.title], version=number, case=introduction.id,
        )
    return version.file


def _through(actor: User, introduction: Introduction) -> int | None:
    """The organisation for which this person reads; None: platform staff."""
    side: Side | None = next(iter(member_sides(actor, introduction)), None)
    return introduction.listing_of(side).organisation_id if side is not None else None


def _keep(
    actor: User, document: Document, number: int, kept: files.Kept, note: str | None
) -> None:
    introduction = document.introduction
    whose = introduction.listing_of(document.side).organisation_id if document.side else None
    file = files.store(actor, KIND, document.id, kept.name, kept, document.reach.tier, organisation_id=whose)
    document.versions.append(DocumentVersion(
        number=number, file=file, added_by=actor, added_at=clock.now(), note=(note or "").strip() or None,
    ))
    session.flush()
    for side in Side:
        people = {person for person in telling.people_of(introduction, side) if person != actor.id}
        readers = set(session.scalars(select(User).where(User.id.in_(people)))) if people else set()
        told = {person.id for person in readers if can_read(person, document)}
        phrase = say("“{title}”: a document was added: {name}", title=telling.title(introduction.listing_of(side)),
                     name=document.title)
        messaging.notify(told, phrase, f"{telling.path(introduction)}#documents", kind=messaging.Kind.NEWS,
                         once=f"document:{document.id}:{number}")
        if told:
            telling.to_mailbox(introduction, side, phrase, f"document:{document.id}:{number}", "#documents")


class _FiledAlready(Exception):
    """The document with this number is the same; what was written for the second is given up."""


def _filed_already(actor: User, document: Document) -> int | None:
    """The same bytes under the same title for the same readers, sent by this person moments ago."""
    this = document.versions[0].file
    return session.scalar(
        select(Document.id).join(Document.versions).join(DocumentVersion.file)
        .where(Document.introduction_id == document.introduction_id, Document.id != document.id,
               Document.title == document.title, Document.reach == document.reach, Document.removed_at.is_(None),
               Document.created_at > document.created_at - TWICE, DocumentVersion.number == 1,
               DocumentVersion.added_by_id == actor.id, StoredFile.digest == this.digest)
        .order_by(Document.id).limit(1)
    )


def _check(title: str, note: str | None, reach: Reach | None) -> None:
    faults: dict[str, str] = {}
    if not title or len(title) > LONGEST_TITLE:
        faults["title"] = say("Give it a title of at most {max} characters.", max=LONGEST_TITLE)
    if note and len(note) > LONGEST_NOTE:
        faults["note"] = say("At most {max} characters; this has {given}.", max=LONGEST_NOTE, given=len(note))
    if reach is None:
        faults["reach"] = say("Choose who may read it.")
    if faults:
        raise Invalid(faults)


def _shown(actor: User, document: Document) -> Shown:
    introduction, side = document.introduction, document.side
    return Shown(
        document, tuple(reversed(document.versions)), side is None or knows_people(actor, introduction, side),
        side is not None and side in member_sides(actor, introduction),
        introduction.is_open and can_change_document(actor, document),
    )

"""Meetings, tasks and documents of one case, loaded at once for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import lazyload
from sqlalchemy.orm.attributes import set_committed_value

from marketplace.accounts.models import User
from marketplace.casework.models import Attendee, Document, DocumentVersion, Meeting, Task
from marketplace.db import session
from marketplace.files.models import StoredFile
from marketplace.introductions.models import Introduction
from marketplace.introductions.whole import together


@dataclass(frozen=True)
class Work:
    meetings: list[Meeting]
    """The latest first."""
    tasks: list[Task]
    """The first due first; what was dropped is left out."""
    documents: list[Document]
    """The newest first; what was removed is left out."""
    people: Sequence[User]
    """Held here, for the session forgets what nobody holds."""


def gather(introduction: Introduction) -> Work:
    """Two questions: everything there is, and the people in it who are not known yet."""
    here = introduction.id
    meetings = select(Meeting.id).where(Meeting.introduction_id == here)
    documents = select(Document.id).where(Document.introduction_id == here)
    files = select(DocumentVersion.file_id).where(DocumentVersion.document_id.in_(documents))
    found = together({
        "meetings": (Meeting, Meeting.introduction_id == here),
        "attendees": (Attendee, Attendee.meeting_id.in_(meetings)),
        "tasks": (Task, (Task.introduction_id == here) & Task.dropped_at.is_(None)),
        "documents": (Document, (Document.introduction_id == here) & Document.removed_at.is_(None)),
        "versions": (DocumentVersion, DocumentVersion.document_id.in_(documents)),
        "files": (StoredFile, StoredFile.id.in_(files)),
    })
    for thing in (*found["meetings"], *found["tasks"], *found["documents"]):
        set_committed_value(thing, "introduction", introduction)
    _join(found["meetings"], "attendees", found["attendees"], "meeting_id", "id")
    _join(found["documents"], "versions", found["versions"], "document_id", "number")
    by_id = {file.id: file for file in found["files"]}
    for version in found["versions"]:
        set_committed_value(version, "file", by_id[version.file_id])
    people = _people(found)
    return Work(
        sorted(found["meetings"], key=lambda meeting: (meeting.starts_at, meeting.id), reverse=True),
        sorted(found["tasks"], key=lambda task: (task.due_on, task.id)),
        sorted(found["documents"], key=lambda document: document.id, reverse=True), people,
    )


def _join(whole: list[Any], name: str, parts: list[Any], key: str, order: str) -> None:
    by_owner: dict[int, list[Any]] = {}
    for part in sorted(parts, key=lambda part: getattr(part, order)):
        by_owner.setdefault(getattr(part, key), []).append(part)
    for one in whole:
        set_committed_value(one, name, by_owner.get(one.id, []))


def _people(found: dict[str, list[Any]]) -> Sequence[User]:
    wanted = {one.user_id for one in found["attendees"]} | {one.added_by_id for one in found["versions"]}
    wanted |= {one.organiser_id for one in found["meetings"]}
    wanted |= {person for one in found["tasks"] for person in (one.person_id, one.done_by_id) if person is not None}
    known = [user for user_id in wanted if (user := _known(user_id)) is not None]
    unknown = wanted - {user.id for user in known}
    if not unknown:
        return known
    alone = lazyload(User.memberships)  # type: ignore[attr-defined]
    return [*known, *session.scalars(select(User).where(User.id.in_(unknown)).options(alone))]


def _known(user_id: int) -> User | None:
    """The person, if the session holds them already."""
    return session.identity_map.get(session().identity_key(User, user_id))

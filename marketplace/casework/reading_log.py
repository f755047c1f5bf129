"""Who read what of tiers 2 and 3, for those whose it is: of one listing, and of one case. Read-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import selectinload

from marketplace.accounts.models import User
from marketplace.audit import AuditEntry
from marketplace.casework.models import Document
from marketplace.casework.permissions import is_staff
from marketplace.db import session
from marketplace.errors import NotFound
from marketplace.files.models import StoredFile
from marketplace.introductions.models import Introduction, Stage
from marketplace.introductions.permissions import can_see, member_sides
from marketplace.listings.models import Listing
from marketplace.listings.permissions import is_own
from marketplace.organisations.models import Membership, Organisation
from marketplace.organisations.permissions import Reader
from marketplace.phrases import Phrase, say

LISTING, DOCUMENT, CONTACTS, NDA = "listing.read", "document.read", "contacts.read", "signed nda.read"
_PARTS = {"confidential": say("the confidential part"), "contact": say("the contact person"),
          "name": say("who stands behind it")}


@dataclass(frozen=True)
class Read:
    """Somebody read something."""

    at: datetime
    what: tuple[Any, ...]
    tier: int | None
    organisation: Organisation | None
    """None: the platform's staff, or the two sides were not introduced."""
    person: str | None
    is_staff: bool
    introduction_ref: str | None
    listing_ref: str | None = None


def of_listing(actor: Reader, listing: Listing, *, page: int = 1, size: int = 50) -> tuple[list[Read], int]:
    """(one page of who read what of this listing, the newest first; how many). For its own organisation and
    operators."""
    if not is_own(actor, listing) and not (actor is not None and actor.is_operator):
        raise NotFound
    return _page([
        AuditEntry.subject_kind == "listing", AuditEntry.subject_id == listing.id, AuditEntry.action == LISTING,
        _not_by_members_of([listing.organisation_id]),
    ], page, size)


def of_case(actor: User, introduction: Introduction, *, page: int = 1, size: int = 50) -> tuple[list[Read], int]:
    """(one page of who read what of one's own in this case; how many). Staff see the readings of both sides."""
    if not can_see(actor, introduction):
        raise NotFound
    chosen: list[ColumnElement[bool]] = [
        AuditEntry.introduction_ref == introduction.ref, AuditEntry.action.in_([LISTING, DOCUMENT, CONTACTS, NDA]),
    ]
    if not is_staff(actor, introduction):
        sides = member_sides(actor, introduction)
        listings = [introduction.listing_of(side) for side in sides]
        own_papers = select(Document.id).where(
            Document.introduction_id == introduction.id, Document.side.in_(sides))
        chosen += [
            or_(
                and_(AuditEntry.subject_kind == "listing", AuditEntry.subject_id.in_([x.id for x in listings])),
                and_(AuditEntry.subject_kind == "case document", AuditEntry.subject_id.in_(own_papers)),
                and_(AuditEntry.subject_kind == "introduction", or_(
                    AuditEntry.action != NDA, AuditEntry.details["side"].as_string().in_([str(side) for side in sides]),
                )),
            ),
            _not_by_members_of([listing.organisation_id for listing in listings]),
        ]
    return _page(chosen, page, size)


def _not_by_members_of(organisation_ids: list[int]) -> ColumnElement[bool]:
    members = select(Membership.user_id).where(Membership.organisation_id.in_(organisation_ids))
    return or_(AuditEntry.actor_id.is_(None), AuditEntry.actor_id.not_in(members))


def _page(chosen: list[ColumnElement[bool]], page: int, size: int) -> tuple[list[Read], int]:
    total = session.scalar(select(func.count()).select_from(AuditEntry).where(*chosen)) or 0
    newest = select(AuditEntry).where(*chosen).order_by(AuditEntry.id.desc())
    rows = session.scalars(newest.limit(size).offset((page - 1) * size)).all()
    return _told(rows), total


def _told(rows: Sequence[AuditEntry]) -> list[Read]:
    """The entries in words, with everything they name loaded at once."""
    people = {u.id: u for u in _all(User, {row.actor_id for row in rows})}
    refs = {row.introduction_ref for row in rows} - {None}
    cases = {i.ref: i for i in session.scalars(
        select(Introduction).where(Introduction.ref.in_(refs))
        .options(selectinload(Introduction.need), selectinload(Introduction.result))
    )} if refs else {}
    files = {f.id: f.name for f in _all(StoredFile, {_file_id(part) for row in rows for part in _parts(row)})}
    organisations = {o.id: o for o in _all(Organisation, {row.details.get("organisation") for row in rows})}
    listings = {x.id: x.ref for x in _all(Listing, {r.subject_id for r in rows if r.subject_kind == "listing"})}
    return [_read(row, people, cases, files, organisations, listings) for row in rows]


def _read(
    row: AuditEntry, people: dict[int, User], cases: dict[str, Introduction], files: dict[int, str],
    organisations: dict[int, Organisation], listings: dict[int, str],
) -> Read:
    case, person = cases.get(row.introduction_ref or ""), people.get(row.actor_id or 0)
    organisation = organisations.get(row.details.get("organisation") or 0)
    if organisation is None and case is not None and person is not None:
        organisation = next((
            case.listing_of(side).organisation for side in member_sides(person, case)
        ), None)
    staff = organisation is None and person is not None and person.is_reviewer
    introduced = case is not None and case.stage >= Stage.INTRODUCED
    return Read(
        row.at, _what(row, files), row.details.get("tier"), organisation if introduced else None,
        person.name if person is not None and (introduced or staff) else None, staff, row.introduction_ref,
        listings.get(row.subject_id) if row.subject_kind == "listing" else None,
    )


def _what(row: AuditEntry, files: dict[int, str]) -> tuple[Any, ...]:
    if row.action == CONTACTS:
        return (say("the contacts"),)
    if row.action == NDA:
        return (say("the signed NDA “{name}”", name=row.details.get("name", "")),)
    version = row.details.get("version")
    said: list[Any] = []
    for part in _parts(row):
        file = _file_id(part)
        named: Phrase | str = _PARTS.get(part) or (files.get(file) or part if file else part)
        if version and row.action == DOCUMENT:
            named = say("“{name}”, version {n}", name=part, n=version)
        if named not in said:
            said.append(named)
    return tuple(said)


def _parts(row: AuditEntry) -> list[str]:
    return [str(part) for part in row.details.get("read") or []]


def _file_id(part: str) -> int | None:
    name, _, number = part.partition(" ")
    return int(number) if name == "file" and number.isdigit() else None


def _all(table: Any, ids: set[Any]) -> Sequence[Any]:
    wanted = ids - {None}
    return session.scalars(select(table).where(table.id.in_(wanted))).all() if wanted else []

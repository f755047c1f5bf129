"""What other catalogues may take over of ours: what any visitor may read, in the order in which it changed.

A listing that excludes somebody is not handed on: whoever it must be hidden from could read it elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, tuple_
from sqlalchemy.orm import selectinload

from marketplace import clock
from marketplace.db import session
from marketplace.listings.models import Exclusion, Kind, Listing
from marketplace.listings.permissions import visible_to
from marketplace.listings.tiers import View, view_at
from marketplace.organisations.models import Organisation
from marketplace.organisations.models import State as OrganisationState

PUBLIC = 0
"""The tier that is handed on."""
PART = 20_000
"""Listings of one part of the sitemap; 50,000 addresses is the most that one may have."""


@dataclass(frozen=True)
class Wanted:
    """`since` and `before` bound the moment of the last change; `before` is not included."""

    since: datetime | None = None
    before: datetime | None = None
    kind: Kind | None = None
    field: str | None = None


@dataclass(frozen=True)
class Place:
    """Where a list was left off."""

    changed_at: datetime
    id: int


@dataclass(frozen=True)
class Record:
    """A listing as others may have it; one that may no longer be seen has no `view` and is to be deleted there."""

    ref: str
    kind: Kind
    field: str | None
    changed_at: datetime
    place: Place
    view: View | None


def records(wanted: Wanted, after: Place | None, most: int) -> list[Record]:
    """In the order of their last change. What changes while somebody goes through it is met again, later on."""
    rows = select(Listing).where(*_chosen(wanted)).order_by(Listing.changed_at, Listing.id).limit(most)
    if after is not None:
        rows = rows.where(tuple_(Listing.changed_at, Listing.id) > (after.changed_at, after.id))
    found = session.scalars(rows.options(selectinload(Listing.translations))).all()
    shown = _shown([listing.id for listing in found])
    return [_record(listing, listing.id in shown) for listing in found]


def record(ref: str) -> Record | None:
    """The listing of this ref as others may have it; None when no visitor could ever see it."""
    listing = session.scalar(select(Listing).where(Listing.ref == ref, _was_published()))
    return _record(listing, listing.id in _shown([listing.id])) if listing else None


def how_many(wanted: Wanted) -> int:
    return session.scalar(select(func.count()).select_from(Listing).where(*_chosen(wanted))) or 0


def earliest() -> datetime | None:
    """The first moment at which anything handed on changed."""
    return session.scalar(select(func.min(Listing.changed_at)).where(_was_published()))


def may_be_handed_on() -> ColumnElement[bool]:
    """What any visitor may see, without what excludes somebody."""
    return and_(visible_to(None), not_(exists().where(Exclusion.listing_id == Listing.id)))


def _was_published() -> ColumnElement[bool]:
    return or_(Listing.published_at.is_not(None), visible_to(None))


def _chosen(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [_was_published()]
    if wanted.since is not None:
        found.append(Listing.changed_at >= wanted.since)
    if wanted.before is not None:
        found.append(Listing.changed_at < wanted.before)
    if wanted.kind is not None:
        found.append(Listing.kind == wanted.kind)
    if wanted.field is not None:
        found.append(Listing.field == wanted.field)
    return found


def _shown(ids: list[int]) -> set[int]:
    return set(session.scalars(select(Listing.id).where(Listing.id.in_(ids), may_be_handed_on()))) if ids else set()


def _record(listing: Listing, is_shown: bool) -> Record:
    return Record(
        listing.ref, listing.kind, listing.field, listing.changed_at, Place(listing.changed_at, listing.id),
        view_at(listing, PUBLIC) if is_shown else None,
    )


# --- the sitemap: listings in parts by their number, so that a part needs no counting


def parts() -> list[tuple[int, datetime]]:
    """(number, last change) of each part of the sitemap that has a listing; part 0 is always there."""
    number = Listing.id // PART
    rows = select(number, func.max(Listing.changed_at)).where(may_be_handed_on()).group_by(number).order_by(number)
    found = {int(part): changed for part, changed in session.execute(rows)}
    return sorted({0: clock.now(), **found}.items())


def organisations() -> list[str]:
    """The slugs of the organisations whose pages anybody may read."""
    verified = Organisation.state == OrganisationState.VERIFIED
    return list(session.scalars(select(Organisation.slug).where(verified).order_by(Organisation.id).limit(PART)))


def part(number: int) -> list[tuple[str, datetime]]:
    """(ref, last change) of the listings of one part."""
    within = Listing.id.between(number * PART, (number + 1) * PART - 1)
    rows = select(Listing.ref, Listing.changed_at).where(within, may_be_handed_on()).order_by(Listing.id)
    return [(ref, changed) for ref, changed in session.execute(rows)]

"""Lists of listings: mine, the queue, what an index found. Every one loads in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.db import session
from marketplace.errors import require
from marketplace.listings.models import (
    WORLD_VISIBLE,
    Kind,
    Listing,
    ListingTranslation,
    ListingVersion,
    State,
    TranslationState,
    VersionState,
)
from marketplace.listings.permissions import visible_among, visible_to
from marketplace.organisations.models import Organisation, Role
from marketplace.organisations.permissions import Reader, memberships, organisation_ids


@dataclass(frozen=True)
class Chosen:
    """How a list is narrowed; None and empty mean everything."""

    kind: Kind | None = None
    states: Collection[State] = ()
    organisation: str | None = None
    """A slug."""
    words: str = ""
    """In the title or the ref; only of one's own, for words hidden from a reader must not find a listing either."""


def in_rank_order(actor: Reader, ids: Iterable[int]) -> list[Listing]:
    """The rows behind an index's answer, in its order. The database has the last word on who sees what."""
    wanted = list(ids)
    rows = {row.id: row for row in session.scalars(select(Listing).where(visible_among(actor, wanted)))}
    return [rows[i] for i in wanted if i in rows]


def newest_of(actor: Reader, organisation_id: int, most: int) -> list[int]:
    """The ids of what an organisation has published lately. Whoever shows them leaves out the rows that do not name
    it: an anonymous listing must not be told by the list it stands in."""
    published = Listing.state.in_(sorted(WORLD_VISIBLE))
    found = select(Listing.id).where(Listing.organisation_id == organisation_id, published, visible_to(actor))
    return list(session.scalars(found.order_by(Listing.published_at.desc(), Listing.id.desc()).limit(most)))


def seen_by(actor: Reader, chosen: Chosen, *, page: int = 1, size: int = 20) -> tuple[Sequence[Listing], int]:
    """(one page of what this reader may know of, the latest change first; how many there are)."""
    narrowed = _narrowed(chosen, actor, with_organisation=True)
    return _page(select(Listing).where(visible_to(actor), *narrowed), page, size)


def mine(actor: Reader, chosen: Chosen, *, page: int = 1, size: int = 20) -> tuple[Sequence[Listing], int]:
    """(one page of the listings of the reader's organisations; how many there are)."""
    return _page(select(Listing).where(_own(actor), *_narrowed(chosen, actor)).options(selectinload(Listing.pending)),
                 page, size)


def counts_of_mine(actor: Reader, chosen: Chosen) -> dict[State, int]:
    """How many of them there are in each state, whatever states are chosen."""
    every = Chosen(chosen.kind, (), chosen.organisation, chosen.words)
    found = session.execute(
        select(Listing.state, func.count()).where(_own(actor), *_narrowed(every, actor)).group_by(Listing.state)
    )
    return {row[0]: row[1] for row in found}


def needs_me(actor: Reader, limit: int = 8) -> tuple[Sequence[Listing], int]:
    """(listings of the reader's organisations that wait for their people, the longest waiting first; how many)."""
    editable = [m.organisation_id for m in memberships(actor) if m.role is not Role.VIEWER]
    administered = [m.organisation_id for m in memberships(actor) if m.role is Role.ADMIN]
    waiting = [State.CHANGES_REQUESTED, State.RENEWAL_DUE, State.EXPIRED]
    to_correct = select(ListingVersion.listing_id).where(ListingVersion.state == VersionState.DRAFT)
    wanted = or_(
        and_(Listing.organisation_id.in_(editable), Listing.state.in_(waiting)),
        and_(Listing.organisation_id.in_(administered), Listing.state == State.AWAITING_APPROVAL),
        and_(Listing.organisation_id.in_(editable), Listing.state != State.WITHDRAWN, Listing.id.in_(to_correct)),
    )
    total = session.scalar(select(func.count()).select_from(Listing).where(wanted)) or 0
    rows = select(Listing).where(wanted).options(selectinload(Listing.pending))
    return session.scalars(rows.order_by(Listing.changed_at, Listing.id).limit(limit)).all(), total


def to_read_over(
    actor: Reader, *, page: int = 1, size: int = 20
) -> tuple[Sequence[tuple[Listing, ListingTranslation]], int]:
    """(one page of the machine translations nobody has read yet, of listings this reader may write; how many)."""
    editable = [m.organisation_id for m in memberships(actor) if m.role is not Role.VIEWER]
    row = ListingTranslation
    made = row.state == TranslationState.MACHINE, row.title != "", row.language != Listing.language
    shown = Listing.state.in_(sorted(WORLD_VISIBLE))
    rows = select(Listing, row).join(row, row.listing_id == Listing.id).where(
        Listing.organisation_id.in_(editable), shown, *made
    )
    total = session.scalar(select(func.count()).select_from(rows.with_only_columns(row.id).subquery())) or 0
    found = session.execute(rows.order_by(row.id).limit(size).offset((page - 1) * size))
    return [(listing, translation) for listing, translation in found], total


def review_queue(
    actor: Reader, *, kind: Kind | None = None, page: int = 1, size: int = 20
) -> tuple[Sequence[Listing], int]:
    """(one page of what awaits this reviewer, the longest waiting first; how many there are)."""
    require(actor is not None and actor.is_reviewer)
    change = and_(ListingVersion.listing_id == Listing.id, ListingVersion.state == VersionState.IN_REVIEW)
    changed = and_(ListingVersion.id.is_not(None), Listing.state != State.WITHDRAWN)
    since = func.coalesce(ListingVersion.created_at, Listing.submitted_at, Listing.changed_at)
    rows = (
        select(Listing)
        .outerjoin(ListingVersion, change)
        .where(
            or_(Listing.state == State.SUBMITTED, changed),
            Listing.organisation_id.not_in(organisation_ids(actor)),
        )
        .options(selectinload(Listing.pending), joinedload(Listing.contact))
    )
    if kind is not None:
        rows = rows.where(Listing.kind == kind)
    return _page(rows, page, size, order=(since, Listing.id))


def waiting_for_review(actor: Reader) -> int:
    """How many listings await this reviewer; 0 for others."""
    return review_queue(actor, size=1)[1] if actor is not None and actor.is_reviewer else 0


def _own(actor: Reader) -> ColumnElement[bool]:
    return Listing.organisation_id.in_(organisation_ids(actor))


def _narrowed(chosen: Chosen, actor: Reader, *, with_organisation: bool = False) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if chosen.kind is not None:
        conditions.append(Listing.kind == chosen.kind)
    if chosen.states:
        conditions.append(Listing.state.in_(sorted(chosen.states)))
    if chosen.organisation:
        conditions.append(Listing.organisation_id == _numbered(chosen.organisation))
        if with_organisation:
            conditions.append(_tells_organisation(actor))
    for word in chosen.words.split()[:8]:
        like = f"%{word.replace('/', '//').replace('%', '/%').replace('_', '/_')}%"
        conditions.append(or_(Listing.title.ilike(like, escape="/"), Listing.ref.ilike(like, escape="/")))
    return conditions


def _numbered(slug: str) -> Any:
    return select(Organisation.id).where(Organisation.slug == slug).scalar_subquery()


def _tells_organisation(actor: Reader) -> ColumnElement[bool]:
    """Asking by organisation must not find its anonymous listings for those who may not know whose they are."""
    if actor is not None and actor.is_reviewer:
        return Listing.anonymous.in_([True, False])
    return or_(Listing.anonymous.is_(False), _own(actor))


def _page(
    rows: Select[Listing], page: int, size: int, order: tuple[Any, ...] = ()
) -> tuple[Sequence[Listing], int]:
    total = session.scalar(select(func.count()).select_from(rows.with_only_columns(Listing.id).subquery()))
    order = order or (Listing.changed_at.desc(), Listing.id.desc())
    return session.scalars(rows.order_by(*order).limit(size).offset((page - 1) * size)).all(), total or 0

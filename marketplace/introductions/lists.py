"""Lists of introductions: mine, those of a listing, why others said no. Each in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select, true, union
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import joinedload, selectinload

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions.filters import pressing
from marketplace.introductions.models import Introduction, Owes, Stage, Status
from marketplace.introductions.permissions import visible_to
from marketplace.listings.models import OPEN_FOR_INTEREST, Listing, State
from marketplace.organisations.permissions import Reader, editable_ids, organisation_ids

OWN_STATES = OPEN_FOR_INTEREST | {State.DRAFT, State.AWAITING_APPROVAL, State.SUBMITTED, State.CHANGES_REQUESTED}
"""States in which one's own listing may come with an expression of interest."""
SHOWN = 50
"""At most so many on the page of a listing."""
LISTED = (
    selectinload(Introduction.need).joinedload(Listing.contact),
    selectinload(Introduction.result).joinedload(Listing.contact),
    joinedload(Introduction.broker),
)
"""All that a row of a list shows."""


def mine(
    actor: User, *, status: Status | None = None, stage: Stage | None = None, page: int = 1, size: int = 20
) -> tuple[Sequence[Introduction], int]:
    """(one page of the introductions this person is part of, what they owe first; how many there are).

    Of brokers: the cases they run and those nobody runs yet. Of operators: all.
    """
    chosen = [visible_to(actor), _part_of(actor)]
    if status is not None:
        chosen.append(Introduction.status == status)
    if stage is not None:
        chosen.append(Introduction.stage == stage)
    total = session.scalar(select(func.count()).select_from(Introduction).where(*chosen)) or 0
    urgency = case((owed_by_me(actor), 0), (Introduction.status == Status.ACTIVE, 1),
                   (Introduction.status == Status.ON_HOLD, 2), else_=3)
    ordered = select(Introduction).where(*chosen).options(*LISTED).order_by(
        urgency, Introduction.due_at.is_(None), Introduction.due_at, Introduction.id.desc()
    )
    return session.scalars(ordered.limit(size).offset((page - 1) * size)).all(), total


def candidates(actor: User, other: Listing) -> Sequence[Listing]:
    """The reader's own listings that could be introduced to this one, the latest change first."""
    own = [i for i in editable_ids(actor) if i != other.organisation_id]
    return session.scalars(
        select(Listing)
        .where(Listing.organisation_id.in_(own), Listing.kind == other.kind.counterpart,
               Listing.state.in_(sorted(OWN_STATES)))
        .order_by(Listing.changed_at.desc(), Listing.id.desc()).limit(2 * SHOWN)
    ).all()


def brokers() -> Sequence[User]:
    """Everybody who may be given a case."""
    return session.scalars(select(User).where(User.is_broker, User.disabled_at.is_(None)).order_by(User.name)).all()


def open_for(actor: Reader, listing: Listing) -> Sequence[Introduction]:
    """The open introductions of this listing that the reader's organisations are part of."""
    if not organisation_ids(actor):
        return []
    this = or_(Introduction.need_id == listing.id, Introduction.result_id == listing.id)
    found = select(Introduction).where(this, Introduction.status != Status.CLOSED, _of_mine(actor)).options(*LISTED)
    return session.scalars(found.order_by(Introduction.id.desc()).limit(SHOWN)).all()


def owes_now(actor: User, introduction: Introduction) -> bool:
    """Is the next step this person's?"""
    own = set(editable_ids(actor))
    if introduction.owed_by is Owes.BROKER:
        return introduction.broker_id == actor.id
    return (
        (introduction.owed_by in (Owes.NEED, Owes.BOTH) and introduction.need.organisation_id in own)
        or (introduction.owed_by in (Owes.RESULT, Owes.BOTH) and introduction.result.organisation_id in own)
    )


def owed_by_me(actor: User) -> ColumnElement[bool]:
    """`owes_now`, as SQL."""
    own = _listings_of(editable_ids(actor))
    return or_(
        and_(Introduction.owed_by == Owes.BROKER, Introduction.broker_id == actor.id),
        and_(Introduction.owed_by.in_([Owes.NEED, Owes.BOTH]), Introduction.need_id.in_(own)),
        and_(Introduction.owed_by.in_([Owes.RESULT, Owes.BOTH]), Introduction.result_id.in_(own)),
    )


def count_owed(actor: Reader) -> int:
    """How many wait for this person: steps that are theirs and, of a broker, messages to answer."""
    if actor is None:
        return 0
    active = Introduction.status == Status.ACTIVE
    ways = []
    if actor.is_broker:
        mine = Introduction.broker_id == actor.id
        ways.append(select(Introduction.id).where(mine, active, Introduction.owed_by == Owes.BROKER, pressing()))
        ways.append(select(Introduction.id).where(
            mine, Introduction.unanswered_since.is_not(None), Introduction.status != Status.CLOSED
        ))
    if own := editable_ids(actor):
        for column, side in ((Introduction.need_id, Owes.NEED), (Introduction.result_id, Owes.RESULT)):
            theirs = and_(active, Introduction.owed_by.in_([side, Owes.BOTH]))
            # Inside CASE no index is looked up: their few listings lead to it sooner than all that is active.
            ways.append(select(Introduction.id).where(
                column.in_(_listings_of(own)), case((theirs, 1), else_=0) == 1
            ))
    if not ways:
        return 0
    try:
        return session.scalar(select(func.count()).select_from(union(*ways).subquery())) or 0
    except SQLAlchemyError:  # the page that says the database is down shows this number too
        session.rollback()
        return 0


def _part_of(actor: User) -> ColumnElement[bool]:
    if actor.is_operator:
        return true()
    if not actor.is_broker:
        return _of_mine(actor)
    return or_(Introduction.broker_id == actor.id, Introduction.broker_id.is_(None), _of_mine(actor))


def _of_mine(actor: Reader) -> ColumnElement[bool]:
    if not organisation_ids(actor):
        return false()
    own = _listings_of(organisation_ids(actor))
    return or_(Introduction.need_id.in_(own), Introduction.result_id.in_(own))


def _listings_of(organisation_ids: list[int]) -> Select[int]:
    return select(Listing.id).where(Listing.organisation_id.in_(organisation_ids))

"""Lists of refinements: what waits for me, what waits for the other side, what is over. A fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import joinedload

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.listings.models import Listing
from marketplace.organisations.permissions import Reader, editable_ids, organisation_ids
from marketplace.phrases import Label
from marketplace.refining.models import OPEN_STEPS, Refinement, Step, Turn
from marketplace.refining.permissions import visible_to

SHOWN = 50
ORIGINAL, REFINED = Label("原文", "Original"), Label("经理人梳理稿", "Refined")


@dataclass(frozen=True)
class Pile:
    items: Sequence[Refinement]
    total: int


@dataclass(frozen=True)
class Lists:
    to_take: Pile
    """No broker has taken them; for brokers."""
    mine: Pile
    """The next step is this person's."""
    others: Pile
    """The next step is somebody else's."""
    over: Pile


def lists_of(actor: User) -> Lists:
    """What this person has to do with, the longest waiting first."""
    waits, seen = _waits_for(actor), visible_to(actor)
    is_open = Refinement.step.in_(sorted(OPEN_STEPS))
    free = and_(is_open, Refinement.step == Step.ASKED, ~_own(actor)) if actor.is_broker else and_(is_open, _never())
    oldest = (Refinement.changed_at, Refinement.id)
    return Lists(
        to_take=_pile(and_(seen, free), *oldest),
        mine=_pile(and_(seen, is_open, waits), *oldest),
        others=_pile(and_(seen, is_open, ~waits, ~free), *oldest),
        over=_pile(and_(seen, ~is_open), Refinement.changed_at.desc(), Refinement.id.desc()),
    )


def waiting_for(actor: Reader) -> int:
    """How many refinements wait for this person, those no broker has taken among them."""
    if actor is None:
        return 0
    ways = [_waits_for(actor)]
    if actor.is_broker:
        ways.append(and_(Refinement.step == Step.ASKED, ~_own(actor)))
    these = select(func.count()).select_from(Refinement).join(Listing)
    return session.scalar(these.where(visible_to(actor), Refinement.step.in_(sorted(OPEN_STEPS)), or_(*ways))) or 0


def marks_of(listing: Listing) -> dict[int, Label]:
    """Which of a listing's versions were the original and the outcome of a refinement: id -> what it was."""
    rows = session.execute(
        select(Refinement.original_id, Refinement.refined_id).where(Refinement.listing_id == listing.id)
        .order_by(Refinement.number)
    ).all()
    marks = {row.original_id: ORIGINAL for row in rows}
    return marks | {row.refined_id: REFINED for row in rows if row.refined_id is not None}


def _waits_for(actor: User) -> ColumnElement[bool]:
    return or_(
        and_(Refinement.turn == Turn.COMPANY, Listing.organisation_id.in_(editable_ids(actor))),
        and_(Refinement.turn == Turn.BROKER, Refinement.broker_id == actor.id, ~_own(actor)),
    )


def _own(actor: User) -> ColumnElement[bool]:
    return Listing.organisation_id.in_(organisation_ids(actor))


def _never() -> ColumnElement[bool]:
    return Refinement.id.is_(None)


def _pile(chosen: ColumnElement[bool], *order: Any) -> Pile:
    these = select(Refinement).join(Refinement.listing).where(chosen)
    items = session.scalars(these.options(joinedload(Refinement.asked_by)).order_by(*order).limit(SHOWN)).all()
    if len(items) < SHOWN:
        return Pile(items, len(items))
    count = select(func.count()).select_from(Refinement).join(Refinement.listing).where(chosen)
    return Pile(items, session.scalar(count) or 0)

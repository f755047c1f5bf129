"""The broker's day: whom they owe an answer, what others owe, what could be proposed; and the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy import case as when

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import require
from marketplace.introductions import filters
from marketplace.introductions.cards import Card, End, Pick, Pile, cards, piles
from marketplace.introductions.filters import SOON, Filters
from marketplace.introductions.models import Introduction, Owes, Stage, Status
from marketplace.introductions.permissions import can_use_desk
from marketplace.listings.models import OPEN_FOR_INTEREST, Listing
from marketplace.organisations.permissions import organisation_ids

SHOWN = 10
"""Of each kind on the desk; the count says when there are more, and leads to them."""
IN_A_COLUMN = 8
AHEAD = timedelta(days=30)
"""How far the desk looks ahead for terms that end and contracts to look after."""
BEST, NEEDS = 40, 5
"""So many best suggestions are looked at, for so many needs side by side."""
QUEUE = 200


@dataclass(frozen=True)
class Proposal:
    """A need, and the results that could answer it, the best first."""

    need: End
    candidates: Sequence[Card]


@dataclass(frozen=True)
class Desk:
    """A broker's day; an operator who is no broker sees everybody's."""

    replies: Pile
    """A side waits for the broker's word."""
    owed: Pile
    """The broker owes the next step."""
    to_take: Pile
    """Interest that no broker has taken up."""
    orphaned: Pile
    """Their broker has left."""
    overdue: Pile
    """Others owe, and are late."""
    soon: Pile
    """Others owe, within the week."""
    suggestions: Pile
    renewals: Pile
    """Terms that end, contracts and follow-ups that come up."""
    on_hold: Pile
    """Cases that wake up within the week."""
    proposals: Sequence[Proposal] = ()

    @property
    def is_clear(self) -> bool:
        return not any(pile.total for pile in vars(self).values() if isinstance(pile, Pile))


def desk(actor: User) -> Desk:
    """What waits for a broker, the oldest first."""
    require(can_use_desk(actor))
    found = piles(_picks(actor))
    return Desk(**found, proposals=_proposals(actor, found["suggestions"]))


def next_in_line(actor: User, after: str | None = None) -> str | None:
    """The case to look at next: whom I owe an answer first, then new interest; after the last comes the first again."""
    require(can_use_desk(actor))
    asked = _picks(actor, QUEUE)
    line = piles({name: asked[name] for name in ("replies", "owed", "to_take", "orphaned")}, dict.fromkeys(asked, 1))
    refs = list(dict.fromkeys(card.ref for pile in line.values() for card in pile.items))
    place = refs.index(after) + 1 if after in refs else 0
    later = refs[place:] + refs[:place]
    return next((ref for ref in later if ref != after), None)


def oldest_untaken(actor: User) -> str | None:
    """The oldest interest that this broker could take."""
    if not actor.is_broker:
        return None
    oldest = select(Introduction.ref).where(_untaken(actor)).order_by(Introduction.due_at, Introduction.id)
    return session.scalar(oldest.limit(1))


def board(actor: User, chosen: Filters) -> dict[Stage, Pile]:
    """The cases in columns by stage; the next due come first."""
    require(can_use_desk(actor))
    conditions = filters.where(actor, chosen)
    if filters.is_slow(chosen):
        return _board_at_once(conditions)
    counted = select(Introduction.stage, func.count()).where(*conditions).group_by(Introduction.stage)
    totals = {stage.name: many for stage, many in session.execute(counted).all()}
    picks = {stage.name: Pick([*conditions, Introduction.stage == stage], most=IN_A_COLUMN) for stage in Stage}
    return {Stage[name]: pile for name, pile in piles(picks, totals).items()}


def listed(actor: User, chosen: Filters, page: int = 1, size: int = 50) -> Pile:
    """One page of the same cases as a list."""
    require(can_use_desk(actor))
    conditions = filters.where(actor, chosen)
    total = session.scalar(select(func.count()).select_from(Introduction).where(*conditions)) or 0
    order = (Introduction.due_at, Introduction.id)
    ids = session.scalars(
        select(Introduction.id).where(*conditions).order_by(*order).limit(size).offset((page - 1) * size)
    ).all()
    place = {number: n for n, number in enumerate(ids)}
    return Pile(sorted(cards(ids), key=lambda card: place[card.id]), total)


def chosen_cards(actor: User, refs: Sequence[str]) -> list[Card]:
    """These cases, in this order; what does not exist is left out."""
    require(can_use_desk(actor))
    ids = session.scalars(select(Introduction.id).where(Introduction.ref.in_(list(refs)))).all()
    place = {ref: n for n, ref in enumerate(refs)}
    return sorted(cards(ids), key=lambda card: place[card.ref])


def _board_at_once(conditions: Sequence[ColumnElement[bool]]) -> dict[Stage, Pile]:
    """What no index leads to is gone through once, not once for each column."""
    stage, order = Introduction.stage, (Introduction.due_at, Introduction.id)
    ranked = select(
        Introduction.id, stage, func.count().over(partition_by=stage).label("total"),
        func.row_number().over(partition_by=stage, order_by=order).label("place"),
    ).where(*conditions).subquery()
    columns: dict[Stage, list[int]] = {at: [] for at in Stage}
    totals = dict.fromkeys(Stage, 0)
    first = select(ranked).where(ranked.c.place <= IN_A_COLUMN).order_by(ranked.c.stage, ranked.c.place)
    for number, at, total, _ in session.execute(first):
        columns[at].append(number)
        totals[at] = total
    by_id = {card.id: card for card in cards([number for numbers in columns.values() for number in numbers])}
    return {at: Pile([by_id[number] for number in numbers], totals[at]) for at, numbers in columns.items()}


def _picks(actor: User, most: int = SHOWN) -> dict[str, Pick]:
    now = clock.now()
    ours = _ours(actor)
    case = Introduction
    active, on_hold = case.status == Status.ACTIVE, case.status == Status.ON_HOLD
    open_ = case.status.in_([Status.ACTIVE, Status.ON_HOLD])
    mine_to_do = [*ours, active, case.owed_by == Owes.BROKER]
    theirs = [*ours, active, case.owed_by != Owes.BROKER, case.stage > Stage.SUGGESTED]
    waiting = ("unanswered_since", "id")
    near = case.due_at < now + SOON
    after = and_(case.stage >= Stage.NEGOTIATING, ~near)
    return {
        # Few wait, and many are open: the former are gone through.
        "replies": Pick([*ours, when((open_, 1), else_=0) == 1, case.unanswered_since <= now], waiting, most),
        "owed": Pick([*mine_to_do, case.broker_id.is_not(None), filters.pressing()], most=most),
        "to_take": Pick([_untaken(actor)], most=most),
        "orphaned": Pick([open_, case.broker_id.in_(filters.left())], most=most),
        "overdue": Pick([*theirs, case.due_at < now], most=most),
        "soon": Pick([*theirs, case.due_at >= now, near], most=most),
        "suggestions": Pick([_proposable(actor)], ("match_score", "id"), BEST, from_the_top=True),
        "renewals": Pick([*ours, active, or_(and_(case.owed_by == Owes.BROKER, after, case.due_at < now + AHEAD),
                                             and_(case.stage < Stage.SIGNED, _term_ends()))], most=most),
        "on_hold": Pick([*ours, on_hold, case.wakes_at < now + SOON], ("wakes_at", "id"), most),
    }


def _proposals(actor: User, best: Pile) -> list[Proposal]:
    """The suggestions that score highest, grouped by their need, with every other candidate of it."""
    needs = list(dict.fromkeys(card.need.id for card in best.items))[:NEEDS]
    found: dict[int, list[Card]] = {number: [] for number in needs}
    for card in best.items:
        if card.need.id in found:
            found[card.need.id].append(card)
    return [Proposal(candidates[0].need, candidates) for candidates in found.values()]


def _ours(actor: User) -> list[ColumnElement[bool]]:
    return [Introduction.broker_id == actor.id] if actor.is_broker else [true()]


def _untaken(actor: User) -> ColumnElement[bool]:
    return and_(
        Introduction.status == Status.ACTIVE, Introduction.stage == Stage.INTEREST, Introduction.broker_id.is_(None),
        *_of_others(actor),
    )


def _proposable(actor: User) -> ColumnElement[bool]:
    """Suggestions that nobody has put before the two sides yet."""
    return and_(
        Introduction.status == Status.ACTIVE, Introduction.stage == Stage.SUGGESTED, Introduction.broker_id.is_(None),
        *_of_others(actor),
    )


def _of_others(actor: User) -> list[Any]:
    """Nobody brokers a case of their own organisation."""
    own = organisation_ids(actor)
    if not own:
        return []
    listings = select(Listing.id).where(Listing.organisation_id.in_(own))
    return [Introduction.need_id.not_in(listings), Introduction.result_id.not_in(listings)]


def _term_ends() -> ColumnElement[bool]:
    today = clock.today()
    near = Listing.valid_until.between(today - AHEAD, today + AHEAD)
    # Inside CASE no index is looked up: SQLite would rather walk every published listing than the few that end.
    ending = select(Listing.id).where(near, when((Listing.state.in_(sorted(OPEN_FOR_INTEREST)), 1), else_=0) == 1)
    return filters.either(ending)

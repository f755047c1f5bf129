"""Telling one need to everybody who asked to hear of such needs: planning, looking at whom it reaches, sending,
stopping. With news, sending and answering the only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update

from marketplace import audit, clock, refs
from marketplace.accounts.models import User
from marketplace.broadcasts import audience
from marketplace.broadcasts.models import Broadcast, Recipient, State, What
from marketplace.broadcasts.permissions import can_broadcast, can_change, is_open
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions.models import Introduction
from marketplace.listings import service as listings
from marketplace.listings.models import Kind, Listing
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say

SHOWN = 50
"""People of a preview who are named."""
STALE = say("Somebody else changed it while you were writing. What you wrote is still here: compare it "
            "with the page as it is now, then save again.")
NOT_OPEN = say("{ref} is not open for interest now: only a published need can be told.")


@dataclass(frozen=True)
class Counts:
    """How far a broadcast has come, and what came of it."""

    chosen: int = 0
    mailed: int = 0
    skipped: int = 0
    opened: int = 0
    interested: int = 0

    @property
    def waiting(self) -> int:
        return self.chosen - self.mailed - self.skipped


@dataclass(frozen=True)
class Reached:
    """One reader of a preview, and why."""

    person: User
    why: dict[What, list[str]]
    """The choices of theirs that the need fits; empty: they want all news."""


@dataclass(frozen=True)
class Preview:
    """Whom it would reach if it were sent now."""

    total: int
    by_kind: list[tuple[Any, int]]
    alone: int
    """Of them, who belongs to no organisation."""
    people: list[Reached]


def get(actor: Reader, ref: str) -> Broadcast:
    """The broadcast, for those who send such; nobody else learns of it."""
    found = session.scalar(select(Broadcast).where(Broadcast.ref == ref.upper())) if len(ref) < 40 else None
    if found is None or not can_broadcast(actor):
        raise NotFound
    return found


def every(actor: Reader, *, page: int = 1, size: int = 30) -> tuple[Sequence[Broadcast], int]:
    """(one page of them, the newest first; how many there are)."""
    require(can_broadcast(actor))
    total = session.scalar(select(func.count()).select_from(Broadcast)) or 0
    newest = select(Broadcast).order_by(Broadcast.id.desc()).limit(size).offset((page - 1) * size)
    return session.scalars(newest).all(), total


def counts(ids: Collection[int]) -> dict[int, Counts]:
    """Of each of these broadcasts, in one query."""
    columns = (Recipient.mailed_at, Recipient.skipped_at, Recipient.opened_at, Recipient.interested_at)
    asked = select(Recipient.broadcast_id, func.count(), *(func.count(one) for one in columns)).where(
        Recipient.broadcast_id.in_(ids)).group_by(Recipient.broadcast_id)
    found = {number: Counts() for number in ids}
    for row in session.execute(asked).all():
        values: Sequence[Any] = tuple(row)
        found[values[0]] = Counts(*values[1:])
    return found


def plan(actor: Reader, *, listing: str, **content: Any) -> Broadcast:
    """Prepare to tell a need; nothing leaves before somebody has looked at whom it reaches."""
    require(can_broadcast(actor))
    assert actor is not None
    need = _need(actor, listing)
    with transaction():
        broadcast = Broadcast(ref=refs.take("B")[0], listing=need, created_at=clock.now(), created_by_id=actor.id,
                              **content)
        session.add(broadcast)
        session.flush()
        audit.record(actor.id, "broadcast.planned", "broadcast", broadcast.id, listing=need.id)
    return broadcast


def change(actor: Reader, broadcast: Broadcast, *, version: int, listing: str, **content: Any) -> None:
    require(can_broadcast(actor))
    if not can_change(actor, broadcast):
        raise Conflict(say("It has been sent; what has gone out stays as it was."))
    if version != broadcast.version:
        raise Conflict(STALE)
    need = _need(actor, listing)
    with transaction():
        broadcast.listing = need
        for name, value in content.items():
            setattr(broadcast, name, value)
        audit.record(actor.id if actor else None, "broadcast.changed", "broadcast", broadcast.id, listing=need.id)


def preview(actor: Reader, broadcast: Broadcast) -> Preview:
    """How many, who, and why they."""
    require(can_broadcast(actor))
    found = audience.readers(broadcast)
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    named = session.scalars(found.order_by(User.name, User.id).limit(SHOWN)).all()
    people = session.scalars(select(User).where(User.id.in_(named)).order_by(User.name, User.id)).all()
    why = audience.reasons(broadcast, named)
    return Preview(total, audience.counts_by_kind(broadcast), audience.without_organisation(broadcast),
                   [Reached(one, why.get(one.id, {})) for one in people])


def send(actor: Reader, broadcast: Broadcast, version: int) -> int:
    """Choose everybody it goes to, now; the worker writes to them, a few at a time. Returns how many they are."""
    require(can_broadcast(actor))
    assert actor is not None
    if not is_open(broadcast.listing):
        raise Conflict(NOT_OPEN.format(ref=broadcast.listing.ref))
    with transaction():
        # Another broadcast of the same need that is sent at this moment waits here: nobody is chosen by both.
        need = select(Listing.id).where(Listing.id == broadcast.listing_id)
        session.execute(need.with_for_update(key_share=True))
        draft = Broadcast.id == broadcast.id, Broadcast.state == State.DRAFT, Broadcast.version == version
        moved = update(Broadcast).where(*draft).values(state=State.SENDING, begun_at=clock.now(), version=version + 1)
        won = moved.returning(Broadcast.id).execution_options(synchronize_session=False)
        if session.scalar(won) is None:
            raise Conflict(say("It has been changed or sent meanwhile. Look at it again."))
        everybody = audience.readers(broadcast).order_by(User.id).with_only_columns(
            literal(broadcast.id), literal(broadcast.listing_id), User.id)
        columns = [Recipient.broadcast_id, Recipient.listing_id, Recipient.user_id]
        session.execute(insert(Recipient).from_select(columns, everybody))
        chosen = counts([broadcast.id])[broadcast.id].chosen
        if not chosen:
            raise Conflict(say("Nobody has asked for news like this, or all who have were told already."))
        audit.record(actor.id, "broadcast.begun", "broadcast", broadcast.id, count=chosen)
    session.refresh(broadcast)
    return chosen


def stop(actor: Reader, broadcast: Broadcast) -> None:
    """Nobody else is written to; who has been keeps the link."""
    require(can_broadcast(actor))
    with transaction():
        if not end(broadcast.id, State.STOPPED):
            raise Conflict(say("It is not being sent."))
        audit.record(actor.id if actor else None, "broadcast.stopped", "broadcast", broadcast.id)
    session.refresh(broadcast)


def end(number: int, state: State) -> bool:
    """Sending is over, in the open transaction; whoever still waited may be told by another broadcast."""
    going = update(Broadcast).where(Broadcast.id == number, Broadcast.state == State.SENDING)
    values = {"state": state, "ended_at": clock.now(), "version": Broadcast.version + 1}
    ended = going.values(values).returning(Broadcast.id).execution_options(synchronize_session=False)
    if session.scalar(ended) is None:
        return False
    waiting = delete(Recipient).where(Recipient.broadcast_id == number, Recipient.mailed_at.is_(None),
                                      Recipient.skipped_at.is_(None))
    session.execute(waiting.execution_options(synchronize_session=False))
    return True


def of_listing(actor: Reader, listing: Listing) -> Sequence[Broadcast]:
    """The broadcasts of a need, for those who send such; none for others."""
    if not can_broadcast(actor) or listing.kind is not Kind.NEED:
        return []
    found = select(Broadcast).where(Broadcast.listing_id == listing.id).order_by(Broadcast.id.desc()).limit(5)
    return session.scalars(found).all()


def _need(actor: Reader, ref: str) -> Listing:
    try:
        found = listings.get(actor, ref)
    except NotFound:
        raise Invalid({"listing": say("There is no need {ref}.", ref=ref)}) from None
    if found.kind is not Kind.NEED:
        raise Invalid({"listing": say("{ref} is not a need.", ref=found.ref)})
    if not is_open(found):
        raise Invalid({"listing": NOT_OPEN.format(ref=found.ref)})
    return found


def answers(broadcast: Broadcast) -> Sequence[tuple[str, datetime]]:
    """(the introduction that somebody's interest has begun, when), the latest first."""
    found = select(Introduction.ref, Recipient.interested_at).join(
        Recipient, Recipient.introduction_id == Introduction.id).where(Recipient.broadcast_id == broadcast.id)
    rows = session.execute(found.order_by(Recipient.interested_at.desc()).limit(SHOWN))
    return [(ref, at) for ref, at in rows if at is not None]

"""What people do with introductions. With its parts (making, records) the only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.accounts.models import User
from marketplace.db import in_transaction, session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions import entries
from marketplace.introductions.desk import Desk, desk, oldest_untaken
from marketplace.introductions.lists import (
    OWN_STATES,
    brokers,
    candidates,
    count_owed,
    mine,
    open_for,
    owes_now,
)
from marketplace.introductions.making import BEATEN, ONE_OPEN, begin, fingerprint_of, last_effective, make
from marketplace.introductions.models import (
    CloseReason,
    History,
    Introduction,
    Origin,
    Side,
    Stage,
    Status,
)
from marketplace.introductions.moves import BEGINNINGS, inputs_of
from marketplace.introductions.permissions import can_broker, can_see, capacities, visible_to
from marketplace.introductions.records import Making
from marketplace.introductions.talk import read_messages, write_message
from marketplace.introductions.timers import close_withdrawn, run_timers
from marketplace.introductions.ways import Available, all_moves, allowed, available_moves, checked_reason, open_pair
from marketplace.introductions.whole import BARE
from marketplace.listings import service as listings
from marketplace.listings.models import OPEN_FOR_INTEREST, Kind, Listing
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader, editable_ids
from marketplace.phrases import say

__all__ = [
    "Available", "Desk", "all_moves", "available_moves", "brokers", "candidates", "close_withdrawn", "count_owed",
    "desk", "express_interest", "get", "history", "interest_with_a_draft", "mine", "move", "open_for",
    "owes_now", "read_messages", "run_timers", "suggest", "take_next", "visible_refs", "write_message",
]

SUGGEST, EXPRESS = BEGINNINGS
TRIES = 3


def get(actor: Reader, ref: str) -> Introduction:
    """The introduction, if this reader may know of it; otherwise NotFound, never Forbidden."""
    this = select(Introduction).where(Introduction.ref == ref.upper()).options(*BARE)
    found = session.scalar(this) if len(ref) < 40 else None
    if found is None or not can_see(actor, found):
        raise NotFound
    return found


def visible_refs(actor: Reader, refs: Sequence[str]) -> Sequence[str]:
    """Those of these introductions that this reader may know of."""
    return session.scalars(select(Introduction.ref).where(Introduction.ref.in_(refs), visible_to(actor))).all()


def history(actor: Reader, introduction: Introduction) -> Sequence[History]:
    """Every move, the first one first."""
    if not can_see(actor, introduction):
        raise NotFound
    this = select(History).where(History.introduction_id == introduction.id).order_by(History.version)
    return session.scalars(this).all()


def express_interest(
    actor: User, need: Listing, result: Listing, *, cooperation_sought: str, unclear: str, about_us: str,
    origin: Origin = Origin.SEARCH, origin_ref: str | None = None,
) -> Introduction:
    """One side would like to work with the other. A second interest joins the introduction that is open already."""
    own = set(editable_ids(actor))
    sides = [side for side, listing in ((Side.NEED, need), (Side.RESULT, result)) if listing.organisation_id in own]
    require(bool(sides), say("One of the two listings has to belong to an organisation you edit for."))
    _check_pair(need, result)
    answers = {"cooperation_sought": cooperation_sought, "unclear": unclear, "about_us": about_us}
    existing = open_pair(need, result)
    if existing is None:
        side = sides[0]
        _check_interest(need, result, side)
        given = entries.checked(EXPRESS.inputs, answers, [])
        try:
            return begin(EXPRESS, need, result, actor=actor, side=side, origin=origin, origin_ref=origin_ref,
                         given=given)
        except IntegrityError:  # the other side clicked at the same moment
            existing = open_pair(need, result)
            if existing is None:
                raise
    return _join(actor, existing, set(sides), answers)


def _join(actor: User, existing: Introduction, sides: set[Side], answers: Mapping[str, Any]) -> Introduction:
    """Add a side's interest to an open introduction; when somebody moves it meanwhile, look again and repeat."""
    for attempt in range(TRIES):
        if sides <= {interest.side for interest in existing.interests} or existing.stage > Stage.QUALIFIED:
            break
        try:
            return move(actor, existing, EXPRESS.name, **answers)
        except Conflict:
            if in_transaction() or attempt == TRIES - 1:
                raise
            session.refresh(existing)
    return existing


def interest_with_a_draft(
    actor: User, other: Listing, organisation: Organisation, title: str, **answers: Any
) -> Introduction:
    """Express interest before having a listing of one's own: a title is enough to begin a draft.

    The second click of a double click finds what the first has begun.
    """
    if not title:
        raise Invalid({"new_title": say("Give your new listing a title.")})
    with transaction():
        session.execute(select(Listing.id).where(Listing.id == other.id).with_for_update())
        begun = _begun(other, organisation, title)
        if begun is not None:
            return begun
        own = listings.create(actor, organisation, other.kind.counterpart, {"title": title, "language": actor.language})
        pair = (own, other) if own.kind is Kind.NEED else (other, own)
        return express_interest(actor, *pair, **answers)


def _begun(other: Listing, organisation: Organisation, title: str) -> Introduction | None:
    """The open introduction of `other` to a listing of this organisation with this title."""
    column, own = (
        (Introduction.result_id, Introduction.need_id) if other.kind is Kind.RESULT
        else (Introduction.need_id, Introduction.result_id)
    )
    this = select(Introduction).join(Listing, Listing.id == own).where(
        column == other.id, Introduction.status != Status.CLOSED, Listing.organisation_id == organisation.id,
        Listing.title == title,
    )
    return session.scalars(this.limit(1)).first()


def suggest(
    actor: User | None, need: Listing, result: Listing, origin: Origin = Origin.MATCH, origin_ref: str | None = None
) -> Introduction:
    """Propose a pair to both sides; `actor` None is the system. What is open already is not suggested again."""
    if actor is not None:
        require(can_broker(actor, need, result), say("Only a broker who belongs to neither side may suggest."))
    _check_pair(need, result)
    for listing in (need, result):
        if listing.state not in OPEN_FOR_INTEREST:
            raise Conflict(say("{ref} is not open for interest now.", ref=listing.ref))
    existing = open_pair(need, result)
    if existing is not None:
        return existing
    if actor is None and _was_closed(need, result):
        raise Conflict(say("This pair has been tried before; only a broker suggests it again."))
    try:
        return begin(SUGGEST, need, result, actor=actor, side=None, origin=origin, origin_ref=origin_ref, given={})
    except IntegrityError:
        raise Conflict(ONE_OPEN) from None


def move(
    actor: User, introduction: Introduction, name: str, *, reason: CloseReason | str | None = None,
    version: int | None = None, **given: Any,
) -> Introduction:
    """Make a move, if the table allows it to this person from where the introduction stands.

    `version` is the one the person saw. The second click of a double click changes nothing; of two people moving at
    once one wins and the other is told (Conflict).
    """
    if not can_see(actor, introduction):
        raise NotFound
    why = checked_reason(name, reason)
    fingerprint = fingerprint_of(name, {**given, "reason": why})
    if version is not None and version != introduction.version:
        if _already_made(actor, introduction, version, fingerprint):
            return introduction
        raise Conflict(BEATEN)
    who = capacities(actor, introduction)
    row, side = allowed(actor, introduction, name, why, given.get("to_stage"))
    targets = row.targets(introduction.stage)
    checked = entries.checked(inputs_of(row, who), given, targets)
    at = entries.effective(checked.pop("effective_at", None), last_effective(introduction))
    target = checked.get("to_stage") or targets[0]
    make(Making(introduction, actor, side, checked, at), row, target, fingerprint)
    return introduction


def take_next(actor: User) -> Introduction | None:
    """Take the oldest interest that has no broker yet; None when there is none."""
    waiting = oldest_untaken(actor)
    return None if waiting is None else move(actor, get(actor, waiting), "take")


def _already_made(actor: User, introduction: Introduction, version: int, fingerprint: str) -> bool:
    """Is this the second click? The move after the version that was seen is the same one, by the same person."""
    return session.scalar(select(History.id).where(
        History.introduction_id == introduction.id, History.version == version + 1,
        History.actor_id == actor.id, History.fingerprint == fingerprint,
    )) is not None


def _was_closed(need: Listing, result: Listing) -> bool:
    this = select(Introduction.id).where(Introduction.need_id == need.id, Introduction.result_id == result.id)
    return session.scalar(this.limit(1)) is not None


def _check_pair(need: Listing, result: Listing) -> None:
    """Do they belong together at all?"""
    if need.kind is not Kind.NEED:
        raise Invalid({"need": say("{ref} is not a need.", ref=need.ref)})
    if result.kind is not Kind.RESULT:
        raise Invalid({"result": say("{ref} is not a result.", ref=result.ref)})
    if need.organisation_id == result.organisation_id:
        raise Invalid({"": say("Both belong to the same organisation; it needs no introduction.")})
    for one, other in ((need, result), (result, need)):
        if any(e.organisation_id == other.organisation_id for e in one.exclusions):
            raise Conflict(say("These two cannot be introduced to each other."))


def _check_interest(need: Listing, result: Listing, side: Side) -> None:
    own, other = (need, result) if side is Side.NEED else (result, need)
    if other.state not in OPEN_FOR_INTEREST:
        raise Conflict(say("{ref} is not open for interest now.", ref=other.ref))
    if own.state not in OWN_STATES:
        raise Conflict(say("Your {ref} is closed; open it again or choose another one.", ref=own.ref))
    require(own.organisation.is_verified,
            say("{organisation} has not been verified yet; interest can be expressed after that.",
                organisation=own.organisation))

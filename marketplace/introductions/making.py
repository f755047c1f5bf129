"""How a move is made: one writer wins, everything it brings with it is written in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock, outbox, refs
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict
from marketplace.introductions import conditions, due, telling
from marketplace.introductions.models import History, Introduction, Origin, ReasonCode, Side, Stage, Status
from marketplace.introductions.moves import TABLE, Move, Who
from marketplace.introductions.records import Making, record
from marketplace.listings import service as listings
from marketplace.listings.models import OPEN_FOR_INTEREST, Grant, Listing
from marketplace.phrases import say

BEATEN = say("Somebody else moved this introduction at the same moment. Look at where it stands now and decide again.")
ONE_OPEN = say("Another introduction of this need and this result is already open.")
FOLLOWS = ("introduce", "sign", "implement")
"""What the system does by itself as soon as the table lets it."""


def begin(move: Move, need: Listing, result: Listing, *, actor: User | None, side: Side | None, origin: Origin,
          origin_ref: str | None, given: Mapping[str, Any], at: datetime | None = None) -> Introduction:
    """A new introduction of a pair that has no open one. Raises IntegrityError when somebody else was faster.

    `at`: when it took effect, if that was before now; the next step's time runs from now all the same.
    """
    now = clock.now()
    with transaction():
        stage = move.targets(None)[0]
        introduction = Introduction(
            ref=refs.take("I")[0], need=need, result=result, stage=stage, origin=origin, origin_ref=origin_ref,
            broker_id=actor.id if actor is not None and side is None else None, created_at=now,
            created_by_id=actor.id if actor else None, entered_stage_at=at or now, version=1,
        )
        with session.begin_nested():
            session.add(introduction)
        making = Making(introduction, actor, side, dict(given), at or now, counted_from=now)
        record(making, move.name)
        session.add(_history(making, move, None, None, ""))
        _audit(making, move)
        _settle(making, move, changed_stage=True)
    return introduction


def make(making: Making, move: Move, target: Stage, fingerprint: str = "") -> None:
    """Make a move that the table allows, and whatever follows from it by itself."""
    introduction = making.introduction
    before, status = introduction.stage, introduction.status
    with transaction():
        _claim(introduction)
        record(making, move.name)
        introduction.stage, introduction.status = target, move.status_after(status)
        if target is not before:
            introduction.entered_stage_at = making.at
        _close_or_open(making, move)
        _flush()
        session.add(_history(making, move, before, status, fingerprint))
        _audit(making, move)
        _settle(making, move, changed_stage=target is not before)
        _follow(making)


def _audit(making: Making, move: Move) -> None:
    """What people do; what the system does by itself stands in the history."""
    introduction = making.introduction
    if making.actor is not None:
        session.flush()
        audit.record(making.actor.id, "introduction.moved", "introduction", introduction.id, introduction.ref,
                     move=move.name, stage=introduction.stage.value)


def fingerprint_of(name: str, given: Mapping[str, Any]) -> str:
    """The same for the same move with the same entries."""
    return sha256(json.dumps([name, given], sort_keys=True, default=str).encode()).hexdigest()


def _claim(introduction: Introduction) -> None:
    """Compare and set: whoever read an older version loses."""
    seen = introduction.version
    this = update(Introduction).where(
        Introduction.id == introduction.id, Introduction.version == seen,
        Introduction.stage == introduction.stage, Introduction.status == introduction.status,
    )
    won = session.scalar(
        this.values(version=seen + 1).returning(Introduction.version).execution_options(synchronize_session=False)
    )
    if won is None:
        raise Conflict(BEATEN)
    introduction.version = won


def _close_or_open(making: Making, move: Move) -> None:
    introduction, code = making.introduction, making.given.get("reason_code")
    if introduction.status is not Status.ON_HOLD:
        introduction.wakes_at = None
    closes = introduction.status is Status.CLOSED
    introduction.close_reason = move.reason if closes else None
    introduction.reason_code = ReasonCode(code) if closes and code else None
    introduction.reason_text = making.given.get("note") if closes else None


def _flush() -> None:
    try:
        session.flush()
    except IntegrityError:  # the database keeps one open introduction a pair, whoever asked in between
        raise Conflict(ONE_OPEN) from None


def _history(making: Making, move: Move, before: Stage | None, status: Status | None, fingerprint: str) -> History:
    introduction = making.introduction
    return History(
        introduction_id=introduction.id, version=introduction.version, move=move.name, from_stage=before,
        to_stage=introduction.stage, from_status=status, status=introduction.status,
        actor_id=making.actor.id if making.actor else None, side=making.side, effective_at=making.at,
        recorded_at=clock.now(), reason=introduction.close_reason, reason_code=introduction.reason_code,
        note=making.given.get("note"), fingerprint=fingerprint,
    )


def _settle(making: Making, move: Move, changed_stage: bool) -> None:
    """What every move brings: who owes what next, who may read what, who is told."""
    introduction = making.introduction
    changes = changed_stage or (move.to_status is not Status.ACTIVE and not move.keeps_status)
    due.arrange(introduction, move.name, changes, making.counted_from or making.at)
    session.flush()
    share(introduction)
    if changed_stage and introduction.stage is Stage.SIGNED and move.name in ("sign", "skip"):
        _mark_need_matched(introduction)
    telling.tell(introduction, move, making.actor)
    outbox.publish("introduction.changed", introduction.id)


def share(introduction: Introduction) -> None:
    """Let each side read of the other's listing what the stage allows, and no more."""
    tier = tier_of(introduction)
    wanted = set() if tier is None else {
        (introduction.listing_of(side).id, introduction.listing_of(side.other).organisation_id, tier) for side in Side
    }
    rows = session.scalars(select(Grant).where(Grant.introduction_ref == introduction.ref, Grant.revoked_at.is_(None)))
    there = {(row.listing_id, row.organisation_id, row.tier) for row in rows}
    if wanted == there:
        return
    if tier is None or any(given > tier for _, _, given in there):
        listings.revoke_grants(introduction.ref)
    for listing_id, organisation_id, level in sorted(wanted):
        listings.grant(listing_id, organisation_id, level, introduction.ref)


def tier_of(introduction: Introduction) -> int | None:
    """The tier each side reads of the other's listing; None: only what everybody may."""
    if not (introduction.is_open or introduction.is_released) or introduction.stage is Stage.SUGGESTED:
        return None
    if not introduction.is_released or conditions.stopped(introduction):
        return 1
    return 3 if conditions.signed_nda(introduction) == conditions.BOTH else 2


def _mark_need_matched(introduction: Introduction) -> None:
    """A need that has its contract takes no more interest; a result may well be licensed again."""
    need = introduction.need
    if introduction.broker is not None and need.state in OPEN_FOR_INTEREST:
        listings.mark_matched(introduction.broker, need)


def _follow(making: Making) -> None:
    introduction = making.introduction
    for move in TABLE:
        if move.name not in FOLLOWS or Who.SYSTEM not in move.who:
            continue
        if not move.leads_from(introduction.stage, introduction.status):
            continue
        if all(condition.holds(introduction, None) for condition in move.conditions):
            by_itself = Making(introduction, None, None, {}, making.at)
            make(by_itself, move, move.targets(introduction.stage)[0])
            return


def last_effective(introduction: Introduction) -> datetime:
    """When the latest move took effect; nothing may be dated before it."""
    latest = select(History.effective_at).where(History.introduction_id == introduction.id)
    found = session.scalar(latest.order_by(History.version.desc()).limit(1))
    return found or introduction.created_at

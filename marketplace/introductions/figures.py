"""Read-only figures of the pipeline for other rooms. Whatever tells of the past derives from the history.

The arithmetic of cohorts and of open ("censored") stays is done over `courses`, by whoever draws the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from marketplace import clock
from marketplace.db import session
from marketplace.introductions.models import (
    CloseReason,
    History,
    Interest,
    Introduction,
    Minutes,
    ReasonCode,
    Side,
    Stage,
    Status,
)

ANSWERS_TO = {Stage.INTEREST: "qualify", Stage.QUALIFIED: "consent"}
"""The move by which somebody answers at the two stages where silence is worst."""


@dataclass(frozen=True)
class Counts:
    stages: dict[Stage, int]
    """Of those that are not closed."""
    statuses: dict[Status, int]
    close_reasons: dict[CloseReason, int]
    reason_codes: dict[ReasonCode, int]


@dataclass(frozen=True)
class Wait:
    """How long somebody waited at a stage for an answer; `answered` False: still waiting."""

    introduction_id: int
    since: datetime
    waited: timedelta
    answered: bool


def counts() -> Counts:
    """Where the introductions stand now."""
    still = select(Introduction.stage, func.count()).where(Introduction.status != Status.CLOSED)
    by_status = select(Introduction.status, func.count()).group_by(Introduction.status)
    by_reason = select(Introduction.close_reason, func.count()).where(Introduction.close_reason.is_not(None))
    by_code = select(Introduction.reason_code, func.count()).where(Introduction.reason_code.is_not(None))
    return Counts(
        dict(session.execute(still.group_by(Introduction.stage)).all()),
        dict(session.execute(by_status).all()),
        {r: many for r, many in session.execute(by_reason.group_by(Introduction.close_reason)) if r is not None},
        {c: many for c, many in session.execute(by_code.group_by(Introduction.reason_code)) if c is not None},
    )


def waits(stage: Stage, since: datetime | None = None) -> list[Wait]:
    """Response times at stage 1 (until a broker qualifies or closes) and 2 (until the first consent or a no)."""
    entered = select(History).where(History.to_stage == stage).order_by(History.introduction_id, History.version)
    rows = session.scalars(entered).all()
    found: list[Wait] = []
    by_case: dict[int, list[History]] = {}
    for row in rows:
        by_case.setdefault(row.introduction_id, []).append(row)
    left = _left(stage)
    for case, moves in by_case.items():
        began = moves[0].effective_at
        if since is not None and began < since:
            continue
        answers = [row.effective_at for row in moves if row.move == ANSWERS_TO[stage] or row.status is Status.CLOSED]
        answers += left.get(case, [])
        ended = min((at for at in answers if at >= began), default=None)
        found.append(Wait(case, began, (ended or clock.now()) - began, ended is not None))
    return found


def no_shows(since: datetime | None = None) -> dict[Side, int]:
    """How often each side did not come to a meeting that was arranged."""
    missed = select(Minutes.absent, func.count()).where(Minutes.absent.is_not(None)).group_by(Minutes.absent)
    if since is not None:
        missed = missed.where(Minutes.at >= since)
    return {side: many for side, many in session.execute(missed) if side is not None}


def mutual(introduction_ids: Sequence[int]) -> set[int]:
    """Those of them in which both sides expressed interest of their own accord."""
    both = select(Interest.introduction_id).where(Interest.introduction_id.in_(introduction_ids))
    return set(session.scalars(both.group_by(Interest.introduction_id).having(func.count() == len(Side))))


def _left(stage: Stage) -> dict[int, list[datetime]]:
    """When introductions went on from the stage."""
    onward = select(History.introduction_id, History.effective_at).where(
        History.from_stage == stage, History.to_stage > stage
    )
    found: dict[int, list[datetime]] = {}
    for case, at in session.execute(onward):
        found.setdefault(case, []).append(at)
    return found

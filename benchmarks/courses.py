"""Believable ways of introductions through the pipeline: every move, its delay, and how it ends; from a seed.

Nothing here touches a database. What is not over yet stands wherever the clock finds it, so that a recent month has
many open cases and one of three years ago few, as in life.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from marketplace.introductions.models import CloseReason, Origin, ReasonCode, Side, Stage, Status

CLOSED = Status.CLOSED
S = Stage
ONWARD = {S.INTEREST: 0.68, S.QUALIFIED: 0.62, S.INTRODUCED: 0.84, S.DISCUSSING: 0.42, S.NEGOTIATING: 0.6,
          S.SIGNED: 0.95, S.PERFORMING: 0.8}
"""How many of those at a stage go on from it in the end."""
DAYS = {S.SUGGESTED: 9.0, S.INTEREST: 2.5, S.QUALIFIED: 6.0, S.INTRODUCED: 12.0, S.DISCUSSING: 45.0,
        S.NEGOTIATING: 60.0, S.SIGNED: 20.0, S.PERFORMING: 200.0, S.IMPLEMENTED: 40.0}
"""The median stay; some stay ten times as long."""
TALKS = {S.INTRODUCED: 1, S.DISCUSSING: 10, S.NEGOTIATING: 7, S.PERFORMING: 11}
"""Minutes and other moves that stay in the stage, about so many."""
ENDS = {
    S.INTEREST: (CloseReason.REJECTED_AT_TRIAGE, CloseReason.DECLINED_BY_COUNTERPART, CloseReason.DUPLICATE),
    S.QUALIFIED: (CloseReason.DECLINED_BY_COUNTERPART, CloseReason.DECLINED_BY_COUNTERPART, CloseReason.WITHDRAWN,
                  CloseReason.EXPIRED, CloseReason.LISTING_WITHDRAWN),
    S.INTRODUCED: (CloseReason.NO_AGREEMENT, CloseReason.EXPIRED, CloseReason.WITHDRAWN),
    S.DISCUSSING: (CloseReason.NO_AGREEMENT, CloseReason.NO_AGREEMENT, CloseReason.WITHDRAWN, CloseReason.TERMINATED),
    S.NEGOTIATING: (CloseReason.NO_AGREEMENT, CloseReason.TERMINATED, CloseReason.WITHDRAWN),
    S.SIGNED: (CloseReason.TERMINATED,),
    S.PERFORMING: (CloseReason.TERMINATED,),
}
UNCODED = {CloseReason.COMPLETED, CloseReason.EXPIRED, CloseReason.DUPLICATE}
ORIGINS = (Origin.SEARCH, Origin.SEARCH, Origin.MATCH, Origin.MATCH, Origin.BROKER, Origin.EVENT)


@dataclass(frozen=True)
class Row:
    """One line of history."""

    move: str
    before: Stage | None
    stage: Stage
    was: Status | None
    status: Status
    at: datetime
    recorded_at: datetime
    side: Side | None
    by_broker: bool
    reason: CloseReason | None = None
    code: ReasonCode | None = None


@dataclass
class Course:
    """An introduction as it is being lived. `over` once the clock has stopped it or it came to its end."""

    chance: random.Random
    now: datetime
    at: datetime
    origin: Origin
    asks: Side
    """Who expressed interest first."""
    rows: list[Row] = field(default_factory=list)
    over: bool = False

    @property
    def stage(self) -> Stage:
        return self.rows[-1].stage

    @property
    def status(self) -> Status:
        return self.rows[-1].status

    @property
    def furthest(self) -> Stage:
        return max(row.stage for row in self.rows)

    def wait(self, median: float) -> None:
        self.at += timedelta(days=self.chance.lognormvariate(0, 0.9) * median)
        self.over = self.over or self.at >= self.now

    def move(self, name: str, to: Stage | None = None, status: Status = Status.ACTIVE, *, side: Side | None = None,
             system: bool = False, reason: CloseReason | None = None) -> None:
        """Note the move, unless it lies in the future; some are noted days after they took effect."""
        if self.over:
            return
        last = self.rows[-1] if self.rows else None
        late = timedelta(days=self.chance.expovariate(0.3)) if self.chance.random() < 0.1 else timedelta()
        code = self.chance.choice(list(ReasonCode)) if reason is not None and reason not in UNCODED else None
        stage = to if to is not None else last.stage if last else S.INTEREST
        self.rows.append(Row(
            name, last.stage if last else None, stage, last.status if last else None, status, self.at,
            min(self.at + late, self.now), side, side is None and not system, reason, code,
        ))
        self.over = status is CLOSED


def live(chance: random.Random, begins: datetime, now: datetime) -> Course:
    course = Course(chance, now, begins, chance.choice(ORIGINS), chance.choice(list(Side)))
    _begin(course)
    while not course.over:
        _stay(course)
        _leave(course)
    if course.status is CLOSED and course.furthest >= S.INTEREST and chance.random() < 0.05:
        _reopen(course)
    return course


def _begin(course: Course) -> None:
    suggested = course.origin is Origin.MATCH or course.origin is Origin.BROKER
    if not suggested:
        course.move("express_interest", S.INTEREST, side=course.asks)
        return
    course.move("suggest", S.SUGGESTED, system=course.origin is Origin.MATCH)
    course.wait(DAYS[S.SUGGESTED])
    if course.chance.random() < 0.25:
        course.at = max(course.at, course.rows[0].at + timedelta(days=30))
        course.over = course.over or course.at >= course.now
        course.move("close", status=CLOSED, system=True, reason=CloseReason.EXPIRED)
    elif course.chance.random() < 0.1:
        course.move("skip", S.QUALIFIED)
    else:
        course.move("express_interest", S.INTEREST, side=course.asks)


def _stay(course: Course) -> None:
    """What happens within a stage: taking, consents, minutes, no-shows, a rest."""
    chance, stage = course.chance, course.stage
    if stage is S.INTEREST and not any(row.move == "take" for row in course.rows):
        course.wait(0.7)
        course.move("take")
    if stage is S.QUALIFIED:
        for side in (course.asks, course.asks.other):
            course.wait(DAYS[stage] / 3)
            if side is course.asks or chance.random() < 0.8:
                course.move("consent", side=side)
        if chance.random() < 0.4:
            course.move("sign_nda", side=course.asks)
            course.move("sign_nda", side=course.asks.other)
    for _ in range(chance.randrange(2 * TALKS[stage] + 1) if stage in TALKS else 0):
        course.wait(DAYS[stage] / TALKS[stage] / 2)
        missed = stage in (S.INTRODUCED, S.DISCUSSING) and (stage is S.INTRODUCED or chance.random() < 0.12)
        course.move("no_show" if missed else "discuss", side=chance.choice([None, None, *Side]))
    if chance.random() < 0.06 and S.INTEREST <= stage <= S.PERFORMING:
        course.wait(DAYS[stage] / 2)
        course.move("hold", status=Status.ON_HOLD)
        course.wait(45)
        course.move("wake", system=True)
    if chance.random() < 0.05:
        course.move("assign")


def _leave(course: Course) -> None:
    chance, stage = course.chance, course.stage
    course.wait(DAYS[stage] * 0.6)
    if stage is S.IMPLEMENTED:
        course.move("close", status=CLOSED, reason=CloseReason.COMPLETED)
        course.over = True
    elif chance.random() < 0.03 and stage > S.INTEREST:
        course.move("back", Stage(stage - 1))
    elif chance.random() > ONWARD[stage]:
        reason = chance.choice(ENDS[stage])
        by_side = reason in (CloseReason.DECLINED_BY_COUNTERPART, CloseReason.WITHDRAWN) and chance.random() < 0.6
        side = course.asks if reason is CloseReason.WITHDRAWN else course.asks.other
        course.move("close", status=CLOSED, side=side if by_side else None, reason=reason,
                    system=reason is CloseReason.LISTING_WITHDRAWN)
    elif stage is S.INTRODUCED and chance.random() < 0.05:
        course.move("skip", S.NEGOTIATING)
    else:
        _onward(course)


def _onward(course: Course) -> None:
    if course.stage is S.PERFORMING:
        course.move("report_outcome")
        for side in Side:
            course.wait(4)
            course.move("confirm_outcome", side=side)
    names = {S.INTEREST: "qualify", S.QUALIFIED: "introduce", S.INTRODUCED: "meet", S.DISCUSSING: "intent",
             S.NEGOTIATING: "sign", S.SIGNED: "register", S.PERFORMING: "implement"}
    stage = course.stage
    course.move(names[stage], Stage(stage + 1), system=stage in (S.QUALIFIED, S.PERFORMING))


def _reopen(course: Course) -> None:
    course.over = False
    course.wait(30)
    course.move("reopen")
    while not course.over:
        _leave(course)

"""The arithmetic of the pipeline: who reached what, how long they stayed, what became of a month's beginners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace import clock
from marketplace.introductions.models import CloseReason, ReasonCode, Stage, Status

STAGES = tuple(stage for stage in Stage if stage >= Stage.INTEREST)
DAY = 86_400.0


@dataclass(frozen=True)
class Move:
    stage: Stage
    status: Status
    at: datetime


@dataclass(frozen=True)
class Course:
    """One introduction's way through the stages, in the order of its moves."""

    moves: tuple[Move, ...]
    entered_at: datetime
    """When it first stood at the stage of interest or beyond: its cohort."""
    close_reason: CloseReason | None
    reason_code: ReasonCode | None
    cuts: Mapping[str, Any]

    @classmethod
    def of(
        cls, moves: Sequence[Move], close_reason: CloseReason | None, reason_code: ReasonCode | None,
        cuts: Mapping[str, Any],
    ) -> Course | None:
        """None for one that was only ever suggested."""
        entered = next((move.at for move in moves if move.stage >= Stage.INTEREST), None)
        return cls(tuple(moves), entered, close_reason, reason_code, cuts) if entered else None

    @property
    def furthest(self) -> Stage:
        """The furthest it ever came; a step back takes nothing away."""
        return max(move.stage for move in self.moves)

    @property
    def stage(self) -> Stage:
        return self.moves[-1].stage

    @property
    def is_open(self) -> bool:
        return self.moves[-1].status is not Status.CLOSED


@dataclass(frozen=True)
class Step:
    stage: Stage
    reached: int
    open: int
    """Standing there now and not closed: they may still go on."""
    share: float | None
    """Of those that ever reached the stage before."""


@dataclass(frozen=True)
class Group:
    """One piece of a cut, or one month of entry."""

    name: Any
    entered: int
    introduced: int
    signed: int
    open: int

    @property
    def introduced_share(self) -> float:
        return self.introduced / self.entered

    @property
    def signed_share(self) -> float:
        return self.signed / self.entered


@dataclass(frozen=True)
class Passage:
    """How long introductions stay in a stage, in days; those still there count as staying at least so long."""

    stage: Stage
    stays: int
    open: int
    median: float | None
    p90: float | None
    """None when so many are still there that it cannot be said yet."""


def steps(courses: Sequence[Course]) -> list[Step]:
    found: list[Step] = []
    for stage in STAGES:
        reached = sum(course.furthest >= stage for course in courses)
        before = found[-1].reached if found else 0
        waiting = sum(course.is_open and course.stage is stage for course in courses)
        found.append(Step(stage, reached, waiting, reached / before if before else None))
    return found


def grouped(named: Iterable[tuple[Any, Course]]) -> list[Group]:
    """The pieces of a cut, the largest first."""
    pieces: dict[Any, list[Course]] = {}
    for name, course in named:
        pieces.setdefault(name, []).append(course)
    return sorted((_group(name, courses) for name, courses in pieces.items()), key=lambda group: -group.entered)


def by_month(courses: Sequence[Course]) -> list[Group]:
    """Cohorts by month of entry, the oldest first."""
    months = grouped((course.entered_at.astimezone(clock.PLACE).strftime("%Y-%m"), course) for course in courses)
    return sorted(months, key=lambda group: str(group.name))


def _group(name: Any, courses: Sequence[Course]) -> Group:
    return Group(
        name, len(courses), sum(course.furthest >= Stage.INTRODUCED for course in courses),
        sum(course.furthest >= Stage.SIGNED for course in courses), sum(course.is_open for course in courses),
    )


def passages(courses: Sequence[Course], now: datetime) -> list[Passage]:
    stays: dict[Stage, list[tuple[float, bool]]] = {stage: [] for stage in STAGES}
    for course in courses:
        for stage, days, has_ended in _stays(course, now):
            if stage in stays:
                stays[stage].append((days, has_ended))
    return [
        Passage(stage, len(spent), sum(not ended for _, ended in spent), quantile(spent, 0.5), quantile(spent, 0.9))
        for stage, spent in stays.items() if spent
    ]


def _stays(course: Course, now: datetime) -> Iterable[tuple[Stage, float, bool]]:
    """(stage, days, whether it was left) for each unbroken stay; leaving is moving on, moving back, or closing."""
    since: Move | None = None
    for move in course.moves:
        if since is not None and (move.stage is not since.stage or move.status is Status.CLOSED):
            yield since.stage, max(0.0, (move.at - since.at).total_seconds() / DAY), True
            since = None
        if since is None and move.status is not Status.CLOSED:
            since = move
    if since is not None:
        yield since.stage, max(0.0, (now - since.at).total_seconds() / DAY), False


def quantile(stays: Sequence[tuple[float, bool]], share: float) -> float | None:
    """The Kaplan–Meier estimate: after how long has `share` of them left, when some are still there?"""
    remaining = 1.0
    at_risk = len(stays)
    for days, has_ended in sorted(stays, key=lambda stay: (stay[0], not stay[1])):
        if has_ended:
            remaining *= 1 - 1 / at_risk
            if remaining <= 1 - share + 1e-9:
                return days
        at_risk -= 1
    return None

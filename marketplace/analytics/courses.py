"""From the rows of history to what became of each introduction: how far it came, when, how long it stayed where.

All in columns, computed at once for however many introductions: a page that read half a million rows would not be
read. The definitions are those of docs/api.md; tests/analytics recomputes each by brute force from what the API tells.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Self

import numpy as np

from marketplace import clock
from marketplace.analytics.raw import CLOSED, CONSENT, MEETINGS, NO_SHOW, VERSIONS, Numbers
from marketplace.introductions import figures
from marketplace.introductions.models import Stage

Array = np.ndarray[Any, np.dtype[Any]]
NEVER = -1
OFFSET = int(clock.PLACE.utcoffset(datetime(2026, 1, 1)).total_seconds()) * 1_000_000  # type: ignore[union-attr]
"""Of the place's clock, in microseconds; China has had no summer time since 1991."""
DAY = 86_400_000_000


@dataclass(frozen=True)
class Columns:
    """Arrays of equal length; a row is one thing."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def where(self, these: Array) -> Self:
        return type(self)(*(getattr(self, column.name)[these] for column in fields(self)))

    def joined(self, other: Self) -> Self:
        pairs = ((getattr(self, column.name), getattr(other, column.name)) for column in fields(self))
        return type(self)(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Courses(Columns):
    """A row for every introduction, by id. Moments are microseconds, NEVER where there is none."""

    id: Array
    furthest: Array
    """The furthest stage it ever came to; a step back takes nothing away, a skipped stage counts."""
    stage: Array
    status: Array
    entered: Array
    """When it first stood at interest or beyond: its cohort."""
    month: Array
    """Of `entered`, where the marketplace is; months since January 1970."""
    reason: Array
    """Of its closing, when it is closed; a place in raw.REASONS."""
    code: Array
    asked: Array
    """When it first stood at interest."""
    acted: Array
    """When the broker had acted on that: it went on or was closed."""
    act_by: Array
    """By when the broker should have."""
    qualified: Array
    answered: Array
    """When the sides had answered: a first consent, it went on, or was closed."""
    answer_by: Array
    meetings: Array
    """Minutes of meetings and of meetings that somebody missed."""
    missed: Array


@dataclass(frozen=True)
class Stays(Columns):
    """A row for every unbroken stay in a stage from interest on."""

    introduction: Array
    stage: Array
    since: Array
    lasted: Array
    """Microseconds; NEVER while it goes on."""


def derive(moves: Numbers, closings: Numbers) -> tuple[Courses, Stays]:
    """From the rows of raw.moves and raw.closings."""
    keys, at, packed = moves[:, 0], moves[:, 1], moves[:, 2]
    introduction, stage, status, move = keys // VERSIONS, packed >> 2 & 15, packed & 3, packed >> 6
    if not len(keys):
        return _nothing()
    begins = np.r_[True, introduction[1:] != introduction[:-1]]
    rows = _Rows(np.flatnonzero(begins), np.cumsum(begins) - 1, at, stage, status == CLOSED, move)
    last = np.r_[rows.starts[1:], len(keys)] - 1
    entered = rows.moment(rows.first(stage >= Stage.INTEREST))
    asked, acted = rows.wait(Stage.INTEREST)
    qualified, answered = rows.wait(Stage.QUALIFIED)
    reason, code = _reasons(keys[last], rows.closed[last], closings)
    courses = Courses(
        id=introduction[rows.starts], furthest=np.maximum.reduceat(stage, rows.starts), stage=stage[last],
        status=status[last], entered=entered, month=month_of(entered), reason=reason, code=code,
        asked=asked, acted=acted, act_by=_deadlines(Stage.INTEREST, asked),
        qualified=qualified, answered=answered, answer_by=_deadlines(Stage.QUALIFIED, qualified),
        meetings=rows.count(np.isin(move, MEETINGS)), missed=rows.count(move == NO_SHOW),
    )
    return courses, _stays(introduction, at, stage, rows.closed, begins)


def month_of(moments: Array) -> Array:
    """Months since January 1970 where the marketplace is; NEVER of NEVER."""
    here = (moments + OFFSET).astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    return np.where(moments == NEVER, NEVER, here)


def micros_of(moment: datetime) -> int:
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


@dataclass(frozen=True)
class _Rows:
    """Rows of history, those of one introduction together and in order."""

    starts: Array
    introduction: Array
    """Which introduction a row belongs to, counted from 0."""
    at: Array
    stage: Array
    closed: Array
    move: Array

    def first(self, these: Array) -> Array:
        """For each introduction the place of its first row among these; len(at) when there is none."""
        places = np.where(these, np.arange(len(self.at)), len(self.at))
        return np.minimum.reduceat(places, self.starts)

    def moment(self, places: Array) -> Array:
        moments: Array = np.r_[self.at, NEVER][places]
        return moments

    def wait(self, stage: Stage) -> tuple[Array, Array]:
        """Since when somebody waited for an answer at a stage, the first time it was there, and until when."""
        began = self.first(self.stage == stage)
        answers = self.closed | (self.stage > stage)
        if stage is Stage.QUALIFIED:
            answers = answers | (self.move == CONSENT)
        later = np.arange(len(self.at)) > began[self.introduction]
        since, until = self.moment(began), self.moment(self.first(answers & later))
        return since, np.where(until == NEVER, NEVER, np.maximum(since, until))

    def count(self, these: Array) -> Array:
        return np.add.reduceat(these.astype(np.int64), self.starts)


def _stays(introduction: Array, at: Array, stage: Array, closed: Array, begins: Array) -> Stays:
    """A stay begins by coming to a stage or being reopened in it, and ends by leaving the stage or closing. Being put
    on hold, minutes, consents and the like do not break it."""
    before = np.r_[True, closed[:-1] | (stage[1:] != stage[:-1])]
    turns = np.flatnonzero(begins | closed | before)
    following = np.r_[turns[1:], turns[-1:]]
    there = ~closed[turns] & (stage[turns] >= Stage.INTEREST)
    has_ended = (introduction[following] == introduction[turns]) & (following != turns)
    lasted = np.where(has_ended, np.maximum(0, at[following] - at[turns]), NEVER)
    begun = turns[there]
    return Stays(introduction[begun], stage[begun], at[begun], lasted[there])


def _reasons(keys: Array, closed: Array, closings: Numbers) -> tuple[Array, Array]:
    """Of the introductions that are closed: the reason and code that their last row gives."""
    found = {int(key): (reason, code) for key, reason, code in closings}
    none = (NEVER, NEVER)
    pairs = [found.get(key, none) if shut else none for key, shut in zip(keys.tolist(), closed.tolist(), strict=True)]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _deadlines(stage: Stage, since: Array) -> Array:
    """By when an answer was due; working days are counted once for each day there is."""
    days, places = np.unique((since + OFFSET) // DAY, return_inverse=True)
    due = np.array([_deadline(stage, int(day)) for day in days], np.int64)
    return np.where(since == NEVER, NEVER, due[places])


@lru_cache(maxsize=20_000)
def _deadline(stage: Stage, day: int) -> int:
    noon = datetime.fromtimestamp((day * DAY - OFFSET) / 1_000_000 + 43_200, UTC)
    return micros_of(figures.answer_due(stage, noon))


def _nothing() -> tuple[Courses, Stays]:
    def empty(kind: type[Columns]) -> list[Array]:
        return [np.empty(0, np.int64) for _ in fields(kind)]

    return Courses(*empty(Courses)), Stays(*empty(Stays))

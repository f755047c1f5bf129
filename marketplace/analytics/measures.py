"""The figures themselves, each from the columns in one pass. What each means: docs/api.md, in words to recompute by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from marketplace import clock, regions
from marketplace.analytics import raw
from marketplace.analytics.asking import Question
from marketplace.analytics.columns import State
from marketplace.analytics.courses import DAY, NEVER, Array, Courses, micros_of
from marketplace.analytics.cuts import province
from marketplace.analytics.results import Cohort, Group, Kept, Met, NoShows, Passage, Reply, Step
from marketplace.introductions.models import CloseReason, ReasonCode, Stage
from marketplace.listings.models import OPEN_FOR_INTEREST
from marketplace.matching.weights import STRONG_ENOUGH

STAGES = tuple(stage for stage in Stage if stage >= Stage.INTEREST)
ANSWERED_WITHIN = timedelta(days=30)
_DEPTH = max(STAGES) + 1


class Measured:
    """The introductions that a question is about, and what can be said of them."""

    def __init__(self, state: State, question: Question) -> None:
        self.state, self.question, self.now = state, question, micros_of(clock.now())
        courses = state.courses
        chosen = courses.entered != NEVER
        if question.since is not None:
            chosen &= courses.entered >= micros_of(question.since)
        if question.until is not None:
            chosen &= courses.entered < micros_of(question.until)
        for cut, value in question.only.items():
            chosen &= self._is(cut, value)
        self.chosen = chosen
        self.courses: Courses = courses.where(chosen)

    def __len__(self) -> int:
        return len(self.courses)

    def steps(self) -> list[Step]:
        reached, still = _histograms(self.courses, np.zeros(len(self), np.int64), 1)
        return Cohort("", None, tuple(reached[0, STAGES[0]:].tolist()), tuple(still[0, STAGES[0]:].tolist())).stages

    def cohorts(self, by: str | None = None) -> list[Cohort]:
        """By month of entry and piece of the cut, in order."""
        months, month = np.unique(self.courses.month, return_inverse=True)
        places, values = self.pieces(by) if by else (np.zeros(len(self), np.int64), [None])
        reached, still = _histograms(self.courses, month * len(values) + places, len(months) * len(values))
        found = [
            Cohort(_month(months[row // len(values)]), values[row % len(values)],
                   tuple(reached[row, STAGES[0]:].tolist()), tuple(still[row, STAGES[0]:].tolist()))
            for row in np.flatnonzero(reached[:, STAGES[0]])
        ]
        return sorted(found, key=lambda cohort: (cohort.month, str(cohort.key or "")))

    def groups(self, by: str) -> list[Group]:
        """The pieces of a cut, the largest first."""
        places, values = self.pieces(by)
        reached, still = _histograms(self.courses, places, len(values))
        found = [
            Group(values[row], int(reached[row, Stage.INTEREST]), int(reached[row, Stage.INTRODUCED]),
                  int(reached[row, Stage.SIGNED]), int(still[row, Stage.INTEREST:].sum()))
            for row in np.flatnonzero(reached[:, STAGES[0]])
        ]
        return sorted(found, key=lambda group: (-group.entered, str(group.value or "")))

    def passages(self) -> list[Passage]:
        """Every stage, also those where nobody has been."""
        stays = self.state.stays
        mine = np.zeros(int(self.state.courses.id.max(initial=0)) + 1, bool)
        mine[self.courses.id] = True
        chosen = mine[stays.introduction]
        found = []
        for stage in STAGES:
            these = chosen & (stays.stage == stage)
            goes_on = these & (stays.lasted == NEVER)
            ended, lasting = stays.lasted[these & ~goes_on], np.maximum(0, self.now - stays.since[goes_on])
            median, p90 = quantiles(ended, lasting, (0.5, 0.9))
            found.append(Passage(stage, len(ended) + len(lasting), len(lasting), median, p90))
        return found

    def reply(self, stage: Stage) -> Reply:
        """How long people waited for an answer at interest (for the broker) and when qualified (for the sides)."""
        of = self.courses
        columns = of.asked, of.acted, of.act_by
        if stage is Stage.QUALIFIED:
            columns = of.qualified, of.answered, of.answer_by
        since, until, due = (column[columns[0] != NEVER] for column in columns)
        waits = until == NEVER
        ended, lasting = np.sort((until - since)[~waits]), np.sort(np.maximum(0, self.now - since[waits]))
        median, p90 = quantiles(ended, lasting, (0.5, 0.9))
        judged = ~waits | (due < self.now)
        in_time = ~waits & (until <= due)
        return Reply(stage, len(since), int(waits.sum()), median, p90, Kept(int(in_time.sum()), int(judged.sum())))

    def no_shows(self) -> NoShows:
        missed = self.courses.missed
        return NoShows(int(missed.sum()), int(self.courses.meetings.sum()), int((missed > 0).sum()))

    def close_reasons(self) -> dict[CloseReason, int]:
        return _counted(self.courses.reason, raw.REASONS)

    def reason_codes(self) -> dict[ReasonCode, int]:
        return _counted(self.courses.code, raw.CODES)

    def closed_at(self) -> dict[Stage, int]:
        """How many were closed at each stage with a no: all but the completed."""
        shut = (self.courses.status == raw.CLOSED) & (self.courses.reason != raw.REASONS.index(CloseReason.COMPLETED))
        counts = np.bincount(self.courses.stage[shut], minlength=_DEPTH)
        return {stage: int(counts[stage]) for stage in Stage}

    def needs_answered(self) -> Kept:
        """Of the needs published in the period and at least 30 days ago: those with interest on either side within 30
        days. Conditions that say nothing about a need are left aside."""
        of, within = self.state.listings, int(ANSWERED_WITHIN.total_seconds() * 1_000_000)
        old_enough = (of.published != NEVER) & (of.published <= self.now - within)
        these = (of.kind == raw.NEED) & old_enough & self._of_listing()
        if self.question.since is not None:
            these &= of.published >= micros_of(self.question.since)
        if self.question.until is not None:
            these &= of.published < micros_of(self.question.until)
        never = np.iinfo(np.int64).max
        first = np.full(len(of.kind), never)
        entered = self.state.courses.entered
        begun = entered != NEVER
        np.minimum.at(first, self.state.cases.need[begun], entered[begun])
        quick = (first != never) & (first - of.published <= within)
        return Kept(int((these & quick).sum()), int(these.sum()))

    def met(self, kind: int) -> list[Met]:
        """By field: the needs (or results) open for interest today, and how many have a counterpart that fits."""
        of = self.state.listings
        these = (of.kind == kind) & np.isin(of.state, _OPEN) & self._of_listing()
        fields = len(raw.FIELD_CODES) + 1
        every, scored, met = (
            np.bincount(of.field[these & more], minlength=fields)
            for more in (True, ~np.isnan(of.best), np.nan_to_num(of.best, nan=-1.0) >= STRONG_ENOUGH)
        )
        codes = ("", *raw.FIELD_CODES)
        return [Met(codes[place], int(every[place]), int(scored[place]), int(met[place]))
                for place in np.flatnonzero(every)]

    def pieces(self, by: str) -> tuple[Array, list[Any]]:
        """For each introduction the place of its piece, and what stands in each place."""
        places, values = _places(self.state, by)
        return places[self.chosen], values

    def values(self, cut: str) -> list[Any]:
        """Every value the cut has, whatever is asked."""
        places, values = _places(self.state, cut)
        there = np.bincount(places[self.state.courses.entered != NEVER], minlength=len(values))
        return [value for value, count in zip(values, there, strict=True) if count and value is not None]

    def _is(self, cut: str, value: str) -> Array:
        if cut == "region":
            inside = np.array([value in regions.ancestors(code) if code else False for code in self.state.regions])
            matches: Array = inside[self.state.listings.region[self.state.cases.need]]
            return matches
        places, values = _places(self.state, cut)
        known = [str(one) if one is not None else None for one in values]
        return np.equal(places, known.index(value) if value in known else NEVER)

    def _of_listing(self) -> Array:
        """Which listings the conditions about field and region leave."""
        of, only = self.state.listings, self.question.only
        left = np.ones(len(of.kind), bool)
        if "field" in only:
            left &= of.field == raw.FIELD_CODES.index(only["field"]) + 1
        if "region" in only:
            inside = [only["region"] in regions.ancestors(code) if code else False for code in self.state.regions]
            left &= np.array(inside)[of.region]
        return left


_OPEN = [raw.STATES.index(state) for state in sorted(OPEN_FOR_INTEREST)]


def quantiles(ended: Array, lasting: Array, shares: Sequence[float]) -> list[float | None]:
    """The Kaplan–Meier estimate, in days: after how long has each share of them left, when some are still there? Both
    arrays ascend; None where it cannot be said yet. One that is still there counts as there until now: at the very
    moment at which another left, it was still at risk."""
    if not len(ended):
        return [None for _ in shares]
    there = len(ended) - np.arange(len(ended)) + len(lasting) - np.searchsorted(lasting, ended, "left")
    remaining = np.cumprod(1 - 1 / there)
    found: list[float | None] = []
    for share in shares:
        place = int(np.searchsorted(-remaining, share - 1 - 1e-9, "left"))
        found.append(float(ended[place]) / DAY if place < len(ended) else None)
    return found


def _histograms(courses: Courses, rows: Array, many: int) -> tuple[Array, Array]:
    """For each of so many rows: how many ever reached each stage, and how many stand there and are not closed."""
    furthest = np.bincount(rows * _DEPTH + courses.furthest, minlength=many * _DEPTH).reshape(many, _DEPTH)
    is_open = courses.status != raw.CLOSED
    still = np.bincount(rows[is_open] * _DEPTH + courses.stage[is_open], minlength=many * _DEPTH)
    return furthest[:, ::-1].cumsum(axis=1)[:, ::-1], still.reshape(many, _DEPTH)


def _counted(places: Array, names: Sequence[Any]) -> dict[Any, int]:
    """The commonest first."""
    counts = np.bincount(places[places != NEVER], minlength=len(names)).tolist()
    found = [(name, count) for name, count in zip(names, counts, strict=True) if count]
    return dict(sorted(found, key=lambda pair: -pair[1]))


def _places(state: State, cut: str) -> tuple[Array, list[Any]]:
    """For every introduction the place of its value in a cut, and the values; None is "not stated"."""
    cases, listings = state.cases, state.listings
    if cut == "field":
        return listings.field[cases.need].astype(np.int64), [None, *raw.FIELD_CODES]
    if cut == "region":
        return _provinces(state.regions, listings.region[cases.need])
    if cut == "origin":
        return cases.origin, [origin.value for origin in raw.ORIGINS]
    if cut == "event":
        return cases.event, [event or None for event in state.events]
    if cut == "organisation_kind":
        owners = listings.organisation[cases.result]
        return state.kinds[owners], [None, *(kind.value for kind in raw.KINDS)]
    known = np.bincount(cases.broker, minlength=1)
    known[0] += 1
    brokers = np.flatnonzero(known)
    table = np.cumsum(known > 0) - 1
    return table[cases.broker], [int(broker) or None for broker in brokers]


def _provinces(known: tuple[str, ...], of_needs: Array) -> tuple[Array, list[Any]]:
    table, names = _table_of_provinces(known)
    return table[of_needs], list(names)


@lru_cache(maxsize=8)
def _table_of_provinces(known: tuple[str, ...]) -> tuple[Array, tuple[str | None, ...]]:
    """Region's place -> province's place."""
    names: dict[str, int] = {"": 0}
    table = np.array([names.setdefault(province(code), len(names)) for code in known], np.int64)
    return table, tuple(name or None for name in names)


def _month(number: int) -> str:
    return f"{1970 + int(number) // 12}-{int(number) % 12 + 1:02d}"


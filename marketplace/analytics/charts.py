"""Where things stand in the pictures: the arithmetic of the charts, so that templates only write it down.

Widths are percent of the picture, so that it needs no script and no inline style, fits a phone, and its letters stay
as large as those around it; heights are pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from marketplace.analytics.results import Cohort, Met, Passage
from marketplace.introductions.models import Stage
from marketplace.phrases import Label

TALL = 168.0
"""Of the columns, in pixels."""
LABELLED = 12
"""With more columns than this only some carry a number."""
TICKS = ((1.0, Label("1 天", "day")), (7.0, Label("1 周", "week")), (30.0, Label("1 个月", "month")),
         (365.0, Label("1 年", "year")))
_SHORTEST, _LONGEST = 0.5, 1500.0
BAR = 66.0
"""How far the longest bar goes, in percent: the rest is for what is written beside it."""


@dataclass(frozen=True)
class Part:
    kind: str
    """The class of the rectangle: bar (came so far), open (may still come), back (the rest)."""
    top: float
    height: float


@dataclass(frozen=True)
class Column:
    """One month of beginners."""

    month: str
    x: float
    width: float
    middle: float
    parts: list[Part]
    entered: int
    introduced: int
    open: int
    shows_number: bool
    shows_month: bool
    top: float

    year: str
    """With the first month of it that is written."""

    @property
    def label(self) -> str:
        return str(int(self.month[5:]))


@dataclass(frozen=True)
class Spread:
    """A stage's median and ninetieth percentile on the scale of days."""

    passage: Passage
    median: float | None
    p90: float | None


@dataclass(frozen=True)
class Gap:
    """A field's needs without supply (to the left) and results without demand (to the right)."""

    field: str
    needs: int
    results: int
    left: float
    left_width: float
    right_width: float


def columns(cohorts: Sequence[Cohort]) -> list[Column]:
    """How many of each month's beginners were introduced so far, and how many may still be."""
    most = max((cohort.entered for cohort in cohorts), default=0)
    step = 100 / max(len(cohorts), 1)
    every = -(-len(cohorts) // LABELLED)
    numbered = _numbered([cohort.entered for cohort in cohorts], every)
    found: list[Column] = []
    year = ""
    for place, cohort in enumerate(cohorts):
        introduced = cohort.reached(Stage.INTRODUCED)
        still = sum(cohort.opens[: Stage.INTRODUCED - 1])
        still = min(still, cohort.entered - introduced)
        parts, top = [], TALL
        for kind, count in (("bar", introduced), ("open", still), ("back", cohort.entered - introduced - still)):
            height = count / most * TALL if most else 0.0
            top -= height
            if height:
                parts.append(Part(kind, top, height))
        shows_month = place % every == 0
        new_year = cohort.month[:4] if shows_month and cohort.month[:4] != year else ""
        year = new_year or year
        found.append(Column(
            cohort.month, place * step + step * 0.14, step * 0.72, (place + 0.5) * step, parts, cohort.entered,
            introduced, still, place in numbered, shows_month, top, new_year,
        ))
    return found


def _numbered(counts: list[int], every: int) -> set[int]:
    """The columns that carry their number: all of a few; of many the largest, and the last if it stands clear of it."""
    if every <= 1 or not counts:
        return set(range(len(counts)))
    largest, last = counts.index(max(counts)), len(counts) - 1
    return {largest, last} if abs(last - largest) > every else {largest}


def position(days: float) -> float:
    """On a scale on which a day, a week, a month and a year have room; percent."""
    bounded = min(max(days, _SHORTEST), _LONGEST)
    return (log10(bounded) - log10(_SHORTEST)) / (log10(_LONGEST) - log10(_SHORTEST)) * 100


def spreads(passages: Sequence[Passage]) -> list[Spread]:
    def placed(days: float | None) -> float | None:
        return None if days is None else position(days)

    return [Spread(one, placed(one.median), placed(one.p90)) for one in passages if one.stays]


def gaps(needs: Sequence[Met], results: Sequence[Met]) -> list[Gap]:
    """The fields with most needs that nothing fits first."""
    wanting = {one.field: one.unmet for one in needs if one.scored}
    idle = {one.field: one.unmet for one in results if one.scored}
    most = max((*wanting.values(), *idle.values(), 1))
    scale = 36 / most
    found = [
        Gap(field, wanting.get(field, 0), idle.get(field, 0), 50 - wanting.get(field, 0) * scale,
            wanting.get(field, 0) * scale, idle.get(field, 0) * scale)
        for field in {**wanting, **idle}
    ]
    return sorted(found, key=lambda gap: (-gap.needs, -gap.results, gap.field))

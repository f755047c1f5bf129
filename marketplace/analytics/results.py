"""What the figures are, as plain values: measured in measures.py, drawn, exported and handed out by the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marketplace.introductions.models import Stage


@dataclass(frozen=True)
class Step:
    stage: Stage
    reached: int
    open: int
    """Standing there now and not closed: they may still go on."""
    share: float | None
    """Of those that ever reached the stage before."""


@dataclass(frozen=True)
class Cohort:
    """Those who came to interest in one month, in one piece of the cut."""

    month: str
    key: Any
    counts: tuple[int, ...]
    """How many ever reached each stage, from interest on. Bare numbers: a cut by broker has thousands of them."""
    opens: tuple[int, ...]
    """How many stand at each and are not closed."""

    @property
    def stages(self) -> list[Step]:
        before = (0, *self.counts)
        return [
            Step(Stage(place), count, still, count / before[place - 1] if before[place - 1] else None)
            for place, (count, still) in enumerate(zip(self.counts, self.opens, strict=True), 1)
        ]

    @property
    def entered(self) -> int:
        return self.counts[0]

    @property
    def open(self) -> int:
        return sum(self.opens)

    def reached(self, stage: int) -> int:
        return self.counts[stage - 1]


@dataclass(frozen=True)
class Group:
    """One piece of a cut."""

    value: Any
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
    open: int | None
    """None where everybody reads it and it is too small to tell."""
    median: float | None
    p90: float | None
    """None when so many are still there that it cannot be said yet."""


@dataclass(frozen=True)
class Kept:
    """How many of how many."""

    kept: int
    of: int

    @property
    def share(self) -> float | None:
        return self.kept / self.of if self.of else None


@dataclass(frozen=True)
class Reply:
    """How long people wait for an answer at a stage, in days."""

    stage: Stage
    waits: int
    open: int
    """Still waiting."""
    median: float | None
    p90: float | None
    in_time: Kept
    """Of those that have their answer or should have it by now."""


@dataclass(frozen=True)
class NoShows:
    missed: int
    meetings: int
    """Held or missed."""
    introductions: int
    """In which it happened at all."""


@dataclass(frozen=True)
class Met:
    """The listings of a field that are open for interest."""

    field: str
    every: int
    scored: int
    """Compared with the other side so far."""
    met: int
    """With a counterpart that fits."""

    @property
    def unmet(self) -> int:
        return self.scored - self.met

    @property
    def share(self) -> float | None:
        return self.met / self.scored if self.scored else None

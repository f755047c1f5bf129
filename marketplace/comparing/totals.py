"""From points to one number, and how it came about: the weighted mean of the criteria's averages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from marketplace.comparing.models import Criterion, Score


@dataclass(frozen=True)
class Cell:
    """One answer on one criterion: everybody's points."""

    criterion: Criterion
    scores: tuple[Score, ...] = ()

    @property
    def average(self) -> float | None:
        return fmean(score.points for score in self.scores) if self.scores else None

    @property
    def lowest(self) -> int:
        return min((score.points for score in self.scores), default=0)

    @property
    def highest(self) -> int:
        return max((score.points for score in self.scores), default=0)

    @property
    def is_disputed(self) -> bool:
        """Do members lie two points or more apart?"""
        return self.highest - self.lowest >= 2

    def of(self, user_id: int) -> Score | None:
        return next((score for score in self.scores if score.user_id == user_id), None)

    @property
    def notes(self) -> list[Score]:
        return [score for score in self.scores if score.note]


@dataclass(frozen=True)
class Total:
    """Of one answer: the sum of weight × average over the scored criteria, by the sum of their weights."""

    cells: tuple[Cell, ...]

    @property
    def scored(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.scores]

    @property
    def weights(self) -> int:
        return sum(cell.criterion.weight for cell in self.scored)

    @property
    def weighed(self) -> float:
        return sum(cell.criterion.weight * (cell.average or 0) for cell in self.scored)

    @property
    def value(self) -> float | None:
        return self.weighed / self.weights if self.weights else None

    @property
    def is_whole(self) -> bool:
        """Has every criterion been scored?"""
        return len(self.scored) == len(self.cells)

    @property
    def explained(self) -> str:
        """5 × 4.5 + 3 × 2 = 28.5; 28.5 ÷ 8 = 3.6"""
        if not self.weights or self.value is None:
            return ""
        parts = " + ".join(f"{cell.criterion.weight} × {short(cell.average or 0)}" for cell in self.scored)
        return f"{parts} = {short(self.weighed)}; {short(self.weighed)} ÷ {self.weights} = {short(self.value)}"


def totals(
    criteria: Sequence[Criterion], scores: Iterable[Score], introduction_ids: Iterable[int]
) -> Mapping[int, Total]:
    """Introduction -> its total."""
    by_cell: dict[tuple[int, int], list[Score]] = defaultdict(list)
    for score in scores:
        by_cell[score.introduction_id, score.criterion_id].append(score)
    return {
        number: Total(tuple(Cell(one, tuple(by_cell[number, one.id])) for one in criteria))
        for number in introduction_ids
    }


def short(value: float) -> str:
    """At most one decimal, two where one would hide a difference of halves."""
    return f"{value:.2f}".rstrip("0").rstrip(".")

"""What everybody may see of the figures, once the operator has switched it on: sums, and no small ones.

A number from 1 to 4 is told to nobody: it could be somebody. Where the pieces of a whole are shown, the small ones go
together as "others", with the smallest of the rest if they are still too few; so none can be had by subtracting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.analytics.models import PublicFigures
from marketplace.analytics.permissions import can_open
from marketplace.analytics.results import Cohort, Met, Passage, Step
from marketplace.db import session, transaction
from marketplace.errors import require

FEW = 5
OTHERS = "others"


@dataclass(frozen=True)
class Piece:
    value: Any
    """None for "not stated", OTHERS for the small ones together."""
    count: int


def is_public() -> bool:
    row = session.get(PublicFigures, 1)
    return row is not None and row.is_on


def set_public(actor: User, on: bool) -> None:
    """Let everybody see the aggregates, or no longer."""
    require(can_open(actor))
    with transaction():
        row = session.get(PublicFigures, 1) or PublicFigures(id=1)
        row.is_on, row.changed_at, row.changed_by_id = on, clock.now(), actor.id
        session.add(row)
        audit.record(actor.id, "figures.published" if on else "figures.hidden", "figures", 1)


def told(count: int | None) -> int | None:
    """The count, unless it is so small that it could be somebody."""
    return None if count is None or 0 < count < FEW else count


def pieces(counted: Iterable[tuple[Any, int]]) -> list[Piece]:
    """The pieces of a whole, the largest first, none of them small; none at all where the whole is small."""
    ordered = sorted(counted, key=lambda pair: -pair[1])
    large = [Piece(value, count) for value, count in ordered if count >= FEW]
    rest = sum(count for _, count in ordered if count < FEW)
    while 0 < rest < FEW and large:
        rest += large.pop().count
    return [*large, *([Piece(OTHERS, rest)] if rest >= FEW else [])]


def cohorts(found: Sequence[Cohort]) -> list[dict[str, Any]]:
    """As the API tells them to everybody; a cohort that is small itself is left out, and so is the smallest of the
    others where what is left out of a month would be small: without the cut the month is told as a whole."""
    left_out = {(cohort.month, cohort.key) for cohort in found if cohort.entered < FEW}
    for month in {cohort.month for cohort in found}:
        ordered = sorted((one for one in found if one.month == month), key=lambda one: one.entered)
        shown = [one for one in ordered if one.entered >= FEW]
        rest = sum(one.entered for one in ordered if one.entered < FEW)
        while 0 < rest < FEW and shown:
            rest += shown[0].entered
            left_out.add((month, shown.pop(0).key))
    return [
        {"month": cohort.month, "key": cohort.key, "stages": [
            {"stage": int(step.stage), "reached": told(step.reached), "still_open": told(step.open)}
            for step in cohort.stages
        ]}
        for cohort in found if (cohort.month, cohort.key) not in left_out
    ]


def steps(found: Sequence[Step]) -> list[Step]:
    """Up to the last stage that enough have reached."""
    return [replace(step, open=told(step.open) or 0) for step in found if step.reached >= FEW]


def passages(found: Sequence[Passage]) -> list[Passage]:
    return [replace(passage, open=told(passage.open)) for passage in found if passage.stays >= FEW]


def together(found: Sequence[Met]) -> Met | None:
    """All fields in one; None where too few were compared."""
    whole = Met("", *(sum(getattr(one, name) for one in found) for name in ("every", "scored", "met")))
    return whole if whole.scored >= FEW else None

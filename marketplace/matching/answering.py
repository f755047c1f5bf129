"""Does an organisation answer when it is asked? Whoever does is the better partner, a little.

Rooms above count and `keep`; what becomes of the counts is said here. An organisation of which nothing is known is
neither better nor worse, and one or two answers change little.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.matching.models import Answering

BEFOREHAND, OF_THEM = 4, 2
"""Every organisation begins as if it had been asked four times and had answered two of them in time: half, at which
the weights (hand-set, see default.json) give and take nothing."""
OFTEN = 3
USUALLY = 0.7
"""From so many answers in time, and from this share of them on, it is said that an organisation usually answers."""


@dataclass(frozen=True)
class Answers:
    asked: int = 0
    answered: int = 0

    @property
    def rate(self) -> float:
        return (self.answered + OF_THEM) / (self.asked + BEFOREHAND)

    @property
    def are_usual(self) -> bool:
        return self.answered >= OFTEN and self.answered >= USUALLY * self.asked


def keep(counts: Mapping[int, Answers]) -> None:
    """Organisation -> what was counted anew of it."""
    with transaction():
        known = {one.organisation_id: one for one in session.scalars(
            select(Answering).where(Answering.organisation_id.in_(sorted(counts)))
        )}
        for organisation, count in sorted(counts.items()):
            row = known.get(organisation)
            if row is None:
                row = Answering(organisation_id=organisation)
                session.add(row)
            row.asked, row.answered, row.updated_at = count.asked, count.answered, clock.now()


def of(organisations: Collection[int]) -> dict[int, Answers]:
    """Those that were ever asked, in one query."""
    rows = session.execute(
        select(Answering.organisation_id, Answering.asked, Answering.answered)
        .where(Answering.organisation_id.in_(sorted(set(organisations))), Answering.asked > 0)
    )
    return {row.organisation_id: Answers(row.asked, row.answered) for row in rows}


def of_pair(one: int, other: int, known: Mapping[int, Answers]) -> float | None:
    """What the pair's two organisations are worth together; None where neither was ever asked."""
    if one not in known and other not in known:
        return None
    nothing = Answers()
    return (known.get(one, nothing).rate + known.get(other, nothing).rate) / 2

"""Read-only figures of what follows from contracts, for other rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select

from marketplace.contracts.models import Answer, Survey, SurveyKind
from marketplace.db import session


@dataclass(frozen=True)
class Came:
    """What came of the contracts, by one kind of survey."""

    kind: SurveyKind
    sent: int
    answered: int
    answers: dict[Answer, int]
    jobs: int
    satisfaction: float | None
    """The mean of those who said."""
    revenue: dict[str, Decimal]
    """By currency."""


def survey_results(since: datetime | None = None, until: datetime | None = None) -> list[Came]:
    """For figures: surveys sent in that time, with what was answered to them; three queries whatever there is."""
    sent: list[ColumnElement[bool]] = []
    if since is not None:
        sent.append(Survey.sent_at >= since)
    if until is not None:
        sent.append(Survey.sent_at < until)
    totals = session.execute(
        select(Survey.kind, Survey.answer, func.count(), func.coalesce(func.sum(Survey.jobs), 0)).where(*sent)
        .group_by(Survey.kind, Survey.answer)
    ).all()
    content: dict[SurveyKind, float] = {kind: float(mean or 0) for kind, mean in session.execute(
        select(Survey.kind, func.avg(Survey.satisfaction)).where(Survey.satisfaction.is_not(None), *sent)
        .group_by(Survey.kind)
    )}
    earned = session.execute(
        select(Survey.kind, Survey.currency, func.sum(Survey.revenue)).where(Survey.revenue.is_not(None), *sent)
        .group_by(Survey.kind, Survey.currency)
    ).all()
    return [
        Came(
            kind, sum(row[2] for row in totals if row[0] is kind),
            sum(row[2] for row in totals if row[0] is kind and row[1] is not None),
            {said: sum(row[2] for row in totals if row[0] is kind and row[1] is said) for said in Answer},
            sum(int(row[3] or 0) for row in totals if row[0] is kind), content.get(kind),
            {str(row[1]): row[2] or Decimal(0) for row in earned if row[0] is kind},
        )
        for kind in SurveyKind
    ]

"""Seats as a seating would have given them."""

from __future__ import annotations

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.events.models import Edition, Registration
from marketplace.seating.models import PlanState, Seat, SeatingPlan, Table


def seat(edition: Edition, *tables: list[Registration], round: int = 1, state: PlanState = PlanState.PUBLISHED) -> None:
    """Put these people at these tables."""
    now = clock.now()
    with transaction():
        plan = SeatingPlan(edition_id=edition.id, round=round, state=state, created_at=now, changed_at=now,
                           published_at=now if state is PlanState.PUBLISHED else None)
        session.add(plan)
        session.flush()
        for number, people in enumerate(tables, 1):
            table = Table(plan_id=plan.id, number=number, size=8)
            session.add(table)
            session.flush()
            session.add_all(Seat(plan_id=plan.id, table_id=table.id, registration_id=one.id) for one in people)
    session.expire_all()

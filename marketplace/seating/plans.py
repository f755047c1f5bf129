"""A plan's rows as the solver's numbers, and back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from marketplace.db import session
from marketplace.events import attending
from marketplace.events.models import Registration
from marketplace.seating import gathering
from marketplace.seating.models import Seat, SeatingPlan, Table
from marketplace.seating.problem import USUAL, Plan, Problem
from marketplace.seating.rounds import led_as_in


def guests_of(plan: SeatingPlan) -> Sequence[Registration]:
    """Who is to have a seat: everybody with a place, or those who have come and not left."""
    return attending.present(plan.edition) if plan.of_present else attending.placed(plan.edition)


def problem_of(plan: SeatingPlan, guests: Sequence[Registration]) -> Problem:
    """The plan's round as numbers, with its tables, whom somebody has put down, and where people sat before."""
    here, numbers = {one.id for one in guests}, {table.number for table in plan.tables}
    missing = len(guests) - sum(table.size for table in plan.tables)
    usual = plan.tables[0].size if plan.tables else 0
    more = [usual] * -(-missing // usual) if missing > 0 and usual else []
    return gathering.gather(
        plan.edition, guests, [*(table.size for table in plan.tables), *more], number=plan.round,
        fixed={seat.registration_id: seat.table.number - 1 for seat in plan.seats
               if seat.is_fixed and seat.registration_id in here},
        before={int(key): table - 1 for key, table in plan.before.items() if int(key) in here and table in numbers},
    )


def led_as_in_the_first(plan: SeatingPlan, problem: Problem) -> Problem:
    """The round as the worker seats it: one host or broker keeps the table of the first round."""
    if plan.round == 1:
        return problem
    rows: list[list[int]] = [[] for _ in problem.sizes]
    for number, key in session.execute(
        select(Table.number, Seat.registration_id).join(Seat, Seat.table_id == Table.id)
        .join(SeatingPlan, SeatingPlan.id == Table.plan_id)
        .where(SeatingPlan.edition_id == plan.edition_id, SeatingPlan.round == 1, Table.number <= len(rows))
    ):
        rows[number - 1].append(key)
    return led_as_in(problem, tuple(map(tuple, rows)))


def seated(plan: SeatingPlan, problem: Problem) -> Plan:
    """Where the problem's guests sit now; who has no seat stands nowhere in it."""
    here = {guest.key for guest in problem.guests}
    rows: list[list[int]] = [[] for _ in problem.sizes]
    for seat in plan.seats:
        if seat.registration_id in here:
            rows[seat.table.number - 1].append(seat.registration_id)
    return tuple(tuple(row) for row in rows)


def put_down(plan: SeatingPlan, tables: Plan) -> None:
    """Seat these people, and nobody else; a seat that is known keeps what it knows."""
    known = {seat.registration_id: seat for seat in plan.seats}
    standing = {table.number: table for table in plan.tables}
    seats = []
    for at, keys in enumerate(tables, start=1):
        for key in keys:
            seat = known.get(key) or Seat(registration_id=key)
            seat.table = standing[at]
            seats.append(seat)
    plan.seats = seats
    session.flush()


def make_room(plan: SeatingPlan, people: int) -> None:
    """As many more tables as people lack seats, like those that stand there."""
    usual = plan.tables[0].size if plan.tables else USUAL
    while sum(table.size for table in plan.tables) < people:
        plan.tables.append(Table(number=len(plan.tables) + 1, size=usual))

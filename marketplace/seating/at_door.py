"""Where somebody sits, for those who check people in, and on a guest's own ticket. No reasons: two short queries,
however many people stand in line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Row, select

from marketplace.db import session
from marketplace.errors import require
from marketplace.events.models import HAS_PLACE, Edition, Registration
from marketplace.seating.models import BUSY, PlanState, Seat, SeatingPlan, Table
from marketplace.seating.permissions import Reader, can_seat


@dataclass(frozen=True)
class Place:
    """One round of one person; without a table as long as they have no seat in it."""

    round: int
    table: int | None


@dataclass(frozen=True)
class AtDoor:
    """What an edition's seating says to those at the door."""

    rounds: tuple[int, ...]
    is_busy: bool
    """Tables are being made at this moment: what they were is no use."""
    is_published: bool
    of_present: bool
    """Only who has been checked in can be given a seat."""
    tables: Mapping[int, Mapping[int, int]]
    """Registration -> round -> number of the table."""

    def places(self, registration: Registration) -> list[Place]:
        """Round by round; nothing where nobody is seated, or all are being seated. Whoever has no place any more has
        no table either."""
        theirs = self.tables.get(registration.id, {}) if registration.state in HAS_PLACE else {}
        return [] if self.is_busy else [Place(number, theirs.get(number)) for number in self.rounds]

    def lacks(self, registration: Registration) -> int | None:
        """The first round in which they can be given a seat and have none."""
        able = registration.is_present if self.of_present else registration.state in HAS_PLACE
        return next((one.round for one in self.places(registration) if one.table is None), None) if able else None


def at_door(actor: Reader, edition: Edition) -> AtDoor:
    require(can_seat(actor))
    plans = _plans(edition)
    return AtDoor(
        tuple(one.round for one in plans), any(one.work in BUSY for one in plans),
        bool(plans) and all(one.state is PlanState.PUBLISHED for one in plans), any(one.of_present for one in plans),
        _tables(edition),
    )


def own_tables(actor: Reader, registration: Registration) -> list[Place]:
    """For their ticket: their own tables, round by round, as far as they are published."""
    if actor is None or actor.id != registration.user_id or registration.state not in HAS_PLACE:
        return []
    found = _tables(registration.edition, SeatingPlan.state == PlanState.PUBLISHED,
                    Seat.registration_id == registration.id)
    return [Place(number, table) for number, table in sorted(found.get(registration.id, {}).items())]


def _plans(edition: Edition) -> list[Row[tuple[int, PlanState, object, bool]]]:
    return list(session.execute(
        select(SeatingPlan.round, SeatingPlan.state, SeatingPlan.work, SeatingPlan.of_present)
        .where(SeatingPlan.edition_id == edition.id).order_by(SeatingPlan.round)
    ))


def _tables(edition: Edition, *which: object) -> dict[int, dict[int, int]]:
    rows = session.execute(
        select(Seat.registration_id, SeatingPlan.round, Table.number)
        .join(SeatingPlan, SeatingPlan.id == Seat.plan_id).join(Table, Table.id == Seat.table_id)
        .where(SeatingPlan.edition_id == edition.id, *which)  # type: ignore[arg-type]
    )
    found: dict[int, dict[int, int]] = {}
    for registration_id, number, table in rows:
        found.setdefault(registration_id, {})[number] = table
    return found

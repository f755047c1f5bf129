"""What people read of a seating: their own table and why, who sat with whom, where they may take notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import select

from marketplace.db import session
from marketplace.events import attending
from marketplace.events.models import HAS_PLACE, Attendance, Edition, Registration
from marketplace.listings.models import Listing
from marketplace.listings.permissions import is_own, shows_organisation, visible_to
from marketplace.seating.models import PlanState, Seat, SeatingFit, SeatingPlan, Table
from marketplace.seating.permissions import Reader, hosts_of, leads
from marketplace.seating.problem import ordered

WORTH_SAYING = 30.0
"""A score below this is no reason to give to people."""


@dataclass(frozen=True)
class Because:
    """A need and a result for which two sit at one table. A side that the reader may not know of is None."""

    need: Listing | None
    result: Listing | None
    score: float


@dataclass(frozen=True)
class Mate:
    """Somebody at one's table."""

    registration: Registration
    leads: bool
    because: Because | None


@dataclass(frozen=True)
class MyTable:
    """Where somebody sits in one round, with whom, and why."""

    round: int
    number: int
    leads: bool
    mates: tuple[Mate, ...]
    """The best counterparts first."""


def table_of(actor: Reader, edition: Edition) -> list[MyTable]:
    """The tables of this person, round by round; none before they are published."""
    mine = attending.of(actor, edition)
    if mine is None or mine.state not in HAS_PLACE:
        return []
    seats = _published_seats(edition)
    fits, hosts = fits_known_to(actor, edition, mine.id), hosts_of(edition)
    found = []
    for own in seats:
        if own.registration_id == mine.id:
            others = [seat.registration for seat in seats
                      if seat.table_id == own.table_id and seat is not own and seat.registration.state in HAS_PLACE]
            mates = [Mate(one, leads(one, hosts), fits.get(one.id)) for one in others]
            mates.sort(key=lambda mate: (-(mate.because.score if mate.because else 0), mate.registration.user.name))
            found.append(MyTable(own.plan.round, own.table.number, leads(mine, hosts), tuple(mates)))
    return sorted(found, key=lambda one: one.round)


def fits_known_to(actor: Reader, edition: Edition, registration_id: int) -> dict[int, Because]:
    """The other guest -> what speaks for the two, as this reader may know it, in three queries. Nothing is said where
    it would tell whose an anonymous listing is."""
    rows = session.scalars(select(SeatingFit).where(
        SeatingFit.edition_id == edition.id,
        (SeatingFit.one_id == registration_id) | (SeatingFit.other_id == registration_id),
    )).all()
    ids = {number for row in rows for number in (row.need_id, row.result_id)}
    known = shown(actor, ids)
    veiled = set(session.scalars(select(Listing.id).where(Listing.id.in_(ids - known.keys()), Listing.anonymous)))
    return {
        row.other_id if row.one_id == registration_id else row.one_id:
        Because(known.get(row.need_id), known.get(row.result_id), row.fit)
        for row in rows if row.fit >= WORTH_SAYING and not {row.need_id, row.result_id} & veiled
    }


def shown(actor: Reader, ids: Collection[int]) -> dict[int, Listing]:
    """Those of these listings that can be named to this reader beside the name of their organisation."""
    if not ids:
        return {}
    seen = session.scalars(select(Listing).where(Listing.id.in_(ids), visible_to(actor))).all()
    return {one.id: one for one in seen if is_own(actor, one) or shows_organisation(actor, one)}


def tablemates(edition: Edition) -> list[tuple[int, int, int, int]]:
    """(registration, registration, number of the table, round) of all who sat together at published tables and have
    come; where nobody was checked in, of all who had a place."""
    return tablemates_of([edition])[edition.id]


def tablemates_of(editions: Collection[Edition]) -> dict[int, list[tuple[int, int, int, int]]]:
    """edition's id -> its `tablemates`, in one query however many editions."""
    seats: dict[int, list[Any]] = {edition.id: [] for edition in editions}
    for row in session.execute(
        select(SeatingPlan.edition_id, SeatingPlan.round, Seat.table_id, Table.number, Seat.registration_id,
               Registration.state)
        .join(Seat, Seat.plan_id == SeatingPlan.id).join(Table, Table.id == Seat.table_id)
        .join(Registration, Registration.id == Seat.registration_id)
        .where(SeatingPlan.edition_id.in_(seats), SeatingPlan.state == PlanState.PUBLISHED).order_by(Seat.id)
    ):
        seats[row.edition_id].append(row)
    return {number: _together(rows) for number, rows in seats.items()}


def _together(seats: Sequence[Any]) -> list[tuple[int, int, int, int]]:
    came = [seat for seat in seats if seat.state is Attendance.ATTENDED]
    tables: dict[int, list[Any]] = {}
    for seat in came or [seat for seat in seats if seat.state in HAS_PLACE]:
        tables.setdefault(seat.table_id, []).append(seat)
    return sorted(
        (*ordered(one.registration_id, other.registration_id), one.number, one.round)
        for together in tables.values() for one, other in combinations(together, 2)
    )


def tables_standing(edition: Edition) -> list[tuple[int, int]]:
    """(round, number) of every table."""
    rows = session.execute(
        select(SeatingPlan.round, Table.number).join(Table, Table.plan_id == SeatingPlan.id)
        .where(SeatingPlan.edition_id == edition.id).order_by(SeatingPlan.round, Table.number)
    )
    return [(row.round, row.number) for row in rows]


def tables_led(actor: Reader, edition: Edition) -> list[tuple[int, int]]:
    """(round, number) of the tables at which this person sits as a host or broker, once they were published: what is
    said at one is still noted while everybody is being seated again."""
    mine = attending.of(actor, edition)
    if mine is None or mine.state not in HAS_PLACE or not leads(mine, hosts_of(edition)):
        return []
    rows = session.execute(
        select(SeatingPlan.round, Table.number).join(Table, Table.plan_id == SeatingPlan.id)
        .join(Seat, Seat.table_id == Table.id)
        .where(SeatingPlan.edition_id == edition.id, SeatingPlan.published_at.is_not(None),
               Seat.registration_id == mine.id).order_by(SeatingPlan.round)
    )
    return [(row.round, row.number) for row in rows]


def pairs_at(edition: Edition, tables: Mapping[int, Sequence[int]]) -> dict[int, list[SeatingFit]]:
    """Table -> what speaks for pairs at it, the best first; `tables`: table -> its guests."""
    at = {key: table for table, keys in tables.items() for key in keys}
    found: dict[int, list[SeatingFit]] = {table: [] for table in tables}
    of_edition = select(SeatingFit).where(SeatingFit.edition_id == edition.id)
    for row in session.scalars(of_edition.order_by(SeatingFit.fit.desc(), SeatingFit.one_id)):
        if row.one_id in at and at[row.one_id] == at.get(row.other_id):
            found[at[row.one_id]].append(row)
    return found


def _published_seats(edition: Edition) -> Sequence[Seat]:
    return session.scalars(
        select(Seat).join(SeatingPlan, SeatingPlan.id == Seat.plan_id)
        .where(SeatingPlan.edition_id == edition.id, SeatingPlan.state == PlanState.PUBLISHED).order_by(Seat.id)
    ).all()

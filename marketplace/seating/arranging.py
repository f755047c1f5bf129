"""Moving people by hand: what each change would cost, and the change itself, refused when others were faster."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events.models import Registration
from marketplace.messaging import service as messaging
from marketplace.phrases import Phrase, say
from marketplace.seating.models import Seat, SeatingPlan
from marketplace.seating.permissions import can_seat, hosts_of, leads
from marketplace.seating.plans import guests_of, make_room, problem_of
from marketplace.seating.problem import Guest, Plan, Problem, Value, table_of
from marketplace.seating.worth import Scales

NOWHERE = 0
"""The number of no table: somebody who has no seat."""
STALE = say("{name} has changed the seating meanwhile. Look at it as it is now, then decide again.")


@dataclass(frozen=True)
class Change:
    """Something that can be done with somebody: go to a table, perhaps in exchange for somebody there."""

    table: int
    """As its card says; NOWHERE takes the seat away."""
    other: int | None
    """The registration they change places with."""
    gain: Value
    """What the seating gains, part by part; a loss is negative."""

    @property
    def code(self) -> str:
        """As forms send it: 3, or 3-45 for the place of registration 45 at table 3."""
        return f"{self.table}" if self.other is None else f"{self.table}-{self.other}"


def changes(problem: Problem, plan: Plan, key: int) -> list[Change]:
    """Everything that can be done with one guest, the best first. Full tables are only open in exchange."""
    scales, at = Scales(problem), table_of(plan)
    here = at.get(key)
    found = []
    for table, keys in enumerate(plan):
        if table == here or not problem.sizes[table]:
            continue
        if len(keys) < problem.sizes[table]:
            found.append(Change(table + 1, None, _gain(scales, plan, {key: table})))
        if here is not None:
            found += [Change(table + 1, other, _gain(scales, plan, {key: table, other: here})) for other in keys]
    return sorted(found, key=lambda one: (-one.gain.total, one.table, one.other or 0))


def _gain(scales: Scales, plan: Plan, to: dict[int, int]) -> Value:
    """What it is worth that these go to these tables; weighs only the tables that change."""
    at = table_of(plan)
    touched = {*to.values(), *(at[key] for key in to if key in at)}
    gain = Value()
    for table in touched:
        after = [key for key in plan[table] if key not in to] + [key for key, new in to.items() if new == table]
        gain += scales.of_table(table, after) - scales.of_table(table, plan[table])
    return gain


def arrange(actor: User, plan: SeatingPlan, registration_id: int, code: str, version: int) -> None:
    """Do what `code` says (see Change.code) with this person, who is fixed there until the tables are made anew.

    Who sits there already stays: a form that is sent twice does nothing twice. Conflict when somebody else was faster,
    and for two of whom one excludes the other's organisation.
    """
    require(can_seat(actor))
    table, other = _read(code)
    with transaction():
        session.execute(select(SeatingPlan.id).where(SeatingPlan.id == plan.id).with_for_update())
        session.refresh(plan)
        guests = {one.id: one for one in guests_of(plan)}
        if registration_id not in guests or (other is not None and other not in guests):
            raise NotFound
        seats = {seat.registration_id: seat for seat in plan.seats}
        here = seats[registration_id].table.number if registration_id in seats else NOWHERE
        if here == table:
            return
        _require_current(plan, version)
        make_room(plan, len(guests))
        if not all(_was_free(plan, seats.get(key)) for key in (registration_id, other) if key is not None):
            plan.bound = None
        _put(plan, seats, guests, registration_id, table, other)
        if other is not None:
            _put(plan, seats, guests, other, here, registration_id)
        plan.changed_at, plan.changed_by_id = clock.now(), actor.id
        plan.value = None
        session.flush()
        audit.record(actor.id, "seating.moved", "event", plan.edition_id, registration=registration_id, table=table,
                     round=plan.round, other=other)
        _tell(plan, [registration_id, *([other] if other is not None else [])])


def _read(code: str) -> tuple[int, int | None]:
    if not re.fullmatch(r"[0-9]{1,4}(-[0-9]{1,9})?", code):
        raise Invalid({"to": say("Choose a table.")})
    table, _, other = code.partition("-")
    return int(table), int(other) if other else None


def _require_current(plan: SeatingPlan, version: int) -> None:
    if plan.is_busy:
        raise Conflict(say("The seating is being worked on. Wait until it is done, or take what there is."))
    if plan.version != version:
        raise Conflict(STALE.format(name=plan.changed_by.name if plan.changed_by else say("Somebody else")))


def _was_free(plan: SeatingPlan, seat: Seat | None) -> bool:
    """Could the worker have seated them anywhere? Else what it found that nobody can surpass holds no longer."""
    if seat is None or seat.is_fixed:
        return False
    return plan.round == 1 or not leads(seat.registration, hosts_of(plan.edition))


def _put(
    plan: SeatingPlan, seats: dict[int, Seat], guests: dict[int, Registration], key: int, number: int,
    leaves: int | None,
) -> None:
    """Seat this guest there; `leaves`: who goes from there at the same time."""
    if number == NOWHERE:
        plan.seats.remove(seats.pop(key))
        return
    table = next((one for one in plan.tables if one.number == number), None)
    if table is None:
        raise Invalid({"to": say("There is no table {number}.", number=number)})
    there = [one for one in plan.seats if one.table is table and one.registration_id in guests
             and one.registration_id not in (key, leaves)]
    if leaves is not None and leaves not in seats:
        raise Conflict(STALE.format(name=say("Somebody else")))
    if len(there) >= table.size:
        raise Conflict(say("Table {number} is full. Change places with somebody who sits there.", number=number))
    _require_no_exclusion(plan, guests, key, there)
    seat = seats.get(key)
    if seat is None:
        seat = seats[key] = Seat(registration_id=key, registration=guests[key])
        plan.seats.append(seat)
    seat.table, seat.is_fixed = table, True


def _require_no_exclusion(plan: SeatingPlan, guests: dict[int, Registration], key: int, there: Sequence[Seat]) -> None:
    """Nobody is put beside an organisation they exclude, not even by hand."""
    ids = [key, *(seat.registration_id for seat in there)]
    known = {guest.key: guest for guest in problem_of(plan, [guests[one] for one in ids]).guests}
    for seat in there:
        refused = _excludes(known[key], known[seat.registration_id], guests)
        if refused:
            raise Conflict(refused)


def _excludes(one: Guest, other: Guest, guests: dict[int, Registration]) -> Phrase | None:
    for by, whom in ((one, other), (other, one)):
        if whom.organisation is not None and whom.organisation in by.avoids:
            return say("{name} does not sit with {organisation}: it is excluded by a wish or by a listing.",
                       name=guests[by.key].user.name, organisation=guests[whom.key].organisation)
    return None


def _tell(plan: SeatingPlan, keys: Sequence[int]) -> None:
    """Who has been told of a table hears of the new one."""
    moved = [seat for seat in plan.seats if seat.registration_id in keys and seat.told_table != seat.table.number]
    if not plan.is_published:
        return
    for seat in moved:
        seat.told_table = seat.table.number
    if moved and not plan.edition.is_past:
        messaging.notify(
            {seat.registration.user_id for seat in moved},
            say("You have another table at {event}. Look before you sit down.", event=plan.edition),
            f"{plan.edition.url}/table", kind=messaging.Kind.EVENTS)



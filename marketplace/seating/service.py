"""Seating an edition: asked for, solved by the worker, corrected by hand, published. What people read of it is in
reading.py, hosts' notes are in notes.py."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events import attending
from marketplace.events import service as events
from marketplace.events.models import Edition, Registration
from marketplace.messaging import service as messaging
from marketplace.phrases import say
from marketplace.seating.arranging import arrange
from marketplace.seating.models import PlanState, Seat, SeatingPlan, Table, Work
from marketplace.seating.notes import note, notes_of
from marketplace.seating.permissions import can_seat
from marketplace.seating.plans import make_room
from marketplace.seating.problem import LEAST, MOST, MOST_ROUNDS, USUAL, layout
from marketplace.seating.reading import MyTable, table_of, tablemates, tablemates_of

__all__ = [
    "MyTable", "arrange", "ask", "ask_again", "edition_of", "note", "notes_of", "plan_of", "plans", "publish", "stop",
    "table_of", "tablemates", "tablemates_of", "withdraw",
]

TOPIC = "seating.asked"
MOST_TABLES = 100


def edition_of(actor: User, ref: str) -> Edition:
    """The edition, for those who seat people."""
    edition = events.get(actor, ref)
    require(can_seat(actor))
    return edition


def plans(actor: User, edition: Edition) -> Sequence[SeatingPlan]:
    """One a round, in their order."""
    require(can_seat(actor))
    of_edition = select(SeatingPlan).where(SeatingPlan.edition_id == edition.id)
    return session.scalars(of_edition.order_by(SeatingPlan.round)).all()


def plan_of(actor: User, edition: Edition, number: int) -> SeatingPlan:
    found = next((one for one in plans(actor, edition) if one.round == number), None)
    if found is None:
        raise NotFound
    return found


def ask(
    actor: User, edition: Edition, *, seats: int = USUAL, tables: int | None = None, rounds: int = 1,
    free: bool = False,
) -> None:
    """Have everybody with a place seated, anew and in so many rounds. Whom a person has put at a table stays there,
    unless `free`. What was published is hidden until it is published again."""
    require(can_seat(actor))
    guests = attending.placed(edition)
    sizes = _sizes(guests, seats, tables)
    if not 1 <= rounds <= MOST_ROUNDS:
        raise Invalid({"rounds": say("Between {min} and {max}.", min=1, max=MOST_ROUNDS)})
    with transaction():
        attending.lock(edition)
        known = {one.round: one for one in plans(actor, edition)}
        for number in range(1, rounds + 1):
            plan = known.get(number) or _begin(edition, number)
            _stand(plan, sizes)
            for seat in plan.seats:
                seat.is_fixed = seat.is_fixed and not free
            _ask(actor, plan, of_present=False)
        session.execute(delete(SeatingPlan).where(SeatingPlan.edition_id == edition.id, SeatingPlan.round > rounds))
        _promise(actor, edition, 1, len(guests))


def ask_again(actor: User, edition: Edition, number: int = 1) -> None:
    """Seat those who have really come, from round `number` on; tables that still work are kept as they are."""
    require(can_seat(actor))
    guests = attending.present(edition)
    if not guests:
        raise Conflict(say("Nobody is checked in yet. Check people in first, then seat those who have come."))
    with transaction():
        attending.lock(edition)
        known = [one for one in plans(actor, edition) if one.round >= number]
        if not known:
            raise NotFound
        for plan in known:
            make_room(plan, len(guests))
            plan.before = {str(seat.registration_id): seat.table.number for seat in plan.seats}
            _ask(actor, plan, of_present=True)
        _promise(actor, edition, number, len(guests))


def stop(actor: User, edition: Edition) -> None:
    """Take what has been found so far."""
    with transaction():
        attending.lock(edition)
        for plan in plans(actor, edition):
            if plan.is_busy:
                plan.work, plan.turn, plan.changed_at = Work.NONE, plan.turn + 1, clock.now()
                audit.record(actor.id, "seating.stopped", "event", edition.id, round=plan.round)


def publish(actor: User, edition: Edition) -> None:
    """Let everybody see their own table, and tell those whose table is new to them. Twice changes nothing."""
    with transaction():
        attending.lock(edition)
        found = plans(actor, edition)
        if not found or not all(plan.seats for plan in found):
            raise Conflict(say("Nobody is seated yet."))
        if any(plan.is_busy for plan in found):
            raise Conflict(say("The seating is being worked on. Wait until it is done, or take what there is."))
        for plan in found:
            if not plan.is_published:
                plan.state, plan.published_at, plan.changed_at = PlanState.PUBLISHED, clock.now(), clock.now()
                audit.record(actor.id, "seating.published", "event", edition.id, round=plan.round)
        tell(edition, [seat for plan in found for seat in plan.seats])


def withdraw(actor: User, edition: Edition) -> None:
    """Hide the tables again, to work on them."""
    with transaction():
        attending.lock(edition)
        for plan in plans(actor, edition):
            if plan.is_published:
                plan.state, plan.changed_at = PlanState.DRAFT, clock.now()
                audit.record(actor.id, "seating.withdrawn", "event", edition.id, round=plan.round)


def tell(edition: Edition, seats: Sequence[Seat]) -> None:
    """Those who were told of no table, or of another one; nothing after the edition."""
    changed = [seat for seat in seats if seat.told_table != seat.table.number]
    again = {seat.registration.user_id for seat in changed if seat.told_table is not None}
    first = {seat.registration.user_id for seat in changed} - again
    for seat in changed:
        seat.told_table = seat.table.number
    if edition.is_past:
        return
    address, kind = f"{edition.url}/table", messaging.Kind.EVENTS
    if first:
        messaging.notify(first, say("Your table at {event}: see with whom you sit, and why.", event=edition),
                         address, kind=kind)
    if again:
        messaging.notify(again, say("You have another table at {event}. Look before you sit down.", event=edition),
                         address, kind=kind)


def _sizes(guests: Sequence[Registration], seats: int, tables: int | None) -> tuple[int, ...]:
    if not guests:
        raise Conflict(say("Nobody has a place yet, so there is nobody to seat."))
    if not LEAST <= seats <= MOST:
        raise Invalid({"seats": say("A table has {min} to {max} seats.", min=LEAST, max=MOST)})
    if tables is None:
        return layout(len(guests), seats)
    if not 1 <= tables <= MOST_TABLES:
        raise Invalid({"tables": say("Between {min} and {max}.", min=1, max=MOST_TABLES)})
    if tables * seats < len(guests):
        least = -(-len(guests) // seats)
        few = say("{people} people have a place, but {tables} × {seats} are only {number} seats. With {seats} seats "
                  "each it takes {least} tables.", people=len(guests), tables=tables, seats=seats,
                  number=tables * seats, least=least)
        raise Invalid({"tables": few})
    return (seats,) * tables


def _begin(edition: Edition, number: int) -> SeatingPlan:
    plan = SeatingPlan(edition_id=edition.id, round=number, turn=0, created_at=clock.now())
    plan.edition = edition
    session.add(plan)
    return plan


def _stand(plan: SeatingPlan, sizes: Sequence[int]) -> None:
    """Let so many tables stand there; who sat at one that goes has no seat for now."""
    for table, size in zip(plan.tables, sizes, strict=False):
        table.size = size
    gone = set(plan.tables[len(sizes):])
    plan.seats = [seat for seat in plan.seats if seat.table not in gone]
    plan.tables = [*plan.tables[:len(sizes)],
                   *(Table(number=n + 1, size=sizes[n]) for n in range(len(plan.tables), len(sizes)))]


def _ask(actor: User, plan: SeatingPlan, *, of_present: bool) -> None:
    plan.work, plan.state, plan.turn, plan.share, plan.error = Work.ASKED, PlanState.DRAFT, plan.turn + 1, 0.0, None
    plan.of_present, plan.seconds, plan.is_proven = of_present, 0.0, False
    plan.value = plan.greedy = plan.bound = None
    plan.changed_at, plan.changed_by_id = clock.now(), actor.id
    if not of_present:
        plan.before = {}
    session.flush()


def _promise(actor: User, edition: Edition, number: int, people: int) -> None:
    """The worker begins with the first round; each round it is done with leads to the next."""
    first = session.scalars(select(SeatingPlan.id).where(
        SeatingPlan.edition_id == edition.id, SeatingPlan.round == number)).one()
    audit.record(actor.id, "seating.asked", "event", edition.id, people=people, round=number)
    outbox.publish(TOPIC, first)

"""Rooms full of people, for the tests of who sits where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from conftest import a_listing, a_person, an_organisation, join
from sqlalchemy import inspect

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.events import attending
from marketplace.events.models import Attendance, Edition, Registration
from marketplace.listings.models import Kind
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Organisation
from marketplace.seating import service, working
from marketplace.seating.models import PlanState, Seat, SeatingPlan, Table

HYDROGEN = {"title": "Hydrogen compressor that needs no oil", "summary": "A compressor for hydrogen without oil.",
            "keywords": ["hydrogen", "compressor"], "details": {}}


def anew(row: Any) -> Any:
    """The row in the session of now: a request has ended the one it came from."""
    return session.get_one(type(row), inspect(row).identity)


def somebody(name: str, organisation: Organisation | None, **is_: object) -> User:
    person = a_person(f"{name.lower()}@{organisation.slug if organisation else 'nowhere'}.example", name, **is_)
    if organisation is not None:
        join(person, organisation)
    return person


def come(edition: Edition, *people: User) -> list[Registration]:
    return [attending.register(person, edition) for person in people]


def crowd(edition: Edition, number: int, kind: OrganisationKind = OrganisationKind.COMPANY) -> list[Registration]:
    """So many people, each of an organisation of their own."""
    return come(edition, *(
        somebody(f"{kind.value.title()}-{n}", an_organisation(f"{kind.value}-{n}", kind)) for n in range(number)
    ))


def a_match(edition: Edition, **fields: object) -> tuple[Registration, Registration]:
    """Somebody with a need and somebody whose result meets it."""
    maker = an_organisation("maker", OrganisationKind.COMPANY)
    lab = an_organisation("lab", OrganisationKind.INSTITUTE)
    a_listing(maker, Kind.NEED, **fields)
    a_listing(lab, Kind.RESULT)
    one, other = come(edition, somebody("Mia", maker), somebody("Lin", lab))
    return one, other


def work(*plans: SeatingPlan) -> None:
    """The worker's turns until nothing is left to do."""
    for _ in range(40):
        waiting = [plan for plan in plans if plan.is_busy]
        if not waiting:
            return
        working.advance([waiting[0].id])
        for plan in plans:
            session.refresh(plan)
    raise AssertionError("the seating is never done")


def seat_all(erin: User, edition: Edition, **how: object) -> list[SeatingPlan]:
    service.ask(erin, edition, **how)
    plans = list(service.plans(erin, edition))
    work(*plans)
    return plans


def tables_of(plan: SeatingPlan) -> dict[int, set[int]]:
    """Number of the table -> registrations."""
    session.refresh(plan)
    found: dict[int, set[int]] = {table.number: set() for table in plan.tables}
    for seat in plan.seats:
        found[seat.table.number].add(seat.registration_id)
    return found


def at_one_table(plan: SeatingPlan, *people: Registration) -> bool:
    return any({one.id for one in people} <= keys for keys in tables_of(plan).values())


def here(people: Iterable[Registration]) -> None:
    """They have come."""
    with transaction():
        for one in people:
            one.state, one.attended_at = Attendance.ATTENDED, clock.now()


def ids(people: Sequence[Registration]) -> set[int]:
    return {one.id for one in people}


def a_seating(edition: Edition) -> dict[str, object]:
    """For tests/access: everybody who comes is seated and knows it; what addresses are filled with."""
    people = attending.placed(edition)
    now = clock.now()
    with transaction():
        plan = SeatingPlan(edition_id=edition.id, round=1, state=PlanState.PUBLISHED, created_at=now, changed_at=now,
                           published_at=now)
        plan.tables = [Table(number=1, size=8)]
        plan.seats = [Seat(registration_id=one.id, table=plan.tables[0]) for one in people]
        session.add(plan)
    return {**dict.fromkeys(("seating.ref", "seating_api.ref", "talks.ref", "talks_api.ref"), edition.ref),
            **dict.fromkeys(("seating.number", "seating_api.number"), 1)}

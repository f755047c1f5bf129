"""The cast, their organisations, and how these were verified."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, partial
from typing import Any

from marketplace.accounts import accepting, passwords, texts
from marketplace.accounts import service as accounts
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.organisations import members
from marketplace.organisations import service as organisations
from marketplace.organisations.models import Kind, MembershipClass, Role, State

PASSWORD = "yinqiao-demo"  # noqa: S105  the demonstration tells it to everybody
BEGINNING = 400
"""Days ago; the oldest listing is younger."""
FOUNDED = {State.VERIFIED: BEGINNING - 2, State.REFUSED: 40, State.PENDING: 4}
ACQUAINTED = 45
"""Days ago; whose organisation is younger came to an event first."""
PROFILE = ("name", "name_en", "slug", "credit_code", "region", "about", "about_en", "website")


def plan(timeline: Timeline, world: World) -> None:
    cast = rows("people")
    for organisation in rows("organisations"):
        state = State(organisation["state"])
        founded = timeline.moment(FOUNDED[state], hour=9)
        people = [person for person in cast if person["organisation"] == organisation["key"]]
        people.sort(key=lambda person: Role(person["role"]) is not Role.ADMIN)
        for person in people:
            timeline.add(timeline.moment(max(FOUNDED[state], ACQUAINTED) + 1), partial(_open_account, world, person))
        timeline.add(founded, partial(_found, world, organisation, people[0]["key"]))
        for person in people[1:]:
            timeline.add(founded + timedelta(hours=2), partial(_join, world, person))
        timeline.add(timeline.moment(FOUNDED[state] - 1), partial(_decide, world, organisation, state))


@cache
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


def _open_account(world: World, person: dict[str, Any]) -> None:
    world.people[person["key"]] = accounts.create(
        person["email"], person["name"], PASSWORD, broker="broker" in person["roles"],
        operator="operator" in person["roles"], language=person["language"], password_hash=password_hash(),
    )
    accepting.accept(world.people[person["key"]], texts.latest())


def _found(world: World, organisation: dict[str, Any], founder: str) -> None:
    profile = {name: organisation[name] for name in PROFILE}
    made = organisations.create(world.people[founder], kind=Kind(organisation["kind"]), **profile)
    world.organisations[organisation["key"]] = made


def _join(world: World, person: dict[str, Any]) -> None:
    members.add(world.organisations[person["organisation"]], world.people[person["key"]], Role(person["role"]))


def _decide(world: World, organisation: dict[str, Any], state: State) -> None:
    made, operator = world.organisations[organisation["key"]], world.people["erin"]
    if state is State.VERIFIED:
        organisations.verify(operator, made)
    if state is State.REFUSED:
        organisations.refuse(operator, made, organisation["reason"])
    steward = organisation["steward"]
    organisations.place(operator, made, membership=MembershipClass(organisation["membership"]),
                        steward_id=world.people[steward].id if steward else None)

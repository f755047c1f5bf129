"""The offices of the two organisations one looks at first read mail together: one mailbox confirmed, one not yet."""

from __future__ import annotations

from functools import partial

from marketplace.demo.timeline import Timeline, World
from marketplace.organisations import mailboxes
from marketplace.organisations import service as organisations

OFFICES = (("alice", "tto@institute.example", 40, True), ("charlie", "rd@company.example", 2, False))
"""(an administrator, the mailbox, named so many days ago, has somebody confirmed it?)."""


def plan(timeline: Timeline, world: World) -> None:
    for person, address, days_ago, confirmed in OFFICES:
        timeline.add(timeline.moment(days_ago, hour=11), partial(_name, world, person, address, confirmed))


def _name(world: World, person: str, address: str, confirmed: bool) -> None:
    administrator = world.people[person]
    organisation = administrator.memberships[0].organisation  # type: ignore[attr-defined]
    organisations.edit(administrator, organisation, version=organisation.version, mailbox=address)
    if confirmed:
        mailboxes.confirm(organisation)

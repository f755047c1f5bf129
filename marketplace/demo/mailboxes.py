"""The offices of the two organisations one looks at first read mail together."""

from __future__ import annotations

from functools import partial

from marketplace.demo.timeline import Timeline, World
from marketplace.organisations import mailboxes
from marketplace.organisations import service as organisations

OFFICES = (("alice", "tto@institute.example"), ("charlie", "rd@company.example"))
"""(an administrator, the mailbox)."""
DAYS_AGO = 40


def plan(timeline: Timeline, world: World) -> None:
    for person, address in OFFICES:
        timeline.add(timeline.moment(DAYS_AGO, hour=11), partial(_name, world, person, address))


def _name(world: World, person: str, address: str) -> None:
    """Its administrator names it, and somebody who reads it confirms it at once."""
    administrator = world.people[person]
    organisation = administrator.memberships[0].organisation  # type: ignore[attr-defined]
    organisations.edit(administrator, organisation, version=organisation.version, mailbox=address)
    mailboxes.confirm(organisation)

"""Who sat with whom, as the seating says; where nobody was seated, a gathering small enough for one table is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from sqlalchemy import select

from marketplace.db import session
from marketplace.events import attending
from marketplace.events.models import Attendance, Edition, Registration
from marketplace.seating import service as seating
from marketplace.seating.models import Talk as TalkOfTwo
from marketplace.seating.models import TalkDay

ONE_TABLE = 10
"""So many people at most sit at one table."""


@dataclass(frozen=True)
class Talk:
    """Two people at one table, by their registrations; the smaller number is the one's."""

    one_id: int
    other_id: int
    table_number: int | None
    met_at: datetime

    def other_of(self, number: int) -> int:
        return self.other_id if number == self.one_id else self.one_id


def came(edition: Edition) -> list[Registration]:
    """Who came, those who left early among them. Where nobody was checked in, everybody with a place."""
    placed = attending.placed(edition)
    there = [one for one in placed if one.state is Attendance.ATTENDED]
    return there or placed


def of_edition(edition: Edition) -> list[Talk]:
    """Every two of those who came that sat together, at a table or for a talk of two; once, however often."""
    here = {one.id: one for one in came(edition)}
    together = [*_at_tables(edition), *_of_two(edition)]
    if not together:
        return _one_table(edition, here)
    found: dict[tuple[int, int], Talk] = {}
    for talk in sorted(together, key=lambda one: one.met_at):
        if _are_strangers(here, talk.one_id, talk.other_id):
            found.setdefault((talk.one_id, talk.other_id), talk)
    return sorted(found.values(), key=lambda talk: (talk.one_id, talk.other_id))


def of_person(registration: Registration, edition: Edition) -> list[Talk]:
    """Theirs, in the order in which they sat down."""
    mine = [talk for talk in of_edition(edition) if registration.id in (talk.one_id, talk.other_id)]
    return sorted(mine, key=lambda talk: (talk.met_at, talk.other_of(registration.id)))


def moment_of(edition: Edition, turn: int, rounds: int) -> datetime:
    """When the tables of a round began to talk: rounds share the edition's time."""
    return edition.starts_at + (edition.ends_at - edition.starts_at) * (turn - 1) / max(rounds, 1)


def people_of(numbers: Sequence[int]) -> dict[int, Registration]:
    """Registrations with their people and organisations, by number."""
    rows = session.scalars(select(Registration).where(Registration.id.in_(numbers)))
    return {row.id: row for row in rows}


def _at_tables(edition: Edition) -> list[Talk]:
    seated = seating.tablemates(edition)
    rounds = max((turn for *_, turn in seated), default=1)
    return [Talk(min(one, other), max(one, other), table, moment_of(edition, turn, rounds))
            for one, other, table, turn in seated]


def _of_two(edition: Edition) -> list[Talk]:
    day = session.get(TalkDay, edition.id)
    if day is None or day.published_at is None:
        return []
    arranged = session.scalars(select(TalkOfTwo).where(TalkOfTwo.edition_id == edition.id)).all()
    return [Talk(one.one_id, one.other_id, None, day.begins(one.slot)) for one in arranged]


def _one_table(edition: Edition, here: Mapping[int, Registration]) -> list[Talk]:
    if len(here) > ONE_TABLE:
        return []
    pairs = combinations(sorted(here), 2)
    return [Talk(one, other, None, edition.starts_at) for one, other in pairs if _are_strangers(here, one, other)]


def _are_strangers(here: Mapping[int, Registration], one: int, other: int) -> bool:
    """Both came, and they are no colleagues."""
    if one not in here or other not in here:
        return False
    organisation = here[one].organisation_id
    return organisation is None or organisation != here[other].organisation_id

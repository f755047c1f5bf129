"""Who sat with whom, as the seating says; where nobody was seated, a gathering small enough for one table is one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from sqlalchemy import select

from marketplace.db import session
from marketplace.events import attending
from marketplace.events.models import HAS_PLACE, Attendance, Edition, Registration
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
    return _there(attending.placed(edition))


def of_edition(edition: Edition) -> list[Talk]:
    """Every two of those who came that sat together, at a table or for a talk of two; once, however often."""
    return of_editions([edition])[edition.id]


def of_editions(editions: Collection[Edition]) -> dict[int, list[Talk]]:
    """edition's id -> `of_edition`, in as many queries for many as for one."""
    here, seated = _came_to(editions), seating.tablemates_of(editions)
    of_two = _of_two(editions)
    found = {}
    for edition in editions:
        together = [*_at_tables(edition, seated[edition.id]), *of_two[edition.id]]
        found[edition.id] = _once(together, here[edition.id]) if together else _one_table(edition, here[edition.id])
    return found


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


def _came_to(editions: Collection[Edition]) -> dict[int, dict[int, int | None]]:
    """edition's id -> the registrations of `came`, each with its organisation's id."""
    placed: dict[int, list[Any]] = {edition.id: [] for edition in editions}
    for row in session.execute(
        select(Registration.edition_id, Registration.id, Registration.organisation_id, Registration.state)
        .where(Registration.edition_id.in_(placed), Registration.state.in_(sorted(HAS_PLACE)))
    ):
        placed[row.edition_id].append(row)
    return {number: {row.id: row.organisation_id for row in _there(rows)} for number, rows in placed.items()}


def _there(placed: list[Any]) -> list[Any]:
    """Those checked in; where nobody was, all."""
    return [one for one in placed if one.state is Attendance.ATTENDED] or placed


def _at_tables(edition: Edition, seated: Sequence[tuple[int, int, int, int]]) -> list[Talk]:
    rounds = max((turn for *_, turn in seated), default=1)
    return [Talk(min(one, other), max(one, other), table, moment_of(edition, turn, rounds))
            for one, other, table, turn in seated]


def _of_two(editions: Collection[Edition]) -> dict[int, list[Talk]]:
    found: dict[int, list[Talk]] = {edition.id: [] for edition in editions}
    published = select(TalkDay).where(TalkDay.edition_id.in_(found), TalkDay.published_at.is_not(None))
    days = {day.edition_id: day for day in session.scalars(published)}
    rows = select(TalkOfTwo.edition_id, TalkOfTwo.slot, TalkOfTwo.one_id, TalkOfTwo.other_id)
    for row in session.execute(rows.where(TalkOfTwo.edition_id.in_(days))):
        moment = days[row.edition_id].begins(row.slot)
        found[row.edition_id].append(Talk(row.one_id, row.other_id, None, moment))
    return found


def _once(together: list[Talk], here: Mapping[int, int | None]) -> list[Talk]:
    """The first talk of each two who are there and are no colleagues."""
    found: dict[tuple[int, int], Talk] = {}
    for talk in sorted(together, key=lambda one: one.met_at):
        if _are_strangers(here, talk.one_id, talk.other_id):
            found.setdefault((talk.one_id, talk.other_id), talk)
    return sorted(found.values(), key=lambda talk: (talk.one_id, talk.other_id))


def _one_table(edition: Edition, here: Mapping[int, int | None]) -> list[Talk]:
    if len(here) > ONE_TABLE:
        return []
    pairs = combinations(sorted(here), 2)
    return [Talk(one, other, None, edition.starts_at) for one, other in pairs if _are_strangers(here, one, other)]


def _are_strangers(here: Mapping[int, int | None], one: int, other: int) -> bool:
    """Both came, and they are no colleagues."""
    if one not in here or other not in here:
        return False
    return here[one] is None or here[one] != here[other]

"""Editions made from their series' template, several at a time; and moving one to another day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from marketplace import audit, clock, workdays
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, require
from marketplace.events import attending, service
from marketplace.events.models import Edition, Series, State, Strand
from marketplace.events.permissions import can_run
from marketplace.events.vocabulary import STRANDS
from marketplace.phrases import Phrase, say

MOST = 26
"""Editions at a time: half a year of weeks."""
FROM_TEMPLATE = ("place_zh", "place_en", "video_url", "capacity", "needs_approval", "open_to_outsiders")
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Planned:
    made: list[Edition] = field(default_factory=list)
    left_out: list[tuple[date, Phrase]] = field(default_factory=list)
    """The days on which none was made, and why."""


def plan(
    actor: User, series: Series, first: date, count: int, *, every: int = 1, strands: Sequence[Strand],
    announce: bool = False,
) -> Planned:
    """Make the next editions: `count` days from `first` on, `every` so many weeks, the strands taking turns.

    Days that have an edition already are left out, and so are public holidays: to plan twice plans once.
    """
    require(can_run(actor))
    _check(series, first, count, every, strands)
    planned = Planned()
    with transaction():
        session.execute(select(Series.id).where(Series.id == series.id).with_for_update())
        taken, number = _days_taken(series), _how_many(series)
        for day in _days(series, first, count, every):
            if (why := _why_not(day, taken)) is not None:
                planned.left_out.append((day, why))
                continue
            number += 1
            strand = strands[len(planned.made) % len(strands)]
            made = service.create_edition(actor, series, planned_content(series, day, strand, number))
            if announce:
                service.set_state(actor, made, State.OPEN)
            planned.made.append(made)
    return planned


def usual_strands(series: Series) -> list[Strand]:
    """Those of its last editions, in the order in which people read them."""
    newest = select(Edition.strand).where(Edition.series_id == series.id).order_by(Edition.starts_at.desc())
    used = set(session.scalars(newest.limit(len(STRANDS))))
    return [strand for strand in STRANDS if strand in used]


def planned_content(series: Series, day: date, strand: Strand, number: int) -> dict[str, Any]:
    """What the template says of the edition on this day."""
    assert series.starts is not None and series.minutes is not None
    starts = datetime.combine(day, series.starts, clock.PLACE)
    label = STRANDS[strand]
    return {
        **{name: getattr(series, name) for name in FROM_TEMPLATE},
        "strand": strand, "title_zh": f"第 {number} 期：{label.zh}", "title_en": f"No. {number}: {label.en}",
        "starts_at": starts, "ends_at": starts + timedelta(minutes=series.minutes),
        "hosts": [host.organisation.slug for host in series.hosts] or [series.organisation.slug],
    }


def next_day(series: Series) -> date | None:
    """The first day of the series' weekday after today and after its last edition."""
    if series.weekday is None:
        return None
    taken = _days_taken(series)
    after = max([clock.today(), *taken]) + timedelta(days=1)
    return _on_weekday(after, series.weekday)


def move(actor: User, edition: Edition, day: date, starts: time, reason: str, version: int) -> None:
    """Hold it on another day or at another hour; it lasts as long as before. Everybody who has registered, or waits to,
    is told once."""
    require(can_run(actor))
    with transaction():
        attending.lock(edition)
        if edition.version != version:
            raise Conflict(service.STALE)
        before, starts_at = edition.starts_at, datetime.combine(day, starts, clock.PLACE)
        _check_move(edition, starts_at)
        service.keep_day(edition, starts_at)
        edition.starts_at, edition.ends_at = starts_at, edition.ends_at + (starts_at - before)
        edition.changed_at = clock.now()
        session.flush()
        audit.record(actor.id, "event.moved", "event", edition.id, before=before.isoformat(),
                     after=starts_at.isoformat())
        if edition.state is not State.DRAFT:
            attending.tell_of_move(actor, edition, before, reason)


def _check(series: Series, first: date, count: int, every: int, strands: Sequence[Strand]) -> None:
    if not series.has_template:
        raise Conflict(say("Say in the series on which weekday it is held, when, for how long, where and for how many; "
                           "then its editions can be planned together."))
    if first <= clock.today():
        raise Invalid({"first": say("{day} is over or today. Begin with a day that is still to come.", day=first)})
    if not 1 <= count <= MOST:
        raise Invalid({"count": say("Between {min} and {max}.", min=1, max=MOST)})
    if every < 1:
        raise Invalid({"every": say("{min} or more.", min=1)})
    if not strands:
        raise Invalid({"strands": say("Choose at least one strand.")})


def _check_move(edition: Edition, starts_at: datetime) -> None:
    if edition.state is State.CANCELLED:
        raise Conflict(say("It is cancelled; plan another one instead."))
    if edition.has_begun:
        raise Conflict(say("It has begun; it cannot be moved any more."))
    if starts_at <= clock.now():
        raise Invalid({"day": say("This is over already. Choose a day that is still to come.")})
    if starts_at == edition.starts_at:
        raise Invalid({"day": say("It is on this day at this hour already.")})


def _days(series: Series, first: date, count: int, every: int) -> Iterator[date]:
    assert series.weekday is not None
    day = _on_weekday(first, series.weekday)
    for number in range(count):
        yield day + number * every * WEEK


def _why_not(day: date, taken: set[date]) -> Phrase | None:
    if day in taken:
        return say("has an event of this series already")
    if day.weekday() < 5 and not workdays.is_working(day):
        return say("is a public holiday")
    return None


def _on_weekday(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _days_taken(series: Series) -> set[date]:
    """Also by cancelled editions: those who look there find that it does not take place."""
    begin = session.scalars(select(Edition.starts_at).where(Edition.series_id == series.id))
    return {moment.astimezone(clock.PLACE).date() for moment in begin}


def _how_many(series: Series) -> int:
    return session.scalar(select(func.count()).select_from(Edition).where(Edition.series_id == series.id)) or 0

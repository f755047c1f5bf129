"""The series of events: announced, registered for, and attended by most."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from marketplace import clock
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.events import attending
from marketplace.events import service as events
from marketplace.events.models import State, Strand

WEDNESDAY = 2
LASTS = timedelta(hours=2, minutes=30)
ANNOUNCED = timedelta(days=25)
"""Before an edition begins."""


def plan(timeline: Timeline, world: World) -> None:
    series = rows("events")
    timeline.add(timeline.moment(150), partial(_begin, world, series))
    for edition in series["editions"]:
        starts = _starts(timeline, edition)
        announced = min(starts, timeline.moment(2)) - ANNOUNCED
        timeline.add(announced, partial(_announce, world, series["key"], edition, starts))
        for n, person in enumerate(edition["participants"]):
            registers = announced + timedelta(days=1 + 2 * n, hours=n % 8)
            timeline.add(min(registers, starts - timedelta(hours=9)), partial(_register, world, edition["key"], person))
        if starts < timeline.now:
            timeline.add(starts, partial(_hold, world, edition))


def _starts(timeline: Timeline, edition: dict[str, Any]) -> datetime:
    """On the last Wednesday on or before that many weeks from today."""
    day = timeline.day(7 * edition["weeks"])
    day -= timedelta(days=(day.weekday() - WEDNESDAY) % 7)
    return datetime.combine(day, time(edition["starts_hour"]), clock.PLACE)


def _begin(world: World, series: dict[str, Any]) -> None:
    events.create_series(world.people["erin"], {
        "slug": series["key"], "title_zh": series["title"], "title_en": series["title_en"],
        "summary_zh": series["summary"], "summary_en": series["summary_en"],
        "organisation": world.organisations[series["organisation"]].slug,
    })


def _announce(world: World, series: str, edition: dict[str, Any], starts: datetime) -> None:
    operator = world.people["erin"]
    made = events.create_edition(operator, events.get_series(series), {
        "strand": Strand(edition["strand"]), "title_zh": edition["title"], "title_en": edition["title_en"],
        "summary_zh": edition["summary"], "summary_en": edition["summary_en"], "place_zh": edition["place"],
        "place_en": edition["place_en"], "starts_at": starts, "ends_at": starts + LASTS,
        "capacity": edition["capacity"], "hosts": [world.organisations[key].slug for key in edition["hosts"]],
    })
    events.set_state(operator, made, State.OPEN)
    world.editions[edition["key"]] = made


def _register(world: World, edition: str, person: str) -> None:
    attending.register(world.people[person], world.editions[edition])


def _hold(world: World, edition: dict[str, Any]) -> None:
    """Check in all but the last who registered, and end the registration."""
    operator, made = world.people["erin"], world.editions[edition["key"]]
    for registration in list(attending.people(operator, made))[:-1]:
        attending.check_in(operator, made, registration.id)
    events.set_state(operator, made, State.CLOSED)

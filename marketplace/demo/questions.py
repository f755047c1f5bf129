"""What people keep asking, and what was searched for by nobody in particular."""

from __future__ import annotations

from functools import partial
from typing import Any

from marketplace import clock
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.finding import record, saved
from marketplace.finding.criteria import Criteria
from marketplace.finding.models import Frequency

_FILTERS = ("kind", "field")


def plan(timeline: Timeline, world: World) -> None:
    told = rows("questions")
    for one in told["saved"]:
        timeline.add(timeline.moment(one["days_ago"], 11), partial(_save, world, one))
    for number, made in enumerate(told["made"]):
        for time, weeks in enumerate(made["weeks_ago"]):
            moment = timeline.moment(7 * weeks + (number + 2 * time) % 5, 9 + number % 8)
            timeline.add(moment, partial(_search, world, made, f"demo-{number}-{time}", bool((number + time) % 3)))


def _save(world: World, one: dict[str, Any]) -> None:
    filters: dict[str, Any] = {name: tuple(one[name]) for name in _FILTERS if name in one}
    criteria = Criteria(q=one.get("q", ""), **filters)
    saved.save(world.people[one["person"]], criteria, one["name"], Frequency(one["frequency"]))


def _search(world: World, made: dict[str, Any], key: str, opens: bool) -> None:
    fact = record.search_made(
        key, made["q"], language=made.get("language", "zh"), total=made["total"], dropped=made.get("dropped", ())
    )
    listing, place = made.get("opened", (None, 0))
    opened = []
    if opens and listing in world.listings:  # on that day it may not have been published yet
        opened.append(record.Clicked(key, world.listings[listing].ref, place, clock.today()))
    record.keep([{**fact, "at": None}], opened)

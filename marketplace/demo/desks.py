"""What companies asked of park and authority and were answered, and two buyers' supplier libraries."""

from __future__ import annotations

from functools import partial
from typing import Any

from marketplace.demo.timeline import Timeline, World, rows
from marketplace.organisations.models import Organisation
from marketplace.requests_desk import helping, routes, timers
from marketplace.requests_desk import service as desk
from marketplace.requests_desk.models import Request, Topic
from marketplace.suppliers import service as suppliers
from marketplace.suppliers.models import Library, Supplier

BEFORE = 130
"""Days ago that the operators said who answers what."""


def plan(timeline: Timeline, world: World) -> None:
    told, asked = rows("desks"), dict[str, Request]()
    for route in told["routes"]:
        timeline.add(timeline.moment(BEFORE), partial(_route, world, route))
    for one in told["requests"]:
        hour = 17 if one.get("edition") else 11
        timeline.add(timeline.moment(one["days_ago"], hour), partial(_ask, world, asked, one))
        for step in one["steps"]:
            timeline.add(timeline.moment(step["days_ago"], 14), partial(_step, world, asked, one["title"], step))
    for days_ago in told["looked_at_days_ago"]:
        timeline.add(timeline.moment(days_ago, 9, 30), timers.run)
    for library in told["libraries"]:
        _plan_library(timeline, world, library)


def _plan_library(timeline: Timeline, world: World, told: dict[str, Any]) -> None:
    opened, places = dict[str, Library](), dict[str, Supplier]()
    timeline.add(timeline.moment(told["days_ago"]), partial(_open, world, opened, told))
    for one in told["suppliers"]:
        timeline.add(timeline.moment(one["days_ago"], 11), partial(_apply, world, opened, places, one))
        if "decision" in one:
            decides = partial(_decide, world, places, told["person"], one)
            timeline.add(timeline.moment(one["decided_days_ago"], 15), decides)


def _route(world: World, told: dict[str, Any]) -> None:
    body: Organisation = world.organisations[told["body"]]
    routes.add(world.people["erin"], Topic(told["topic"]), body, told["department"], None, told["days"])


def _ask(world: World, asked: dict[str, Request], told: dict[str, Any]) -> None:
    edition = world.editions[told["edition"]] if told.get("edition") else None
    asked[told["title"]] = desk.ask(
        world.people[told["person"]], world.organisations[told["organisation"]], Topic(told["topic"]), told["title"],
        told["text"], edition)


def _step(world: World, asked: dict[str, Request], title: str, told: dict[str, Any]) -> None:
    person, request = world.people[told["by"]], asked[title]
    match told["do"]:
        case "assign":
            desk.assign(person, request, world.organisations[told["to"]].slug, department=told["department"],
                        note=told["note"])
        case "answer":
            desk.answer(person, request, told["text"])
        case "send_back":
            desk.send_back(person, request, told["text"])
        case "confirm":
            desk.confirm(person, request)
        case "withdraw":
            desk.withdraw(person, request)
        case "publish":
            helping.publish(person, request, {"topic": request.topic.value, **told})


def _open(world: World, opened: dict[str, Library], told: dict[str, Any]) -> None:
    opened["this"] = suppliers.open_library(world.people[told["person"]], world.organisations[told["buyer"]], told)


def _apply(world: World, opened: dict[str, Library], places: dict[str, Supplier], told: dict[str, Any]) -> None:
    organisation = world.organisations[told["organisation"]]
    places[told["organisation"]] = suppliers.apply(world.people[told["person"]], opened["this"], organisation, told)


def _decide(world: World, places: dict[str, Supplier], buyer: str, told: dict[str, Any]) -> None:
    place = places[told["organisation"]]
    if told["decision"] == "accept":
        suppliers.accept(world.people[buyer], place)
    else:
        suppliers.decline(world.people[buyer], place, told["reason"])

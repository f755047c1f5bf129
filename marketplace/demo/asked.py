"""What people were asked: before the next events, and once this year as members."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from marketplace import clock
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.events import surveying
from marketplace.surveys import answering, asking, service
from marketplace.surveys.asking import Wanted
from marketplace.surveys.models import State, Survey, SurveyOf
from marketplace.surveys.questions import Type

LASTS = timedelta(days=30)


def plan(timeline: Timeline, world: World) -> None:
    told, surveys = rows("surveys"), dict[str, Survey]()
    for one in told["before"]:
        timeline.add(timeline.moment(one["days_ago"], 9), partial(_begin, world, surveys, one["edition"]))
        for answer in one["answers"]:
            timeline.add(timeline.moment(answer["days_ago"], 15), partial(_before, world, one["edition"], answer))
        for call in one["calls"]:
            timeline.add(timeline.moment(call["days_ago"], 11), partial(_call, world, surveys, one["edition"], call))
    yearly = told["yearly"]
    timeline.add(timeline.moment(yearly["days_ago"], 9), partial(_ask_members, world, surveys, yearly))
    for number, answer in enumerate(yearly["answers"]):
        moment = timeline.moment(yearly["days_ago"] - 1 - number, 10 + number % 7)
        timeline.add(moment, partial(_answer_as_member, world, surveys, answer))
    timeline.add(timeline.moment(yearly["published_days_ago"], 16), partial(_publish, world, surveys))
    timeline.add(timeline.now, surveying.look_after)


def _begin(world: World, surveys: dict[str, Survey], edition: str) -> None:
    surveys[edition] = surveying.begin(world.people["erin"], world.editions[edition])


def _before(world: World, key: str, said: dict[str, Any]) -> None:
    person, edition = world.people[said["person"]], world.editions[key]
    surveying.let_answer(person, edition)
    _give(world, said["person"], surveying.to_answer(person, edition), said)


def _call(world: World, surveys: dict[str, Survey], edition: str, call: dict[str, Any]) -> None:
    survey = surveys[edition]
    asked = asking.of(world.people[call["person"]], survey)
    assert asked is not None, f"{call['person']} has no place"
    asking.call(world.people["erin"], survey, asked.id, number=asked.calls + 1, reached=call["reached"],
                note=call.get("note"))


def _ask_members(world: World, surveys: dict[str, Survey], yearly: dict[str, Any]) -> None:
    operator = world.people["erin"]
    titles = {name: yearly[name] for name in ("title_zh", "title_en", "intro_zh", "intro_en", "smallest")}
    survey = service.create(operator, SurveyOf.MEMBERS, {**titles, "closes_at": clock.now() + LASTS})
    service.set_state(operator, survey, State.OPEN)
    asking.ask_members(operator, survey, Wanted())
    surveys["yearly"] = survey


def _answer_as_member(world: World, surveys: dict[str, Survey], said: dict[str, Any]) -> None:
    _give(world, said["person"], surveys["yearly"], said)


def _publish(world: World, surveys: dict[str, Survey]) -> None:
    operator, survey = world.people["erin"], surveys["yearly"]
    service.set_state(operator, survey, State.CLOSED)
    service.publish(operator, survey, True)


def _give(world: World, person: str, survey: Survey, said: dict[str, Any]) -> None:
    """As the form sends it; organisations by the keys of the demonstration."""
    given: dict[str, list[str]] = {}
    for question in service.questions_of(survey):
        value = said.get(question.key)
        values = value if isinstance(value, list) else [] if value is None else [value]
        if question.type is Type.ORGANISATIONS:
            values = [world.organisations[key].id for key in values]
        given[question.key] = [str(one) for one in values]
    answering.answer(world.people[person], survey, given, survey.number)

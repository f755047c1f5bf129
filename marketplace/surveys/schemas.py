"""The shapes of this room's forms. Questions and answers are read by questions.py and answering.py."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from marshmallow import fields, post_load, validate

from marketplace import clock
from marketplace.organisations.models import Kind, MembershipClass
from marketplace.phrases import say
from marketplace.surveys.asking import LONGEST_NOTE
from marketplace.surveys.models import State, Survey, SurveyOf
from marketplace.web.payloads import Day, Shape


def line(longest: int, *, required: bool = False) -> fields.String:
    if required:
        return fields.String(required=True, validate=validate.Length(1, longest))
    return fields.String(load_default=None, validate=validate.Length(max=longest))


class SurveyForm(Shape):
    """The last day as people write it; loaded as `closes_at`, the end of that day."""

    title_zh = line(120, required=True)
    title_en = line(120)
    intro_zh = line(1000)
    intro_en = line(1000)
    closes = Day(load_default=None)
    smallest = fields.Integer(load_default=5, validate=validate.Range(3, 100))
    version = fields.Integer(load_default=None)

    @post_load
    def moment(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        day = values.pop("closes", None)
        values["closes_at"] = datetime.combine(day + timedelta(days=1), time(), clock.PLACE) if day else None
        return values


class NewSurvey(SurveyForm):
    kind = fields.Enum(SurveyOf, by_value=True, load_default=SurveyOf.MEMBERS)


class Step(Shape):
    state = fields.Enum(State, by_value=True, required=True)


class CallForm(Shape):
    number = fields.Integer(required=True, validate=validate.Range(1, 1_000))
    reached = fields.String(
        required=True, validate=validate.OneOf(["yes", "no"], error=say("Say whether you reached them.")),
        error_messages={"required": say("Say whether you reached them.")})
    note = line(LONGEST_NOTE)


class WantedForm(Shape):
    memberships = fields.List(fields.Enum(MembershipClass, by_value=True), load_default=list)
    kinds = fields.List(fields.Enum(Kind, by_value=True), load_default=list)


def form_of(survey: Survey) -> dict[str, Any]:
    """The form, filled with what the survey says."""
    last = survey.closes_at.astimezone(clock.PLACE) - timedelta(seconds=1) if survey.closes_at else None
    filled: dict[str, Any] = SurveyForm(exclude=["closes"]).dump(survey)
    return {**filled, "closes": last.date().isoformat() if last else ""}

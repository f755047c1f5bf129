"""The shapes of introductions, for forms and JSON alike. What a move asks is declared once, in inputs.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from marketplace import clock
from marketplace.introductions import inputs as ask
from marketplace.introductions.inputs import Input
from marketplace.introductions.inputs import Shape as InputShape
from marketplace.introductions.models import CloseReason, Origin, Status
from marketplace.introductions.moves import TABLE
from marketplace.phrases import say
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Day, Money, Shape


class Moment(fields.Field[date | datetime]):
    """A day as people write it, or a day and time as 2026-11-23T09:30:00+08:00."""

    default_error_messages = {"invalid": say("“{input}” is not a date. Write it like 2026-11-23 or 2026年11月23日.")}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> date | datetime:
        text = str(value)
        if ":" not in text:
            day: date = Day().deserialize(value)
            return day
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self.make_error("invalid", input=text[:40]) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=clock.PLACE)


def _field(entry: Input) -> fields.Field[Any]:
    """Types only: what is needed and what fits is checked by the service, for pages, the API and other rooms alike."""
    about: dict[str, Any] = {"metadata": {"description": entry.label.en}}
    if entry.shape is InputShape.DAY:
        return Day(**about)
    if entry.shape is InputShape.MOMENT:
        return Moment(**about)
    if entry.shape is InputShape.MONEY:
        return Money(**about)
    if entry.shape is InputShape.CHECKS:
        return fields.List(fields.String(validate=validate.OneOf(list(entry.choices or {}))), **about)
    if entry.shape is InputShape.FLAG:
        return fields.Boolean(**about)
    if entry.shape is InputShape.STAGE:
        return fields.Integer(validate=validate.Range(0, 8), **about)
    return fields.String(**about)


def _fields(asked: Iterable[Input]) -> dict[str, fields.Field[Any]]:
    return {entry.name: _field(entry) for entry in asked}


def form_of(asked: Iterable[Input]) -> Schema:
    """The form of one move, with the version that the person saw."""
    return Shape.from_dict({**_fields(asked), "version": fields.Integer()}, name="MoveForm")()


class InterestForm(Shape):
    """The page on which interest is expressed."""

    own = fields.String(load_default="")
    new_title = fields.String(load_default="", validate=validate.Length(max=200))
    organisation = fields.Integer(load_default=None)
    cooperation_sought = fields.String(load_default="")
    unclear = fields.String(load_default="")
    about_us = fields.String(load_default="")
    origin = fields.Enum(Origin, by_value=True, load_default=Origin.SEARCH)


class MessageForm(Shape):
    body = fields.String(load_default="")
    audience = fields.String()


class SuggestForm(Shape):
    need = fields.String(required=True)
    result = fields.String(required=True)


class ListQuery(Shape):
    status = fields.Enum(Status, by_value=True, load_default=None)
    stage = fields.Integer(validate=validate.Range(0, 8), load_default=None)
    page = page_fields()["page"]
    size = page_fields()["size"]


class NewIntroduction(Shape):
    """A side has to give the three answers; a broker who belongs to neither leaves them out and suggests the pair."""

    need = fields.String(required=True, validate=validate.Length(1, 40))
    result = fields.String(required=True, validate=validate.Length(1, 40))
    cooperation_sought = fields.String(load_default="")
    unclear = fields.String(load_default="")
    about_us = fields.String(load_default="")
    origin = fields.Enum(Origin, by_value=True, load_default=Origin.SEARCH)


_INPUTS = {entry.name: entry for move in TABLE for entry in (*move.inputs, ask.NOTE, ask.EFFECTIVE_AT)}
MoveShape = Shape.from_dict(
    {
        "move": fields.String(required=True),
        "reason": fields.Enum(CloseReason, by_value=True, metadata={"description": "Why it is closed; for close"}),
        "version": fields.Integer(metadata={"description": "The version you saw; a newer one refuses the move"}),
        **_fields(_INPUTS.values()),
    },
    name="Move",
)


class InputShapeOut(Shape):
    name = fields.String()
    label = fields.String()
    type = fields.String()
    required = fields.Boolean()
    choices = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)


class AvailableShape(Shape):
    move = fields.String()
    reason = fields.String(allow_none=True)
    label = fields.String()
    explains = fields.String()
    to = fields.List(fields.Integer())
    possible = fields.Boolean()
    missing = fields.List(fields.String(), metadata={"description": "What has to be true first"})
    inputs = fields.List(fields.Nested(InputShapeOut))


class PersonShape(Shape):
    name = fields.String()
    email = fields.String()
    phone = fields.String(allow_none=True)


class SideShape(Shape):
    ref = fields.String()
    title = fields.String()
    organisation = fields.String(allow_none=True)
    mine = fields.Boolean()
    interest = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)
    consented = fields.Boolean()
    nda_signed = fields.Boolean()
    contract_confirmed = fields.Boolean()
    outcome_confirmed = fields.Boolean()
    contacts = fields.List(fields.Nested(PersonShape))


class BriefSideShape(Shape):
    ref = fields.String()
    title = fields.String()
    organisation = fields.String(allow_none=True)


class IntroductionBrief(Shape):
    ref = fields.String()
    stage = fields.Integer()
    stage_name = fields.String()
    status = fields.String()
    close_reason = fields.String(allow_none=True)
    reason_code = fields.String(allow_none=True)
    origin = fields.String()
    need = fields.Nested(BriefSideShape)
    result = fields.Nested(BriefSideShape)
    broker = fields.String(allow_none=True)
    owed_by = fields.String()
    due_at = fields.AwareDateTime(allow_none=True)
    entered_stage_at = fields.AwareDateTime()
    created_at = fields.AwareDateTime()
    url = fields.String()


class IntroductionShape(IntroductionBrief):
    need = fields.Nested(SideShape)
    result = fields.Nested(SideShape)
    reason_text = fields.String(allow_none=True)
    wakes_at = fields.AwareDateTime(allow_none=True)
    nda_needed = fields.Boolean()
    version = fields.Integer()
    moves = fields.List(fields.Nested(AvailableShape))


class IntroductionPage(Shape):
    items = fields.List(fields.Nested(IntroductionBrief))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class HistoryShape(Shape):
    version = fields.Integer()
    move = fields.String()
    from_stage = fields.Integer(allow_none=True)
    to_stage = fields.Integer()
    from_status = fields.String(allow_none=True)
    status = fields.String()
    actor = fields.String()
    effective_at = fields.AwareDateTime()
    recorded_at = fields.AwareDateTime()
    reason = fields.String(allow_none=True)
    reason_code = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class HistoryPage(Shape):
    introduction = fields.String()
    items = fields.List(fields.Nested(HistoryShape))

"""The shapes of guests' forms, and of those at the door."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from marketplace import regions
from marketplace.events.deciding import LONGEST_REASON
from marketplace.events.models import Answer, Attendance, Often
from marketplace.listings import vocabulary
from marketplace.listings.models import Kind as ListingKind
from marketplace.organisations.models import Kind
from marketplace.phrases import say
from marketplace.web.payloads import Shape


class AnswerForm(Shape):
    answer = fields.Enum(Answer, by_value=True, required=True)


class OftenForm(Shape):
    often = fields.Enum(Often, by_value=True, required=True)


class CodeForm(Shape):
    code = fields.String(required=True, validate=validate.Length(1, 300))


class DoorForm(Shape):
    email = fields.String(required=True, validate=validate.Length(1, 200))


class ReasonForm(Shape):
    reason = fields.String(required=True, validate=validate.Length(1, LONGEST_REASON))
    seen = fields.Enum(Attendance, by_value=True, load_default=None)


class SeenForm(Shape):
    seen = fields.Enum(Attendance, by_value=True, load_default=None)


class ColleaguesForm(Shape):
    colleagues = fields.List(fields.Integer(), load_default=list)


def _known_region(code: str) -> None:
    if not regions.is_region(code):
        raise ValidationError(say("“{input}” is not a region we know.", input=code[:40]))


class FilterForm(Shape):
    """Whom an edition is for, and of those the ones chosen."""

    kinds = fields.List(fields.Enum(Kind, by_value=True), load_default=list)
    region = fields.String(load_default=None, validate=_known_region)
    field = fields.String(load_default=None, validate=validate.OneOf(list(vocabulary.FIELDS)))
    has = fields.Enum(ListingKind, by_value=True, load_default=None)
    brokers = fields.Boolean(load_default=False)
    people = fields.List(fields.Integer(), load_default=list)


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what was left empty."""
    return {name: value for name, value in values.items() if value not in ("", [], None)}

"""The shapes of a broadcast, of the news somebody asks for, and of the answer to one."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from marketplace import regions
from marketplace.listings.vocabulary import FIELDS, NEED_SUBTYPES
from marketplace.organisations.models import Kind
from marketplace.phrases import say
from marketplace.web.payloads import Shape, Tags

LONGEST_NOTE = 400
LONGEST_MESSAGE = 1_000


class Regions(Tags):
    """Several regions by name in either language or by code, parted by commas -> their codes."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[str]:
        written = super()._deserialize(value, attr, data, **options)
        found = {text: regions.find(text) for text in written}
        for text, code in found.items():
            if code is None:
                raise ValidationError(say("“{input}” is not a region we know.", input=text[:40]))
        return [code for code in found.values() if code is not None]


def named(codes: list[str], language: str) -> str:
    """Regions as they are written into the form again."""
    return ("、" if language == "zh" else ", ").join(regions.short_name(code, language) for code in codes)


def _codes(choices: Any) -> fields.List[str]:
    return fields.List(fields.String(validate=validate.OneOf(list(choices))), load_default=list)


KINDS = [kind.value for kind in Kind]


class BroadcastForm(Shape):
    listing = fields.String(required=True, validate=validate.Length(max=40))
    kinds = _codes(KINDS)
    regions = Regions(load_default=list)
    note_zh = fields.String(load_default=None, validate=validate.Length(max=LONGEST_NOTE))
    note_en = fields.String(load_default=None, validate=validate.Length(max=LONGEST_NOTE))


class ChangedBroadcast(BroadcastForm):
    version = fields.Integer(required=True)


class SendForm(Shape):
    version = fields.Integer(required=True)


class NewsForm(Shape):
    wanted = fields.Boolean(load_default=False)
    subtype = _codes(NEED_SUBTYPES)
    field = _codes(FIELDS)
    region = Regions(load_default=list)
    kind = _codes(KINDS)


class InterestForm(Shape):
    own = fields.String(load_default="")
    new_title = fields.String(load_default="", validate=validate.Length(max=200))
    organisation = fields.Integer(load_default=None)
    message = fields.String(load_default="", validate=validate.Length(max=LONGEST_MESSAGE))

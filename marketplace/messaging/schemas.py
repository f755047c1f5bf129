"""The shapes of notices and of what a person wants to be mailed, for forms and for JSON."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from marketplace.messaging.kinds import KINDS, Frequency, Kind
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Shape


def _frequencies(**options: Any) -> dict[str, fields.Field[Any]]:
    return {kind.value: fields.Enum(Frequency, by_value=True, **options) for kind in KINDS}


PreferencesForm = Shape.from_dict(_frequencies(required=True), name="PreferencesForm")
PreferencesShape = Shape.from_dict(_frequencies(), name="PreferencesShape")


class NoticeQuery(Shape):
    unread = fields.Boolean(load_default=False, metadata={"description": "Only what has not been read."})
    kind = fields.Enum(Kind, by_value=True, load_default=None)
    page = page_fields()["page"]
    size = page_fields()["size"]


class NoticeShape(Shape):
    id = fields.Integer()
    kind = fields.Enum(Kind, by_value=True)
    text = fields.String(metadata={"description": "In the language of the request."})
    url = fields.String(metadata={"description": "The page it is about."})
    created_at = fields.AwareDateTime()
    read_at = fields.AwareDateTime(allow_none=True)


class NoticePage(Shape):
    items = fields.List(fields.Nested(NoticeShape))
    total = fields.Integer()
    unread = fields.Integer(metadata={"description": "How many you have not read; counted up to 1,000."})
    page = fields.Integer()
    size = fields.Integer()


class ReadRequest(Shape):
    page = fields.String(
        load_default=None, validate=validate.Length(max=300),
        metadata={"description": "Only those about this page, such as /introductions/I-2026-000001; absent: all."},
    )

"""News of needs and broadcasts as JSON."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from marketplace.broadcasts.models import State, What
from marketplace.broadcasts.schemas import KINDS, LONGEST_NOTE
from marketplace.listings.vocabulary import FIELDS, NEED_SUBTYPES
from marketplace.organisations.models import Kind
from marketplace.organisations.schemas import Region
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Shape

MOST_REGIONS = 12


def _codes(choices: Any, note: str) -> fields.List[str]:
    return fields.List(fields.String(validate=validate.OneOf(list(choices))), load_default=list, metadata={
        "description": f"{note}; empty: any"})


def _regions(note: str) -> fields.List[str]:
    return fields.List(Region(), load_default=list, validate=validate.Length(max=MOST_REGIONS), metadata={
        "description": f"{note}, by code or by name; empty: anywhere"})


class WantedNews(Shape):
    """Which needs somebody wants to hear of."""

    subtype = _codes(NEED_SUBTYPES, "Kinds of need")
    field = _codes(FIELDS, "Fields of technology")
    region = _regions("Where the need is")
    kind = _codes(KINDS, "Kinds of the organisation that has the need")


class NewsOut(WantedNews):
    wanted = fields.Boolean(metadata={"description": "Is any such news sent to you?"})


class NewBroadcast(Shape):
    listing = fields.String(required=True, validate=validate.Length(max=40), metadata={
        "description": "The need that is told (N-…), open for interest"})
    kinds = _codes(KINDS, "Kinds of the readers' organisations")
    regions = _regions("Where the readers' organisations are")
    note_zh = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST_NOTE), metadata={
        "description": "A line above the need"})
    note_en = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST_NOTE))


class SendBroadcast(Shape):
    version = fields.Integer(required=True, metadata={"description": "Of the broadcast, as you read it"})


class BroadcastsQuery(Shape):
    page = page_fields()["page"]
    size = page_fields()["size"]


class BroadcastCounts(Schema):
    chosen = fields.Integer(metadata={"description": "To how many it goes"})
    waiting = fields.Integer(metadata={"description": "Whose turn has not come yet"})
    mailed = fields.Integer()
    skipped = fields.Integer(metadata={"description": "Who wanted or might have no such news when their turn came"})
    opened = fields.Integer(metadata={"description": "Who has followed the mail's link"})
    interested = fields.Integer()


class BroadcastBrief(Schema):
    ref = fields.String()
    listing = fields.String()
    title = fields.String(metadata={"description": "Of the need"})
    state = fields.Enum(State, by_value=True)
    created_at = fields.AwareDateTime()
    begun_at = fields.AwareDateTime(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)
    counts = fields.Nested(BroadcastCounts)
    url = fields.String()


class BroadcastAnswer(Schema):
    introduction = fields.String()
    at = fields.AwareDateTime()


class BroadcastOut(BroadcastBrief):
    kinds = fields.List(fields.String())
    regions = fields.List(fields.String())
    note_zh = fields.String(allow_none=True)
    note_en = fields.String(allow_none=True)
    version = fields.Integer()
    answers = fields.List(fields.Nested(BroadcastAnswer), metadata={
        "description": "The introductions that interest has begun, at most the latest fifty"})


class BroadcastPage(Schema):
    items = fields.List(fields.Nested(BroadcastBrief))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class KindCount(Schema):
    kind = fields.Enum(Kind, by_value=True)
    people = fields.Integer()


class ChoiceThatFits(Schema):
    what = fields.Enum(What, by_value=True)
    code = fields.String()
    text = fields.String()


class ReachedPerson(Schema):
    name = fields.String()
    why = fields.List(fields.Nested(ChoiceThatFits), metadata={
        "description": "The choices of theirs that the need fits; empty: they want all news"})


class BroadcastPreview(Schema):
    total = fields.Integer(metadata={"description": "How many it would reach if it were sent now"})
    by_kind = fields.List(fields.Nested(KindCount), metadata={
        "description": "Of them, people of each kind of organisation; who is of two kinds counts in both"})
    without_organisation = fields.Integer()
    people = fields.List(fields.Nested(ReachedPerson), metadata={"description": "The first fifty by name"})

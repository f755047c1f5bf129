"""The shapes of the desk: its forms, the filters of board and list, and what its pages are over JSON."""

from __future__ import annotations

from marshmallow import fields, validate

from marketplace.introductions.filters import CHOICES
from marketplace.introductions.models import ReasonCode
from marketplace.introductions.schemas import BriefSideShape
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Day, Shape


class DismissForm(Shape):
    """Without a reason the suggestion is proposed."""

    version = fields.Integer(load_default=None)
    reason_code = fields.String(load_default="", validate=validate.OneOf(["", *(code.value for code in ReasonCode)]))


class HandOnForm(Shape):
    """Several cases to one broker."""

    ref = fields.List(fields.String(validate=validate.Length(max=40)), load_default=list)
    broker = fields.String(load_default="")
    note = fields.String(load_default="", validate=validate.Length(max=2_000))


class CaseQuery(Shape):
    """The filters of board and list."""

    broker = fields.String(validate=validate.Regexp(r"^(me|none|left|\d{1,9})$"), metadata={
        "description": "me, none, left (the broker has left) or a broker's id"})
    stage = fields.Integer(validate=validate.Range(0, 8))
    status = fields.String(validate=validate.OneOf(list(CHOICES["status"])))
    owes = fields.String(validate=validate.OneOf(list(CHOICES["owes"])))
    due = fields.String(validate=validate.OneOf(list(CHOICES["due"])))
    reply = fields.String(validate=validate.OneOf(list(CHOICES["reply"])))
    field = fields.String(validate=validate.OneOf(list(CHOICES["field"])))
    origin = fields.String(validate=validate.OneOf(list(CHOICES["origin"])))
    region = fields.String(validate=validate.Length(max=6))
    q = fields.String(validate=validate.Length(max=100))
    since = Day()
    until = Day()


class PagedCaseQuery(CaseQuery):
    page = page_fields()["page"]
    size = page_fields()["size"]


class CaseShape(Shape):
    """A case as platform staff see it in lists."""

    ref = fields.String()
    url = fields.String()
    stage = fields.Integer()
    stage_name = fields.String()
    status = fields.String()
    close_reason = fields.String(allow_none=True)
    origin = fields.String()
    need = fields.Nested(BriefSideShape)
    result = fields.Nested(BriefSideShape)
    broker = fields.String(allow_none=True)
    broker_has_left = fields.Boolean()
    owed_by = fields.String()
    due_at = fields.AwareDateTime(allow_none=True)
    wakes_at = fields.AwareDateTime(allow_none=True)
    entered_stage_at = fields.AwareDateTime()
    created_at = fields.AwareDateTime()
    unanswered_since = fields.AwareDateTime(allow_none=True)
    unanswered_by = fields.String(allow_none=True)
    match_score = fields.Float(allow_none=True)
    version = fields.Integer()


class CasePage(Shape):
    items = fields.List(fields.Nested(CaseShape))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class PileShape(Shape):
    name = fields.String()
    label = fields.String()
    total = fields.Integer()
    items = fields.List(fields.Nested(CaseShape))


class DeskShape(Shape):
    next = fields.String(allow_none=True, metadata={"description": "The case that waits longest for your answer"})
    piles = fields.List(fields.Nested(PileShape))


class ColumnShape(PileShape):
    stage = fields.Integer()


class BoardShape(Shape):
    columns = fields.List(fields.Nested(ColumnShape))


class LoadShape(Shape):
    broker_id = fields.Integer()
    name = fields.String()
    email = fields.String()
    is_here = fields.Boolean(metadata={"description": "False: they have left, and their cases need an owner"})
    open = fields.Integer()
    groups = fields.Dict(keys=fields.String(), values=fields.Integer())
    overdue = fields.Integer()
    due_soon = fields.Integer()
    taken = fields.Integer(metadata={"description": "In the last 30 days"})
    first_answers = fields.Integer(metadata={"description": "Interests answered in the last 90 days"})
    median_days = fields.Float(allow_none=True)


class LoadsShape(Shape):
    items = fields.List(fields.Nested(LoadShape))


class HandOnShape(Shape):
    refs = fields.List(fields.String(validate=validate.Length(max=40)), required=True,
                       validate=validate.Length(1, 100))
    broker = fields.String(required=True, metadata={"description": "A broker's e-mail address"})
    note = fields.String(load_default="", validate=validate.Length(max=2_000))


class HandedOnShape(Shape):
    ref = fields.String()
    problem = fields.String(allow_none=True, metadata={"description": "Why it was not handed on"})


class HandedOnPage(Shape):
    items = fields.List(fields.Nested(HandedOnShape))

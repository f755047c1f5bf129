"""The shapes of requests, for forms and JSON."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from marketplace.requests_desk.models import Level, Step, Topic, What
from marketplace.requests_desk.vocabulary import LONGEST_DAYS
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Shape

LONGEST = 4_000


def _topic() -> fields.Field[str]:
    return fields.String(required=True, validate=validate.OneOf([topic.value for topic in Topic]))


class RequestForm(Shape):
    topic = _topic()
    title = fields.String(required=True, validate=validate.Length(max=120))
    text = fields.String(required=True, validate=validate.Length(max=LONGEST))
    organisation = fields.String(load_default=None, allow_none=True, metadata={
        "description": "For which organisation you ask (name or short name); not needed by who belongs to one alone",
    })
    event = fields.String(load_default=None, allow_none=True, metadata={
        "description": "At which event it was raised (E-…)",
    })


class RequestAssignForm(Shape):
    to = fields.String(required=True, metadata={"description": "A park's or authority's short name, or `steward:12`"})
    department = fields.String(load_default=None, allow_none=True)
    days = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, LONGEST_DAYS), metadata={
        "description": "Working days to answer in; the level's own when left out",
    })
    note = fields.String(load_default="", validate=validate.Length(max=2_000))
    version = fields.Integer(load_default=None, allow_none=True)


class RequestAnswerForm(Shape):
    answer = fields.String(required=True, validate=validate.Length(max=LONGEST))
    version = fields.Integer(load_default=None, allow_none=True)


class RequestReturnForm(Shape):
    note = fields.String(required=True, validate=validate.Length(max=2_000))
    version = fields.Integer(load_default=None, allow_none=True)


class RequestVersionForm(Shape):
    version = fields.Integer(load_default=None, allow_none=True)


class HelpAnswerForm(Shape):
    topic = _topic()
    question_zh = fields.String(load_default=None, allow_none=True)
    question_en = fields.String(load_default=None, allow_none=True)
    answer_zh = fields.String(load_default=None, allow_none=True)
    answer_en = fields.String(load_default=None, allow_none=True)
    source = fields.String(load_default=None, allow_none=True)
    version = fields.Integer(load_default=None, allow_none=True)


class RouteForm(Shape):
    topic = _topic()
    organisation = fields.Integer(required=True)
    department = fields.String(load_default=None, allow_none=True)
    region = fields.String(load_default=None, allow_none=True)
    days = fields.Integer(required=True, validate=validate.Range(1, LONGEST_DAYS))


class RequestsDeskQuery(Schema):
    q = fields.String(load_default="", validate=validate.Length(max=100))
    step = fields.Enum(Step, by_value=True, load_default=None)
    topic = fields.Enum(Topic, by_value=True, load_default=None)
    level = fields.Enum(Level, by_value=True, load_default=None)
    due = fields.String(load_default="", validate=validate.OneOf(["", "open", "late", "mine"]))
    event = fields.String(load_default="")
    page = page_fields()["page"]
    size = page_fields()["size"]


class RequestsQuery(Schema):
    page = page_fields()["page"]
    size = page_fields()["size"]


class HelpAnswersQuery(RequestsQuery):
    q = fields.String(load_default="", validate=validate.Length(max=200))
    topic = fields.Enum(Topic, by_value=True, load_default=None)


class RequestActOut(Schema):
    what = fields.Enum(What, by_value=True)
    at = fields.AwareDateTime()
    by = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    level = fields.Enum(Level, by_value=True)
    in_charge = fields.String(allow_none=True)
    due_on = fields.Date(allow_none=True)


class RequestBrief(Schema):
    ref = fields.String()
    title = fields.String()
    topic = fields.Enum(Topic, by_value=True)
    organisation = fields.String()
    event = fields.String(allow_none=True)
    step = fields.Enum(Step, by_value=True)
    level = fields.Enum(Level, by_value=True)
    in_charge = fields.String(allow_none=True)
    department = fields.String(allow_none=True)
    due_on = fields.Date(allow_none=True)
    is_overdue = fields.Boolean()
    raised_at = fields.AwareDateTime()
    url = fields.String()


class RequestOut(RequestBrief):
    text = fields.String()
    answer = fields.String(allow_none=True)
    answered_at = fields.AwareDateTime(allow_none=True)
    remark = fields.String(allow_none=True, metadata={"description": "Why the company sent the answer back"})
    version = fields.Integer()
    history = fields.List(fields.Nested(RequestActOut))
    may = fields.List(fields.String(), metadata={"description": "What you may do now"})


class RequestsOut(Schema):
    items = fields.List(fields.Nested(RequestBrief))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class HelpAnswerOut(Schema):
    id = fields.Integer()
    topic = fields.Enum(Topic, by_value=True)
    question = fields.String()
    answer = fields.String()
    source = fields.String(allow_none=True)
    published_at = fields.AwareDateTime()
    url = fields.String()


class HelpAnswersOut(Schema):
    items = fields.List(fields.Nested(HelpAnswerOut))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()

"""Surveys as JSON."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from marketplace.surveys.asking import Show
from marketplace.surveys.models import Role, State, SurveyOf
from marketplace.surveys.questions import MOST, Type
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Shape

_KEY = {"description": "Question's key → a text; a number; the code of a choice, or a list of codes; a list of "
                       "organisations by short or full name"}
_NUMBER = {"description": "Of the questions; another one whenever they change after somebody has answered"}


class PollsQuery(Shape):
    page = page_fields()["page"]
    size = page_fields()["size"]


class PollQuery(Shape):
    number = fields.Integer(load_default=None, metadata={
        "description": "The questions as they were asked under that number; those of now when left out"})


class PolledQuery(PollsQuery):
    show = fields.Enum(Show, by_value=True, load_default=Show.MISSING)


class GivenAnswers(Shape):
    number = fields.Integer(load_default=None, allow_none=True, metadata=_NUMBER)
    answers = fields.Dict(fields.String(validate=validate.Length(max=100)), fields.Raw(allow_none=True), required=True,
                          validate=validate.Length(max=2 * MOST), metadata=_KEY)


class PolledOrganisation(Schema):
    slug = fields.String()
    name = fields.String()


class PollBrief(Schema):
    id = fields.Integer()
    kind = fields.Enum(SurveyOf, by_value=True)
    state = fields.Enum(State, by_value=True)
    title = fields.String()
    closes_at = fields.AwareDateTime(allow_none=True)
    takes_answers = fields.Boolean()
    url = fields.String()


class MyPoll(PollBrief):
    answered_at = fields.AwareDateTime(allow_none=True, metadata={"description": "When you answered it last"})


class MyPolls(Schema):
    items = fields.List(fields.Nested(MyPoll))


class RunPoll(PollBrief):
    asked = fields.Integer()
    answered = fields.Integer()


class RunPolls(Schema):
    items = fields.List(fields.Nested(RunPoll))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class PollChoice(Schema):
    code = fields.String()
    text = fields.String()


class PollQuestion(Schema):
    key = fields.String()
    text = fields.String()
    type = fields.Enum(Type, by_value=True)
    required = fields.Boolean()
    role = fields.Enum(Role, by_value=True, allow_none=True, metadata={"description": "What the answer is used for"})
    longest = fields.Integer(allow_none=True, metadata={"description": "Characters of a text"})
    choices = fields.List(fields.Nested(PollChoice))


class PollOut(PollBrief):
    intro = fields.String()
    number = fields.Integer(metadata=_NUMBER)
    questions = fields.List(fields.Nested(PollQuestion))


class PollAnswers(Schema):
    number = fields.Integer(metadata=_NUMBER)
    answers = fields.Dict(fields.String(), fields.Raw(), metadata=_KEY)
    organisation = fields.Nested(PolledOrganisation, allow_none=True, metadata={"description": "For whom"})
    answered_at = fields.AwareDateTime(metadata={"description": "For the first time"})
    changed_at = fields.AwareDateTime()


class PollAnswersOfOne(PollAnswers):
    name = fields.String()
    email = fields.String()


class EveryPollAnswer(Schema):
    items = fields.List(fields.Nested(PollAnswersOfOne))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class PollCall(Schema):
    called_at = fields.AwareDateTime()
    by = fields.String(allow_none=True)
    reached = fields.Boolean()
    note = fields.String(allow_none=True)


class Polled(Schema):
    id = fields.Integer()
    name = fields.String()
    email = fields.String()
    phone = fields.String(allow_none=True)
    organisation = fields.Nested(PolledOrganisation, allow_none=True)
    steward = fields.String(allow_none=True)
    asked_at = fields.AwareDateTime()
    answered_at = fields.AwareDateTime(allow_none=True)
    reminders = fields.Integer()
    calls = fields.Integer(metadata={"description": "How often they were rung up"})
    last_call = fields.Nested(PollCall, allow_none=True)


class PolledCounts(Schema):
    missing = fields.Integer()
    answered = fields.Integer()
    everybody = fields.Integer()


class PolledPage(Schema):
    items = fields.List(fields.Nested(Polled))
    counts = fields.Nested(PolledCounts)
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()

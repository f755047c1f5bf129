"""The shapes of comparing, for forms and JSON."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from marketplace.comparing.answers import SHOWS, SORTS
from marketplace.introductions.models import ReasonCode, Status
from marketplace.web.payloads import Shape

CODES = [code.value for code in ReasonCode]


class BoardQuery(Shape):
    show = fields.String(load_default="open", validate=validate.OneOf(list(SHOWS)))
    sort = fields.String(load_default="", validate=validate.OneOf(["", *SORTS]))


class CriterionShape(Shape):
    id = fields.Integer(load_default=None, allow_none=True, metadata={"description": "Of one that is there already"})
    name = fields.String(required=True)
    weight = fields.Raw(required=True, metadata={"type": "integer", "minimum": 1, "maximum": 5})
    direction = fields.String(load_default="", metadata={"description": "What earns five points"})


class CriteriaShape(Shape):
    """All criteria, in order. One left out is put aside with its scores, and comes back under its name."""

    criteria = fields.List(fields.Nested(CriterionShape), required=True)
    version = fields.Integer(load_default=None, allow_none=True, metadata={
        "description": "The comparison's, as you read it (0: there was none); 409 when it is no longer that",
    })


class PointsShape(Shape):
    criterion = fields.Integer(required=True)
    points = fields.Raw(load_default=None, allow_none=True, metadata={
        "type": "integer", "minimum": 1, "maximum": 5, "description": "null takes yours back",
    })
    note = fields.String(load_default="")


class ScoresShape(Shape):
    scores = fields.List(fields.Nested(PointsShape), required=True)
    version = fields.Integer(load_default=None, allow_none=True)


class StarShape(Shape):
    shortlisted = fields.Boolean(required=True)


class DeclineShape(Shape):
    introduction = fields.String(required=True)
    version = fields.Integer(load_default=None, allow_none=True, metadata={
        "description": "The introduction's, as you read it; it stays open when somebody has moved it since",
    })
    reason_code = fields.String(load_default="", metadata={"enum": CODES})
    text = fields.String(load_default="")


class DeclinesShape(Shape):
    declines = fields.List(fields.Nested(DeclineShape), required=True)
    reason_code = fields.String(load_default="", metadata={"enum": CODES, "description": "For those without their own"})


class CriterionOut(Schema):
    id = fields.Integer()
    name = fields.String()
    weight = fields.Integer()
    direction = fields.String()


class ScoreOut(Schema):
    by = fields.String()
    points = fields.Integer()
    note = fields.String()


class CellOut(Schema):
    criterion = fields.Integer()
    average = fields.Float(allow_none=True)
    lowest = fields.Integer()
    highest = fields.Integer()
    scores = fields.List(fields.Nested(ScoreOut))


class AnswerOut(Schema):
    introduction = fields.String()
    version = fields.Integer()
    result = fields.String()
    title = fields.String()
    organisation = fields.String(allow_none=True, metadata={"description": "null while you may not know"})
    stage = fields.Integer()
    stage_name = fields.String()
    status = fields.Enum(Status, by_value=True)
    trl = fields.Integer(allow_none=True)
    modes = fields.List(fields.String())
    price = fields.String()
    ip = fields.String()
    match = fields.Float(allow_none=True)
    reasons = fields.String()
    interest = fields.Dict(keys=fields.String(), values=fields.String())
    last_minutes = fields.String(allow_none=True)
    shortlisted = fields.Boolean()
    total = fields.Float(allow_none=True)
    total_explained = fields.String()
    cells = fields.List(fields.Nested(CellOut))
    url = fields.String()


class BoardOut(Schema):
    need = fields.String()
    version = fields.Integer(metadata={"description": "Of the criteria; 0: there are none yet"})
    criteria = fields.List(fields.Nested(CriterionOut))
    judges = fields.Integer()
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    answers = fields.List(fields.Nested(AnswerOut))


class OutcomeOut(Schema):
    introduction = fields.String()
    closed = fields.Boolean()
    why_not = fields.String(allow_none=True)


class OutcomesOut(Schema):
    outcomes = fields.List(fields.Nested(OutcomeOut))

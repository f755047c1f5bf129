"""Matches as JSON."""

from __future__ import annotations

from marshmallow import fields, validate

from marketplace.matching.feedback import LONGEST_NOTE, REASONS
from marketplace.matching.service import MOST
from marketplace.phrases import say
from marketplace.web.payloads import Shape


class MatchesQuery(Shape):
    limit = fields.Integer(load_default=10, validate=validate.Range(1, MOST))


class ReasonShape(Shape):
    label = fields.String()
    here = fields.String(metadata={"description": "what this listing says"})
    there = fields.String(metadata={"description": "what its counterpart says"})
    weight = fields.Float(metadata={"description": "its points of the score; 0 when it does not fit or is not stated"})


class MatchShape(Shape):
    ref = fields.String()
    title = fields.String()
    score = fields.Float(metadata={"description": "0–100; of the pair, the same from both sides"})
    reasons = fields.List(fields.Nested(ReasonShape))


class MatchesShape(Shape):
    matches = fields.List(fields.Nested(MatchShape))


class NotRelevantForm(Shape):
    reason = fields.String(
        required=True,
        validate=validate.OneOf([code.value for code in REASONS], error=say("Choose one of the reasons.")),
    )
    note = fields.String(
        load_default="", validate=validate.Length(max=LONGEST_NOTE, error=say("At most {max} characters.")),
    )

"""The shapes of the figures over the API."""

from __future__ import annotations

from marshmallow import fields

from marketplace.web.payloads import Shape

FunnelQuery = Shape.from_dict(
    {
        "from": fields.String(load_default="", metadata={"description": "The first month or day, as 2026-01"}),
        "to": fields.String(load_default="", metadata={"description": "The last month or day, itself included"}),
        "by": fields.String(load_default="", metadata={
            "description": "Cut the cohorts by field, region, origin, event, broker or organisation_kind"}),
        **{cut: fields.String(load_default="", metadata={"description": "Only introductions with this value"})
           for cut in ("field", "region", "origin", "event", "broker", "organisation_kind")},
    },
    name="FunnelQuery",
)


class CohortStage(Shape):
    stage = fields.Integer(metadata={"description": "1 to 8"})
    reached = fields.Integer(allow_none=True, metadata={"description": "How many of the cohort ever reached it"})
    still_open = fields.Integer(allow_none=True, metadata={"description": "How many stand there and are not closed"})


class CohortShape(Shape):
    month = fields.String(metadata={"description": "In which it came to interest, as 2026-11"})
    key = fields.String(allow_none=True, metadata={"description": "The piece of the cut; null without one"})
    stages = fields.List(fields.Nested(CohortStage))


class StageTime(Shape):
    stage = fields.Integer()
    n = fields.Integer(allow_none=True, metadata={"description": "Stays, those that go on among them"})
    open = fields.Integer(allow_none=True, metadata={"description": "Stays that go on"})
    median_days = fields.Float(allow_none=True)
    p90_days = fields.Float(allow_none=True)


class FunnelShape(Shape):
    cohorts = fields.List(fields.Nested(CohortShape))
    time_in_stage = fields.List(fields.Nested(StageTime))

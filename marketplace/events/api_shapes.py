"""Events as JSON."""

from __future__ import annotations

from marshmallow import Schema, fields

from marketplace.events.models import State, Strand
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Shape


class EventsQuery(Shape):
    series = fields.String(metadata={"description": "Slug of a series"})
    strand = fields.Enum(Strand, by_value=True)
    over = fields.Boolean(metadata={"description": "true: what has ended; false: what has not, the next first"})
    page = page_fields()["page"]
    size = page_fields()["size"]


class NamedShape(Schema):
    slug = fields.String(allow_none=True)
    name = fields.String()


class EventShape(Schema):
    ref = fields.String()
    series = fields.Nested(NamedShape)
    strand = fields.Enum(Strand, by_value=True)
    state = fields.Enum(State, by_value=True)
    title = fields.String()
    summary = fields.String()
    place = fields.String()
    video_url = fields.String(allow_none=True, metadata={
        "description": "For those who have a place, its hosts and the operators; null for all others"})
    starts_at = fields.DateTime()
    ends_at = fields.DateTime()
    moved_from = fields.DateTime(allow_none=True, metadata={"description": "When it was to begin before it was moved"})
    capacity = fields.Integer()
    places_left = fields.Integer()
    takes_registrations = fields.Boolean()
    needs_approval = fields.Boolean()
    open_to_outsiders = fields.Boolean()
    organiser = fields.Nested(NamedShape)
    hosts = fields.List(fields.Nested(NamedShape))
    guests = fields.List(fields.Nested(NamedShape))
    buyer = fields.Nested(NamedShape, allow_none=True)
    url = fields.String()
    calendar_url = fields.String()
    cover_url = fields.String()


class EventPage(Schema):
    items = fields.List(fields.Nested(EventShape))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()

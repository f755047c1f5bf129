"""The shapes of groups of equal terms; finding/term_rules.py knows what is wrong with one."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from marketplace.finding.models import Origin
from marketplace.listings.vocabulary import FIELDS
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Shape


class TermsForm(Shape):
    terms = fields.String(load_default="")
    field = fields.String(load_default="")
    note = fields.String(load_default="")
    version = fields.Integer(load_default=None)


class TermsQuery(Shape):
    q = fields.String(load_default="", validate=validate.Length(max=100))
    field = fields.String(load_default="", validate=validate.OneOf(["", *FIELDS, "none"]))
    page = page_fields()["page"]
    size = page_fields()["size"]


class GroupOut(Schema):
    id = fields.Integer()
    field = fields.String(allow_none=True)
    terms = fields.List(fields.String(), attribute="texts")
    note = fields.String()
    origin = fields.Enum(Origin, by_value=True)
    changed_at = fields.AwareDateTime()


class TermsPage(Schema):
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()
    items = fields.List(fields.Nested(GroupOut))

"""The form of a group of equal terms; finding/term_rules.py knows what is wrong with it."""

from __future__ import annotations

from marshmallow import fields

from marketplace.web.payloads import Shape


class TermsForm(Shape):
    terms = fields.String(load_default="")
    field = fields.String(load_default="")
    note = fields.String(load_default="")
    version = fields.Integer(load_default=None)

"""The shapes of supplier libraries' forms."""

from __future__ import annotations

from marshmallow import fields, validate

from marketplace.web.payloads import Shape

LONGEST = 4_000


class LibraryForm(Shape):
    buyer = fields.Integer(load_default=None, allow_none=True)
    title = fields.String(required=True, validate=validate.Length(max=120))
    wanted = fields.String(required=True, validate=validate.Length(max=LONGEST))
    conditions = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST))
    edition = fields.Integer(load_default=None, allow_none=True)
    version = fields.Integer(load_default=None, allow_none=True)


class SupplierForm(Shape):
    organisation = fields.Integer(load_default=None, allow_none=True)
    supplies = fields.String(required=True, validate=validate.Length(max=LONGEST))
    proof = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST))


class SupplierDeclineForm(Shape):
    reason = fields.String(required=True, validate=validate.Length(max=2_000))
    version = fields.Integer(load_default=None, allow_none=True)

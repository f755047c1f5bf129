"""The shapes of what parks keep."""

from __future__ import annotations

from marshmallow import fields, validate

from marketplace.web.payloads import Day, Shape

LONGEST_NOTE = 500


class ParkMemberForm(Shape):
    organisation = fields.String(required=True, validate=validate.Length(max=200))
    since = Day(required=True)
    steward_id = fields.Integer(load_default=None)
    note = fields.String(load_default=None, validate=validate.Length(max=LONGEST_NOTE))


class ChangedParkMember(Shape):
    version = fields.Integer(required=True)
    since = Day(required=True)
    steward_id = fields.Integer(load_default=None)
    note = fields.String(load_default=None, validate=validate.Length(max=LONGEST_NOTE))


class PartnerForm(Shape):
    partner = fields.String(required=True, validate=validate.Length(max=200))

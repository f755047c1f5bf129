"""Members and parks as JSON."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from marketplace.organisations.models import Kind, MembershipClass
from marketplace.organisations.park_schemas import LONGEST_NOTE
from marketplace.organisations.schemas import OrganisationMention, OrganisationShape, Region
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Day, Shape


class DirectoryQuery(Shape):
    q = fields.String(load_default="", validate=validate.Length(max=100), metadata={"description": "Part of a name"})
    kind = fields.Enum(Kind, by_value=True, load_default=None)
    membership = fields.Enum(MembershipClass, by_value=True, load_default=None)
    region = Region(load_default="", metadata={
        "description": "By code or by name, with what lies in it: 440000 is all of Guangdong"})
    park = fields.String(load_default="", validate=validate.Length(max=100), metadata={
        "description": "Short name of a park whose list you may look into (GET /parks)"})
    page = page_fields()["page"]
    size = page_fields()["size"]


class DirectoryMember(OrganisationShape):
    steward = fields.String(allow_none=True, metadata={
        "description": "Of the platform's staff, who answers for it; told to members of verified organisations"})
    parks = fields.List(fields.String(), metadata={
        "description": "Short names of the parks that count it among theirs, of those you may look into"})
    url = fields.String()
    badge_url = fields.String(metadata={"description": "A picture for the member's own site"})


class DirectoryCounts(Schema):
    founding = fields.Integer()
    ordinary = fields.Integer()
    guest = fields.Integer()


class DirectoryPage(Schema):
    items = fields.List(fields.Nested(DirectoryMember))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()
    counts = fields.Nested(DirectoryCounts, metadata={"description": "Of the whole directory"})


class ParkOut(OrganisationMention):
    may_keep = fields.Boolean(metadata={"description": "May you write its list?"})


class ParksOut(Schema):
    items = fields.List(fields.Nested(ParkOut))


class ParkMembersQuery(Shape):
    page = page_fields()["page"]
    size = page_fields()["size"]


class ParkMemberChange(Shape):
    since = Day(required=True, metadata={"type": "string", "format": "date"})
    steward_id = fields.Integer(load_default=None, allow_none=True, metadata={
        "description": "Who of the park's own people answers for it"})
    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST_NOTE), metadata={
        "description": "For the park and its partners"})


class NewParkMember(ParkMemberChange):
    organisation = fields.String(required=True, validate=validate.Length(max=200), metadata={
        "description": "A verified organisation by its short or full name"})


class ParkStewardOut(Schema):
    id = fields.Integer()
    name = fields.String()


class ParkMemberOut(Schema):
    id = fields.Integer()
    organisation = fields.Nested(OrganisationMention)
    since = fields.Date()
    steward = fields.Nested(ParkStewardOut, allow_none=True)
    note = fields.String(allow_none=True)
    version = fields.Integer()


class ParkMembersOut(Schema):
    park = fields.Nested(ParkOut)
    items = fields.List(fields.Nested(ParkMemberOut))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()

"""The shapes of organisations and their members, for forms and for JSON."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from marketplace import regions
from marketplace.accounts.schemas import NewAccount
from marketplace.organisations import credit_codes
from marketplace.organisations.models import Kind, MembershipClass, Role
from marketplace.phrases import DEFAULT, LANGUAGES, say
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Day, Shape

LONGEST_ABOUT = 2_000


class CreditCode(fields.String):
    """A unified social credit code, tidied and checked."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        code = credit_codes.tidy(str(super()._deserialize(value, attr, data, **options)))
        fault = credit_codes.fault(code)
        if fault is not None:
            raise ValidationError(fault)
        return code


class Region(fields.String):
    """A region by code or by name in either language."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **options))
        code = regions.find(text)
        if code is None:
            raise ValidationError(say("“{input}” is not a region we know.", input=text[:40]))
        return code


class About(Shape):
    """What an organisation says of itself."""

    name = fields.String(required=True, validate=validate.Length(2, 100))
    name_en = fields.String(load_default=None, validate=validate.Length(max=150))
    kind = fields.Enum(Kind, by_value=True, required=True)
    credit_code = CreditCode(load_default=None)
    region = Region(required=True)
    about = fields.String(load_default=None, validate=validate.Length(max=LONGEST_ABOUT))
    about_en = fields.String(load_default=None, validate=validate.Length(max=LONGEST_ABOUT))
    website = fields.Url(load_default=None, schemes={"http", "https"}, validate=validate.Length(max=300))


class Mailbox(fields.Email):
    """Addresses are kept and compared in lower case."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        return str(super()._deserialize(value, attr, data, **options)).lower()


class Edited(About):
    version = fields.Integer(required=True)
    mailbox = Mailbox(load_default=None, validate=validate.Length(max=254))
    mailbox_language = fields.String(load_default=DEFAULT, validate=validate.OneOf(LANGUAGES))


class Refusal(Shape):
    reason = fields.String(required=True, validate=validate.Length(max=1_000))


class Place(Shape):
    membership = fields.Enum(MembershipClass, by_value=True, required=True)
    steward_id = fields.Integer(load_default=None)
    member_since = Day(load_default=None)


class NewMember(Shape):
    email = fields.Email(required=True, validate=validate.Length(max=254))
    role = fields.Enum(Role, by_value=True, required=True)


class StatedDomain(Shape):
    domain = fields.String(required=True, validate=validate.Length(max=253))


class ChangedRole(Shape):
    role = fields.Enum(Role, by_value=True, required=True)


class JoiningAccount(NewAccount):
    class Meta(NewAccount.Meta):
        exclude = ("email",)


class OrganisationMention(Shape):
    """An organisation where something else is spoken of."""

    slug = fields.String()
    name = fields.String(metadata={"description": "As registered; usually Chinese."})
    name_en = fields.String(allow_none=True)
    kind = fields.Enum(Kind, by_value=True)
    verified = fields.Boolean(attribute="is_verified")


class OrganisationShape(OrganisationMention):
    membership = fields.Enum(MembershipClass, by_value=True)
    member_since = fields.Date(attribute="member_from")
    region = fields.String(allow_none=True, metadata={"description": "GB/T 2260 code, or ISO 3166 alpha-2."})
    about = fields.String(allow_none=True)
    about_en = fields.String(allow_none=True)
    website = fields.String(allow_none=True)


class OrganisationQuery(Shape):
    q = fields.String(load_default="", validate=validate.Length(max=100), metadata={"description": "Part of a name."})
    kind = fields.Enum(Kind, by_value=True, load_default=None)
    page = page_fields()["page"]
    size = page_fields()["size"]


class OrganisationPage(Shape):
    items = fields.List(fields.Nested(OrganisationShape))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class MembershipShape(Shape):
    organisation = fields.Nested(OrganisationMention)
    role = fields.Enum(Role, by_value=True)


class Me(Shape):
    email = fields.Email()
    name = fields.String()
    phone = fields.String(allow_none=True)
    language = fields.String()
    confirmed = fields.Function(lambda person: person.confirmed_at is not None, metadata={"type": "boolean"})
    is_broker = fields.Boolean()
    is_operator = fields.Boolean()
    memberships = fields.List(fields.Nested(MembershipShape))

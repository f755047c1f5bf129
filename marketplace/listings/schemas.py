"""The shapes of listings over JSON, and of the smaller forms. Content is checked by listings/content.py in both."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from marketplace.listings.fields import BY_NAME, FIELDS, Field
from marketplace.listings.fields import Shape as FieldShape
from marketplace.listings.models import Kind, State, TranslationState
from marketplace.listings.workflow import ACTIONS
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Day, Money, Shape, Tags


class CoOwner(Schema):
    name = fields.String()
    share = fields.Float(allow_none=True)


class IpRow(Schema):
    type = fields.String()
    number = fields.String()
    status = fields.String()
    territory = fields.String()
    co_owners = fields.List(fields.Nested(CoOwner))


def _json_field(field: Field) -> fields.Field[Any]:
    """How a field is documented and shown. What is sent passes as it is to validate_content, which knows more."""
    about = {"description": str(field.label) + (f". {field.hint}" if field.hint else "")}
    codes = sorted({code for kind in Kind if field.of(kind) for code in field.choices_for(kind)})
    match field.shape:
        case FieldShape.CHOICE:
            return fields.String(metadata={**about, "enum": codes}) if codes else fields.String(metadata=about)
        case FieldShape.CHOICES:
            return fields.List(fields.String(metadata={"enum": codes}), metadata=about)
        case FieldShape.TAGS:
            return fields.List(fields.String(), metadata=about)
        case FieldShape.WHOLE_NUMBER:
            return fields.Integer(metadata={**about, "minimum": 1, "maximum": 9})
        case FieldShape.MONEY:
            return Money(metadata={**about, "type": "string", "example": "800000.00"})
        case FieldShape.DAY:
            return Day(metadata={**about, "type": "string", "format": "date"})
        case FieldShape.FLAG:
            return fields.Boolean(metadata=about)
        case FieldShape.IP_ROWS:
            return fields.List(fields.Nested(IpRow), metadata=about)
    return fields.String(metadata={**about, "maxLength": field.longest})


class _AsSent(fields.Raw):
    """Documented as one thing, passed on untouched."""

    def __init__(self, field: Field) -> None:
        documented = _json_field(field)
        kinds: dict[type, str] = {fields.Integer: "integer", fields.Boolean: "boolean", fields.List: "array"}
        kind = next((name for cls, name in kinds.items() if isinstance(documented, cls)), "string")
        shape: dict[str, Any] = {"type": kind, **({"items": {}} if kind == "array" else {})}
        super().__init__(allow_none=True, metadata={**documented.metadata, **shape})


ContentOut = Schema.from_dict({field.name: _json_field(field) for field in FIELDS}, name="ListingContent")
_ContentIn = Shape.from_dict({field.name: _AsSent(field) for field in FIELDS}, name="ListingContentIn")


class NewListing(_ContentIn):  # type: ignore[misc, valid-type]
    """A new draft; every field but `kind` may come later."""

    kind = fields.Enum(Kind, by_value=True, required=True)
    organisation = fields.String(
        metadata={"description": "Slug of the organisation. May be left out by members of one organisation."}
    )


class ListingChange(_ContentIn):  # type: ignore[misc, valid-type]
    """The fields to change; null clears one."""

    version = fields.Integer(
        metadata={"description": "The version you started from; 409 when it is no longer that. Or send If-Match."}
    )


class OrganisationOut(Schema):
    slug = fields.String()
    name = fields.String()
    name_en = fields.String(allow_none=True)
    kind = fields.String()


class ContactOut(Schema):
    name = fields.String()
    email = fields.String()
    phone = fields.String(allow_none=True)


class WordsOut(Schema):
    language = fields.String()
    title = fields.String()
    summary = fields.String()
    keywords = fields.List(fields.String())
    state = fields.Enum(TranslationState, by_value=True, allow_none=True, metadata={"description": "null: original"})
    is_stale = fields.Boolean()


class FileOut(Schema):
    id = fields.Integer()
    name = fields.String()
    size = fields.Integer()
    media_type = fields.String()
    tier = fields.Integer()
    url = fields.String()


class TeaserOut(ContentOut):  # type: ignore[misc, valid-type]
    """A listing as a list shows it to this reader."""

    ref = fields.String()
    kind = fields.Enum(Kind, by_value=True)
    state = fields.Enum(State, by_value=True)
    organisation = fields.Nested(OrganisationOut, allow_none=True, metadata={"description": "null: anonymous to you"})
    published_at = fields.AwareDateTime(allow_none=True)
    changed_at = fields.AwareDateTime()
    url = fields.String()


class ListingOut(TeaserOut):
    """Exactly what this reader may read."""

    tier = fields.Integer(metadata={"description": "0 public, 1 member, 2 introduced, 3 under NDA"})
    version = fields.Integer()
    words = fields.List(fields.Nested(WordsOut), metadata={"description": "The original, then translations"})
    contact = fields.Nested(ContactOut, allow_none=True)
    attachments = fields.List(fields.Nested(FileOut))
    withheld = fields.List(fields.Integer(), metadata={"description": "Tiers at which there is more to read"})
    remark = fields.String(allow_none=True, metadata={"description": "What review last said; to authors and staff"})
    completeness = fields.Integer(metadata={"description": "0-100; to authors and staff"})
    waiting = fields.String(metadata={"description": "State of a change not in force yet; to authors and staff"})
    actions = fields.List(fields.String(), metadata={"description": "What you may do now"})


class ListingsQuery(Shape):
    kind = fields.Enum(Kind, by_value=True)
    state = fields.Enum(State, by_value=True)
    organisation = fields.String(metadata={"description": "Slug"})
    mine = fields.Boolean(load_default=False)
    page = page_fields()["page"]
    size = page_fields()["size"]


class ListingsOut(Schema):
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()
    listings = fields.List(fields.Nested(TeaserOut))


class Said(Shape):
    """What goes with a move."""

    remark = fields.String(validate=validate.Length(max=2_000), metadata={
        "description": "Needed for " + ", ".join(action.address for action in ACTIONS if action.asks),
    })
    reason = fields.String(validate=validate.Length(max=2_000), metadata={"description": "The same as remark"})
    version = fields.Integer(metadata={"description": "The version you read; 409 when it is no longer that"})


class TranslationForm(Shape):
    title = fields.String(validate=validate.Length(max=BY_NAME["title"].longest), load_default="")
    summary = fields.String(validate=validate.Length(max=BY_NAME["summary"].longest), load_default="")
    keywords = Tags(longest=BY_NAME["keywords"].longest, load_default=list)
    reviewed = fields.Boolean(load_default=False)


class ExclusionsForm(Shape):
    organisations = fields.String(load_default="")


class RemarkForm(Shape):
    remark = fields.String(load_default="")
    version = fields.Integer(load_default=None, allow_none=True)


"""The shapes of what is said and agreed to in a case, for forms and JSON alike."""

from __future__ import annotations

from marshmallow import fields

from marketplace.introductions.models import Side
from marketplace.messaging.models import Audience
from marketplace.web.payloads import Shape


class PassOnForm(Shape):
    body = fields.String(load_default="")
    anyway = fields.Boolean(load_default=False)
    as_it_is = fields.Boolean(load_default=False)


class RefuseCopyForm(Shape):
    because = fields.String(load_default="")

class MessageShape(Shape):
    id = fields.Integer()
    body = fields.String()
    audience = fields.Enum(Audience, by_value=True)
    side = fields.Enum(Side, by_value=True, allow_none=True, metadata={"description": "null: the broker"})
    author = fields.String(allow_none=True)
    at = fields.AwareDateTime()
    waits = fields.Boolean(metadata={"description": "Its writer waits for an answer"})
    passed_on = fields.Boolean()
    relays = fields.Integer(allow_none=True)


class MessagePage(Shape):
    items = fields.List(fields.Nested(MessageShape))
    audiences = fields.List(fields.String())


class WordingShape(Shape):
    edition = fields.String()
    title = fields.String()
    opening = fields.String()
    clauses = fields.List(fields.String())


class GivenShape(Shape):
    organisation = fields.String(allow_none=True)
    person = fields.String(allow_none=True)
    edition = fields.String()
    at = fields.AwareDateTime()


class ConsentShape(GivenShape):
    side = fields.Enum(Side, by_value=True)
    withdrawn_at = fields.AwareDateTime(allow_none=True)


class ConsentPage(Shape):
    items = fields.List(fields.Nested(ConsentShape))
    wording = fields.Nested(WordingShape)


class SignatureShape(GivenShape):
    on_paper = fields.Boolean()


class PartyShape(Shape):
    side = fields.Enum(Side, by_value=True)
    organisation = fields.String(allow_none=True)
    signature = fields.Nested(SignatureShape, allow_none=True)
    being_checked = fields.Boolean()


class SignedCopyShape(Shape):
    id = fields.Integer()
    side = fields.Enum(Side, by_value=True)
    name = fields.String()
    at = fields.AwareDateTime()
    checked_at = fields.AwareDateTime(allow_none=True)
    refused_because = fields.String(allow_none=True)
    url = fields.String()


class AgreementShape(Shape):
    wording = fields.Nested(WordingShape)
    in_force = fields.Boolean()
    since = fields.AwareDateTime(allow_none=True)
    parties = fields.List(fields.Nested(PartyShape))
    copies = fields.List(fields.Nested(SignedCopyShape))

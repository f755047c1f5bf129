"""The shapes of this room's forms: a question for each talk, so a form has as many fields as there were talks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from marketplace.ratings.models import Later, Verdict
from marketplace.ratings.service import LONGEST_NOTE, Asked, Said
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Shape


class MinutesForm(Shape):
    text = fields.String(load_default=None)
    version = fields.Integer(load_default=None)


def rating_form(asked: Sequence[Asked]) -> Schema:
    named: dict[str, Any] = {}
    for one in asked:
        named[f"verdict-{one.other.id}"] = fields.Enum(Verdict, by_value=True, load_default=None)
        named[f"note-{one.other.id}"] = fields.String(load_default=None)
    return Shape.from_dict(named, name="RatingForm")()


def later_form(asked: Sequence[Asked]) -> Schema:
    named: dict[str, Any] = {
        f"later-{one.other.id}": fields.Enum(Later, by_value=True, load_default=None) for one in asked
    }
    return Shape.from_dict(named, name="LaterForm")()


def entered(asked: Sequence[Asked]) -> dict[str, Any]:
    """Both forms, filled with what was said before."""
    filled: dict[str, Any] = {}
    for one in asked:
        if one.rating is not None:
            number, rating = one.other.id, one.rating
            filled |= {f"verdict-{number}": rating.verdict.value, f"note-{number}": rating.note or "",
                       f"later-{number}": rating.later.value if rating.later else ""}
    return filled


def said(values: Mapping[str, Any], asked: Sequence[Asked]) -> dict[int, Said]:
    """What was chosen, by the other's registration; talks without a choice are left out."""
    numbers = [one.other.id for one in asked if values.get(f"verdict-{one.other.id}") is not None]
    return {number: Said(values[f"verdict-{number}"], values.get(f"note-{number}") or None) for number in numbers}


def said_later(values: Mapping[str, Any], asked: Sequence[Asked]) -> dict[int, Later]:
    return {one.other.id: values[f"later-{one.other.id}"] for one in asked
            if values.get(f"later-{one.other.id}") is not None}


class EveningsQuery(Shape):
    page = page_fields()["page"]
    size = fields.Integer(load_default=10, validate=validate.Range(1, 20))


class AgreementsQuery(Shape):
    page = page_fields()["page"]
    size = page_fields()["size"]


class TalkRatingIn(Shape):
    """What you say of one talk. Sent again, it takes the place of what you said."""

    verdict = fields.String(required=True, validate=validate.OneOf([one.value for one in Verdict]), metadata={
        "description": "not_held: you did not get to talk; informative; possible: you see a cooperation"})
    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST_NOTE), metadata={
        "description": "What you would like to do together; the other reads it once both of you see a cooperation"})


class TalkLaterIn(Shape):
    """What became of it."""

    later = fields.String(required=True, validate=validate.OneOf([one.value for one in Later]), metadata={
        "description": "nothing came of it; you are still talking; you agreed to work together"})


class RatedEventOut(Schema):
    ref = fields.String()
    title = fields.String()
    starts_at = fields.DateTime()


class EveningOut(Schema):
    event = fields.Nested(RatedEventOut)
    asks_again = fields.Boolean(metadata={
        "description": "Half a year on it asks what became of the talks (`later`), no longer how they were"})
    open = fields.Integer(metadata={"description": "Talks you have not answered of yet"})
    given = fields.Integer(metadata={"description": "Talks you have rated"})
    mutual = fields.Integer(metadata={"description": "Talks of which both see a cooperation"})
    url = fields.String()


class EveningsOut(Schema):
    items = fields.List(fields.Nested(EveningOut))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class TalkRatingOut(Schema):
    registration = fields.Integer(metadata={"description": "The other's, which names the talk in its address"})
    name = fields.String()
    organisation = fields.String(allow_none=True)
    table = fields.Integer(allow_none=True, metadata={
        "description": "null for a talk of two, and where nobody was seated"})
    met_at = fields.DateTime()
    verdict = fields.Enum(Verdict, by_value=True, allow_none=True, metadata={"description": "What you said; or null"})
    note = fields.String(allow_none=True, metadata={"description": "What you wrote"})
    given_at = fields.DateTime(allow_none=True)
    asks_again = fields.Boolean(metadata={"description": "`later` can be said now"})
    later = fields.Enum(Later, by_value=True, allow_none=True)
    mutual = fields.Boolean(metadata={"description": "Both of you saw a cooperation; that it was so stays on record"})
    words = fields.String(allow_none=True, metadata={"description": "What the other wrote, while both of you do"})
    introduction = fields.String(allow_none=True, metadata={
        "description": "The introduction that came of it (I-…); null while one side has no open need or result"})


class TalkRatingsOut(Schema):
    event = fields.Nested(RatedEventOut)
    items = fields.List(fields.Nested(TalkRatingOut))


class AgreementOut(Schema):
    event = fields.Nested(RatedEventOut)
    registration = fields.Integer()
    name = fields.String()
    organisation = fields.String(allow_none=True)
    stands = fields.Boolean(metadata={"description": "Both of you still say so"})
    words = fields.String(allow_none=True, metadata={"description": "What the other wrote, as long as it stands"})
    at = fields.DateTime(metadata={"description": "When the second of you said so"})
    effective_at = fields.DateTime(metadata={"description": "From when it counts: when you sat together, or `at`"})
    introduction = fields.String(allow_none=True)


class AgreementsOut(Schema):
    items = fields.List(fields.Nested(AgreementOut))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()

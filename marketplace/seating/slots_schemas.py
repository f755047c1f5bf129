"""The shapes of talks of two, for forms and JSON."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from marketplace.phrases import say
from marketplace.seating.meeting_slots import WhyNot
from marketplace.web.payloads import Shape

_MANY = say("At most {max} entries.")


def _between(least: int, most: int) -> validate.Range:
    return validate.Range(least, most, error=say("“{input}” is out of range: write a number from {min} to {max}."))


def _numbers(most: int, description: str) -> fields.Field[Any]:
    return fields.List(fields.Integer(), load_default=list, validate=validate.Length(max=most, error=_MANY),
                       metadata={"description": description})


class TalkTimes(Shape):
    """When and where talks of two can be."""

    after = fields.Integer(load_default=0, validate=_between(0, 1440), metadata={
        "description": "Minutes from the event's beginning to the first talk"})
    slots = fields.Integer(required=True, validate=_between(1, 24), metadata={
        "description": "How many times there are, one after the other"})
    minutes = fields.Integer(required=True, validate=_between(5, 120), metadata={
        "description": "How long a talk takes, the change of places included"})
    places = fields.Integer(required=True, validate=_between(1, 200), metadata={
        "description": "How many talks can go on at a time"})
    suggests = fields.Boolean(load_default=False, metadata={
        "description": "Bring together those who fit well, though neither asked"})


class TalkMust(Shape):
    one = fields.Integer(required=True, metadata={"description": "A registration, of `people`"})
    other = fields.Integer(required=True, metadata={"description": "Another one"})


class TalkWishes(Shape):
    asks = _numbers(500, "Registrations, of `others`: whom you would like to meet")
    refuses = _numbers(500, "Registrations: with whom you would rather not talk; only those who run the event see it")
    cannot = _numbers(24, "Numbers of `times` at which you cannot")
    most = fields.Integer(load_default=None, allow_none=True, validate=_between(0, 24), metadata={
        "description": "How many talks you take; null: as many as there are times"})


class TalkPersonOut(Schema):
    registration = fields.Integer()
    name = fields.String()
    organisation = fields.String(allow_none=True)


class TalkTimeOut(Schema):
    number = fields.Integer(metadata={"description": "From 0"})
    begins_at = fields.DateTime()
    ends_at = fields.DateTime()


class TalkOut(Schema):
    time = fields.Integer(metadata={"description": "Number of one of `times`"})
    begins_at = fields.DateTime()
    place = fields.Integer(metadata={"description": "Number of the place, from 1"})


class ArrangedTalkOut(TalkOut):
    one = fields.Nested(TalkPersonOut)
    other = fields.Nested(TalkPersonOut)


class MyTalkOut(TalkOut):
    person = fields.Nested(TalkPersonOut, metadata={"description": "Whom you meet"})


class UnmetWishOut(Schema):
    one = fields.Nested(TalkPersonOut, metadata={"description": "Who wished it"})
    other = fields.Nested(TalkPersonOut)
    must = fields.Boolean(metadata={"description": "Those who run the event want the two to meet"})
    why = fields.Enum(WhyNot, by_value=True)
    text = fields.String(metadata={"description": "`why` in words"})


class TalksOut(Schema):
    """The plan of the day."""

    plan = fields.Nested(TalkTimes, allow_none=True, metadata={"description": "As it was set; null before it is"})
    times = fields.List(fields.Nested(TalkTimeOut))
    busy = fields.Boolean(metadata={"description": "The worker is arranging"})
    published_at = fields.DateTime(allow_none=True, metadata={"description": "Since when everybody sees their own"})
    value = fields.Integer(allow_none=True, metadata={"description": "What the talks are worth, in points"})
    bound = fields.Integer(allow_none=True, metadata={"description": "No arrangement is worth more"})
    talks = fields.List(fields.Nested(ArrangedTalkOut))
    unmet = fields.List(fields.Nested(UnmetWishOut), metadata={"description": "What could not be had, and why"})
    people = fields.List(fields.Nested(TalkPersonOut), metadata={"description": "Everybody with a place"})


class MyTalksOut(Schema):
    times = fields.List(fields.Nested(TalkTimeOut), metadata={"description": "None while no talks are planned"})
    published_at = fields.DateTime(allow_none=True)
    talks = fields.List(fields.Nested(MyTalkOut), metadata={"description": "Yours, once they are published"})
    others = fields.List(fields.Nested(TalkPersonOut), metadata={
        "description": "Whom you may ask to meet; who fits best comes first"})
    wishes = fields.Nested(TalkWishes)

"""The shapes of the forms about talks of two."""

from __future__ import annotations

from marshmallow import fields, validate

from marketplace.phrases import say
from marketplace.web.payloads import Shape


def _between(least: int, most: int) -> validate.Range:
    return validate.Range(least, most, error=say("Between {min} and {max}."))


class TalkTimes(Shape):
    """When and where talks of two can be."""

    after = fields.Integer(load_default=0, validate=_between(0, 1440))
    slots = fields.Integer(required=True, validate=_between(1, 24))
    minutes = fields.Integer(required=True, validate=_between(5, 120))
    places = fields.Integer(required=True, validate=_between(1, 200))
    suggests = fields.Boolean(load_default=False)


class TalkMust(Shape):
    one = fields.Integer(required=True)
    other = fields.Integer(required=True)


class TalkWishes(Shape):
    asks = fields.List(fields.Integer(), load_default=list, validate=validate.Length(max=500))
    refuses = fields.List(fields.Integer(), load_default=list, validate=validate.Length(max=500))
    cannot = fields.List(fields.Integer(), load_default=list, validate=validate.Length(max=24))
    most = fields.Integer(load_default=None, allow_none=True, validate=_between(0, 24))

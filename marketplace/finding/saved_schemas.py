"""The shapes of saved searches, for forms and for JSON."""

from __future__ import annotations

from marshmallow import fields, validate

from marketplace.finding.asking import LONGEST_NAME
from marketplace.finding.models import Frequency
from marketplace.finding.schemas import SearchSchema
from marketplace.web.payloads import Shape


def _name(*, required: bool = True) -> fields.String:
    return fields.String(required=required, validate=validate.Length(1, LONGEST_NAME))


def _frequency(*, required: bool = True) -> fields.Enum[Frequency]:
    about = {"description": "how often mail tells what is new; never: it is only counted"}
    return fields.Enum(Frequency, by_value=True, required=required, metadata=about)


class SavedForm(Shape):
    name = _name()
    frequency = _frequency()
    version = fields.Integer(load_default=None)


class NewSaved(Shape):
    name = _name(required=False)
    frequency = _frequency(required=False)
    criteria = fields.Nested(
        SearchSchema(exclude=("page", "size", "sort")), required=True,
        metadata={"description": "the arguments of GET /api/v1/search, but for page, size and sort"},
    )


class SavedChange(Shape):
    name = _name(required=False)
    frequency = _frequency(required=False)
    version = fields.Integer()


class SavedOut(Shape):
    id = fields.Integer()
    name = fields.String()
    frequency = fields.Enum(Frequency, by_value=True)
    criteria = fields.Dict()
    new = fields.Integer(metadata={"description": "listings you have not looked at since they arrived"})
    created_at = fields.AwareDateTime()
    seen_at = fields.AwareDateTime(metadata={"description": "when you last looked"})
    version = fields.Integer()
    url = fields.Url(metadata={"description": "for people; opening it counts as looking"})
    feed = fields.Url(metadata={"description": "Atom; whoever has this address reads what you may"})


class SavedList(Shape):
    searches = fields.List(fields.Nested(SavedOut))


class Nothing(Shape):
    """A form of one button."""

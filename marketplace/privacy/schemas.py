"""The forms of privacy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from marketplace.accounts.schemas import Accepting
from marketplace.phrases import say
from marketplace.privacy.leaving import Handing
from marketplace.web.payloads import Shape

WORDS = ("删除", "delete")


class Accepted(Accepting):
    next = fields.String(load_default="")


class _Word(fields.String):
    """Typed, so that no account is deleted by a slip of the finger."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> str:
        text = str(super()._deserialize(value, attr, data)).strip().casefold()
        if text not in WORDS:
            raise self.make_error("word", input=text[:40])
        return text

    default_error_messages = {"word": say("“{input}” is not the word. Type “delete” or “删除”.")}


def leaving(handings: Sequence[Handing]) -> Schema:
    """The form that deletes an account: a word, and for each organisation who takes the listings over."""
    shape: dict[str, Any] = {"word": _Word(required=True)}
    for one in handings:
        if one.colleagues:
            people = [person.id for person in one.colleagues]
            shape[field_of(one)] = fields.Integer(load_default=people[0], validate=validate.OneOf(
                people, error=say("Choose one of your colleagues.")
            ))
    return Shape.from_dict(shape, name="Leaving")()


def field_of(handing: Handing) -> str:
    return f"to_{handing.organisation.id}"

"""The shapes of this room's forms: a question for each talk, so a form has as many fields as there were talks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields

from marketplace.ratings.models import Later, Verdict
from marketplace.ratings.service import Asked, Said
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

"""Pages of long lists, and addresses that differ in one argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request
from marshmallow import fields, validate

Item = TypeVar("Item")
DEFAULT_SIZE = 20
LARGEST_SIZE = 100
LONGEST_ARGUMENT = 2_000
"""Characters of an argument that are repeated in the links of a page, of which there may be dozens."""


@dataclass(frozen=True)
class Slice(Generic[Item]):
    """One page of a longer list."""

    items: Sequence[Item]
    total: int
    page: int
    size: int

    @property
    def pages(self) -> int:
        return max(1, ceil(self.total / self.size))


def page_argument() -> int:
    """`?page=`, where anything that is not a page means the first."""
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 9 and int(text) > 0 else 1


def page_fields() -> dict[str, fields.Field[Any]]:
    """`page` and `size`, for the query schemas of the API."""
    return {
        "page": fields.Integer(load_default=1, validate=validate.Range(1, 1_000_000)),
        "size": fields.Integer(load_default=DEFAULT_SIZE, validate=validate.Range(1, LARGEST_SIZE)),
    }


def page_url(**changes: Any) -> str:
    """This address with some arguments changed: None removes one, a list repeats it; a change starts at page 1."""
    arguments: dict[str, list[str]] = {name: request.args.getlist(name) for name in request.args if name != "lang"}
    if "page" not in changes:
        arguments.pop("page", None)
    for name, value in changes.items():
        given = [] if value is None else [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]
        arguments[name] = given
    query = urlencode([(name, v[:LONGEST_ARGUMENT]) for name, values in arguments.items() for v in values])
    return f"{request.path}?{query}" if query else request.path

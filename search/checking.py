"""What every engine takes and refuses: settings, documents and queries, checked before anything is sent or written."""

import math
import re
from typing import Any

from search import MAXIMUM_WINDOW, Document, Query, Refused, Settings

FAR = 1.7e308
"""No number of a document is farther from zero."""
BETWEEN_TEXTS = ", "
"""Stands between the texts of a list when they are quoted as one."""
ROW = "vector_row"
"""Where an engine that keeps vectors apart has put a document's; no attribute of anybody else's."""
_LONGEST_CHOICE = 1_000
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)


def check_settings(settings: Settings) -> None:
    names = [*settings.searchable, *settings.strings, *settings.numbers]
    for name in names:
        if not _NAME.fullmatch(name):
            raise Refused(f"{name!r} cannot name an attribute")
    if not settings.searchable:
        raise Refused("an index needs a searchable attribute")
    if set(settings.strings) & set(settings.numbers):
        raise Refused("an attribute is of strings or of numbers, not both")
    for name in (*settings.suggest, *settings.stored):
        if name not in settings.searchable:
            raise Refused(f"{name!r} is not searchable")


def kept(settings: Settings, document: Document) -> dict[str, Any]:
    """The part of a document that its settings name, checked."""
    result: dict[str, Any] = {"id": identity_of(document)}
    value_of = document.get
    for name in settings.searchable:
        if type(value := value_of(name)) is str:  # nearly every value is text, or a list of texts, or there is none
            if value:
                result[name] = value
        elif value is not None and (texts := _texts(value)):
            result[name] = texts if len(texts) > 1 else texts[0]
    for name in settings.strings:
        if type(value := value_of(name)) is str:
            if value:
                result[name] = [value]
        elif value is not None and (values := _texts(value)):
            result[name] = values
    for name in settings.numbers:
        if (number := value_of(name)) is not None:
            result[name] = _number(name, number)
    if settings.vector:
        if (row := document.get(ROW)) is not None:
            result[ROW] = int(row)
        if (vector := document.get("vector")) is not None:
            result["vector"] = numbers_of(settings, vector)
    return result


def identity_of(document: Document) -> int:
    identity = document.get("id")
    if not isinstance(identity, int) or isinstance(identity, bool) or not -(2**63) <= identity < 2**63:
        raise Refused(f"a document's id is an integer, not {identity!r}")
    return identity


def numbers_of(settings: Settings, vector: Any) -> list[float]:
    """A vector's numbers, checked."""
    if not isinstance(vector, list | tuple):
        raise Refused(f"a vector is a list of numbers, not {type(vector).__name__}")
    if len(vector) != settings.vector:
        raise Refused(f"a vector of this index has {settings.vector} numbers, not {len(vector)}")
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in vector):
        raise Refused("a vector is made of finite numbers")
    return [*map(float, vector)]


def check_query(settings: Settings, query: Query) -> None:
    """Refuse what the index cannot answer; the text is never refused."""
    if query.page < 1 or query.size < 0:
        raise Refused(f"there is no page {query.page} of {query.size}")
    for names, known, what in (
        (query.facets, settings.strings, "facet"), (query.highlight, settings.stored, "stored attribute"),
        (query.attributes or (), settings.searchable, "searchable attribute"),
        ((query.sort[0],) if query.sort else (), settings.numbers, "number to sort by"),
    ):
        for name in names:
            if name not in known:
                raise Refused(f"there is no {what} {name!r}")
    if settings.vector and query.vector is not None:
        numbers_of(settings, query.vector)
        if not 0 <= query.semantic <= 1:
            raise Refused(f"nearness decides a share from 0 to 1 of the ranking, not {query.semantic}")
    if query.attributes == ():
        raise Refused("no attribute to search in")


def in_window(query: Query) -> bool:
    """Is there a page to fetch at all?"""
    return query.size > 0 and query.page * query.size <= MAXIMUM_WINDOW


def texts_of(document: dict[str, Any], name: str) -> list[str]:
    """The texts of a searchable attribute, as `kept` keeps them."""
    value = document.get(name, [])
    return value if isinstance(value, list) else [value]


def choice(value: str) -> str:
    """A filterable value as it is stored and compared."""
    if type(value) is str and value.isascii() and len(value) <= _LONGEST_CHOICE:
        return value
    return str(value)[:_LONGEST_CHOICE].encode("utf-8", "replace").decode()


def _texts(value: Any) -> list[str]:
    values = value if type(value) is list or isinstance(value, tuple | list) else [value]
    return [one if type(one) is str else _text(one) for one in values if one is not None and one != ""]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Refused(f"a value is text, a number or a list of them, not {type(value).__name__}")


def _number(name: str, value: Any) -> int | float:
    if type(value) is bool:
        return int(value)
    if (type(value) is not float and not isinstance(value, int | float)) or not -FAR < value < FAR:
        raise Refused(f"{name} must be a finite number, not {value!r}")
    return value

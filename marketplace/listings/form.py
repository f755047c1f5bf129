"""The form of a listing: what it starts with, what was sent, and what two writers at once are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from json import dumps, loads
from typing import Any

from werkzeug.datastructures import MultiDict

from marketplace.errors import Conflict
from marketplace.listings import versions
from marketplace.listings.content import IP_KEYS
from marketplace.listings.fields import BY_NAME, Field, Shape, fields_of
from marketplace.listings.models import Kind, Listing
from marketplace.listings.versions import Change
from marketplace.listings.wording import owner_line
from marketplace.phrases import say

SPARE_ROWS = 2
"""Empty rows of intellectual property offered below the filled ones."""
MOST_ROWS = 50
BEGINNING = 200
"""Characters of a field that an address may bring."""


class Meanwhile(Conflict):
    """Somebody else saved while this person was writing. Nothing of either is lost: `values` is the form to show."""

    def __init__(self, taken: list[Field], clashing: list[Change], values: dict[str, Any]) -> None:
        super().__init__(say("Somebody else changed this listing while you were writing. Nothing was overwritten: "
                             "look at what changed, then save again."))
        self.taken, self.clashing, self.values = taken, clashing, values


@dataclass(frozen=True)
class Sent:
    """What came from the form, as it was typed."""

    raw: dict[str, Any]
    version: int | None
    marks: Mapping[str, str]


def values_of(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """Content as the form shows it."""
    return {field.name: _shown(field, content.get(field.name)) for field in fields_of(kind)}


def _shown(field: Field, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if field.shape is Shape.IP_ROWS:
        return [{**row, "co_owners": ", ".join(map(owner_line, row.get("co_owners") or []))} for row in value or []]
    return value


def begun(kind: Kind, arguments: Mapping[str, str]) -> dict[str, str]:
    """What an address begins a new listing with: a search that found nothing says what is needed."""
    known = {field.name for field in fields_of(kind)} & {"title", "field", "industry", "region"}
    return {name: text[:BEGINNING] for name, text in arguments.items() if name in known and text.strip()}


def marks_of(kind: Kind, content: Mapping[str, Any]) -> str:
    """What the form remembers of the content it started from."""
    return dumps(versions.marks(kind, content), separators=(",", ":"))


def sent(kind: Kind, form: MultiDict[str, str]) -> Sent:
    """Only fields that the form had; a box nobody ticked is told from one that was not there by a hidden twin."""
    raw: dict[str, Any] = {}
    for field in fields_of(kind):
        if field.shape is Shape.IP_ROWS:
            if f"{field.name}-0-type" in form:
                raw[field.name] = _ip_rows(field.name, form)
        elif field.name not in form:
            continue
        elif field.shape is Shape.CHOICES:
            raw[field.name] = [value for value in form.getlist(field.name) if value]
        else:
            raw[field.name] = form.getlist(field.name)[-1]
    version = form.get("version", "")
    return Sent(raw, int(version) if version.isascii() and version.isdigit() else None, _marks(form.get("marks", "")))


def _ip_rows(name: str, form: MultiDict[str, str]) -> list[dict[str, str]]:
    rows = [{key: form.get(f"{name}-{n}-{key}", "") for key in IP_KEYS} for n in range(MOST_ROWS + SPARE_ROWS)]
    return [row for row in rows if any(value.strip() for value in row.values())]


def _marks(text: str) -> dict[str, str]:
    try:
        found = loads(text) if text else {}
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def refuse_if_changed(listing: Listing, given: Sent, content: Mapping[str, Any]) -> int:
    """The version to save upon. Raises Meanwhile when fields changed since the form was opened."""
    if given.version is None or given.version == listing.version:
        return listing.version
    now = versions.proposed_content(listing)
    entered = versions.settled(listing.kind, {**now, **content})
    marked, mine = versions.marks(listing.kind, now), versions.marks(listing.kind, entered)
    theirs = [name for name, mark in marked.items() if mark != given.marks.get(name, mark if given.marks else "")]
    if not theirs:
        return listing.version
    clashing = {name for name in theirs if mine[name] not in (given.marks.get(name), marked[name])}
    taken = [BY_NAME[name] for name in theirs if name not in clashing]
    values = {**values_of(listing.kind, now), **{n: v for n, v in given.raw.items() if BY_NAME[n] not in taken}}
    changes = [change for change in versions.differences(listing.kind, now, entered) if change.field.name in clashing]
    raise Meanwhile(taken, changes, values)

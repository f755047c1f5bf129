"""A field's value as a spreadsheet cell that reads back as the same value, and what cells need before content.py
reads them. Intellectual property is one line a right: type | number | status | territory | co-owner 60%, other 40%."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from marketplace import regions
from marketplace.listings.classifications import INDUSTRIES
from marketplace.listings.fields import BY_NAME, Field, Shape
from marketplace.listings.models import Kind
from marketplace.listings.sheets import LONGEST_CELL, unmarked
from marketplace.listings.vocabulary import IP_STATUSES, IP_TYPES

_IP_KEYS = ("type", "number", "status", "territory", "co_owners")


def given(name: str, cell: Any) -> Any:
    """A cell as content.validate_content takes it; None when it is empty."""
    if isinstance(cell, str):
        cell = unmarked(cell[:LONGEST_CELL].strip())
        if name == "ip" and "|" in cell:
            return [dict(zip(_IP_KEYS, _parts(line), strict=False)) for line in cell.splitlines() if line.strip()]
    elif isinstance(cell, datetime) and BY_NAME[name].shape is not Shape.DAY:
        return cell.date().isoformat()
    elif isinstance(cell, list) and BY_NAME[name].shape in (Shape.TEXT, Shape.LONG_TEXT):
        return "; ".join(str(part) for part in cell)
    return None if cell == "" or cell == [] else cell


def written(field: Field, kind: Kind, value: Any, language: str) -> Any:
    """The cell for a value, in the words of `language`."""
    if value is None or value == "" or value == []:
        return None
    choices = field.choices_for(kind)
    match field.shape:
        case Shape.CHOICE:
            return choices[str(value)].in_language(language) if str(value) in choices else str(value)
        case Shape.CHOICES:
            return "；".join(choices[v].in_language(language) if v in choices else v for v in value)
        case Shape.TAGS:
            return "；".join(value)
        case Shape.FLAG:
            return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
        case Shape.REGION:
            name = regions.name(value, language)
            return name if regions.find(name) == value else value
        case Shape.INDUSTRY:
            return f"{value} {INDUSTRIES[value].in_language(language)}" if value in INDUSTRIES else value
        case Shape.MONEY:
            return float(value)
        case Shape.DAY:
            return date.fromisoformat(value) if isinstance(value, str) else value
        case Shape.IP_ROWS:
            return "\n".join(_ip_line(row, language) for row in value)
    return value


def _parts(line: str) -> list[str]:
    return [part.strip() for part in re.split(r"[|｜]", line)]


def _ip_line(row: Mapping[str, Any], language: str) -> str:
    kind, status = IP_TYPES.get(row.get("type", "")), IP_STATUSES.get(row.get("status", ""))
    owners = ", ".join(
        f"{owner['name']} {owner['share']:g}%" if owner.get("share") is not None else owner["name"]
        for owner in row.get("co_owners") or []
    )
    parts = (
        kind.in_language(language) if kind else "",
        row.get("number") or "",
        status.in_language(language) if status else "",
        row.get("territory") or "",
        owners,
    )
    return " | ".join(parts)

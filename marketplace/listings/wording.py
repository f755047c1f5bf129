"""A field's value as a reader reads it: codes as their names, money, days and regions in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from marketplace.listings import vocabulary
from marketplace.listings.classifications import INDUSTRIES
from marketplace.listings.fields import Field, Shape, is_empty
from marketplace.listings.models import Kind
from marketplace.web.language import current, day, money, region, words


def spoken(field: Field, kind: Kind, given: Any, currency: str | None = None) -> str:
    """One line or one text; rows of intellectual property as one line each."""
    if is_empty(given):
        return ""
    match field.shape:
        case Shape.CHOICE | Shape.CHOICES:
            labels = dict(field.choices_for(kind))
            codes = given if isinstance(given, list) else [str(given)]
            return listed([str(words(labels[code])) if code in labels else code for code in codes])
        case Shape.TAGS:
            return listed(given)
        case Shape.FLAG:
            return str(_("Yes") if given else _("No"))
        case Shape.MONEY:
            return money(given, currency)
        case Shape.DAY:
            return day(given)
        case Shape.REGION:
            return str(region(given))
        case Shape.INDUSTRY:
            return f"{given} {words(INDUSTRIES[given])}" if given in INDUSTRIES else str(given)
        case Shape.WHOLE_NUMBER:
            return f"{given} · {words(vocabulary.TRL[given])}" if given in vocabulary.TRL else str(given)
        case Shape.IP_ROWS:
            return "\n".join(ip_line(row) for row in given)
    return str(given)


def listed(entries: list[str]) -> str:
    return ("、" if current() == "zh" else ", ").join(str(entry) for entry in entries)


def ip_line(row: dict[str, Any]) -> str:
    """Invention patent · ZL2022… · Granted · China · Nanshan Institute 60%."""
    parts = [
        words(vocabulary.IP_TYPES.get(row["type"], row["type"])), row.get("number"),
        words(vocabulary.IP_STATUSES.get(row["status"], row["status"])), row.get("territory"),
        listed([owner_line(owner) for owner in row.get("co_owners") or []]),
    ]
    return " · ".join(part for part in parts if part)


def owner_line(owner: dict[str, Any]) -> str:
    return owner["name"] if owner.get("share") is None else f"{owner['name']} {owner['share']:g}%"

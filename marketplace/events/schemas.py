"""The shapes of the events room's forms."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Any
from unicodedata import normalize

from marshmallow import fields, post_load, validate

from marketplace import clock
from marketplace.events.models import Edition, Series, State, Strand
from marketplace.phrases import say
from marketplace.web.payloads import Day, Shape


class TimeOfDay(fields.Field[time]):
    """14:30, 9.05, 14：30 or 14点30."""

    default_error_messages = {"invalid": say("“{input}” is not a time of day. Write it like 14:30.")}
    _form = re.compile(r"(\d{1,2})\s*[:.点时]\s*(\d{2})?\s*分?")

    def _serialize(self, value: time | None, attr: str | None, obj: Any, **_: Any) -> str | None:
        return f"{value:%H:%M}" if value else None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> time:
        text = normalize("NFKC", str(value)).strip()
        match = self._form.fullmatch(text)
        try:
            if match:
                return time(int(match[1]), int(match[2] or 0))
        except ValueError:
            pass
        raise self.make_error("invalid", input=text[:40])


class Lines(fields.Field[list[str]]):
    """One name a line; names may hold commas."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> list[str]:
        return list(dict.fromkeys(filter(None, (line.strip() for line in str(value).splitlines()))))


def line(longest: int, *, required: bool = False) -> fields.String:
    if required:
        return fields.String(required=True, validate=validate.Length(1, longest))
    return fields.String(load_default=None, validate=validate.Length(max=longest))


class SeriesForm(Shape):
    slug = fields.String(required=True, validate=validate.Regexp(
        r"(?!new\Z)[a-z0-9]+(?:-[a-z0-9]+)*\Z",
        error=say("“{input}” cannot be an address. Use small letters, digits and hyphens, such as friday-table."),
    ))
    title_zh = line(120, required=True)
    title_en = line(120)
    summary_zh = line(1000)
    summary_en = line(1000)
    organisation = line(200, required=True)
    version = fields.Integer(load_default=0)


class EditionForm(Shape):
    """Day and hours as people write them; loaded as `starts_at` and `ends_at`."""

    strand = fields.Enum(Strand, by_value=True, required=True)
    title_zh = line(120, required=True)
    title_en = line(120)
    summary_zh = line(2000)
    summary_en = line(2000)
    place_zh = line(200, required=True)
    place_en = line(200)
    day = Day(required=True)
    starts = TimeOfDay(required=True)
    ends = TimeOfDay(required=True)
    capacity = fields.Integer(required=True, validate=validate.Range(1, 10_000))
    hosts = Lines(load_default=list, validate=validate.Length(max=20, error=say("At most {max} hosts.")))
    version = fields.Integer(load_default=0)

    @post_load
    def moments(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        day = values.pop("day")
        for name in ("starts", "ends"):
            values[f"{name}_at"] = datetime.combine(day, values.pop(name), clock.PLACE)
        return values


class Registering(Shape):
    organisation = fields.Integer(load_default=None)


class Step(Shape):
    state = fields.Enum(State, by_value=True, required=True)


def form_of_series(series: Series) -> dict[str, Any]:
    """The form, filled with what the series says."""
    return {**SeriesForm(exclude=["organisation"]).dump(series), "organisation": series.organisation.name}


def form_of_edition(edition: Edition) -> dict[str, Any]:
    """The form, filled with what the edition says."""
    starts, ends = (moment.astimezone(clock.PLACE) for moment in (edition.starts_at, edition.ends_at))
    filled: dict[str, Any] = EditionForm(exclude=["day", "starts", "ends", "hosts"]).dump(edition)
    return {
        **filled, "day": starts.date().isoformat(), "starts": f"{starts:%H:%M}", "ends": f"{ends:%H:%M}",
        "hosts": "\n".join(host.organisation.name for host in edition.hosts),
    }

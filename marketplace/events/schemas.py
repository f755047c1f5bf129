"""The shapes of the events room's forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from unicodedata import normalize

from marshmallow import ValidationError, fields, post_load, validate

from marketplace import clock
from marketplace.events.models import Edition, Host, Series, SeriesHost, State, Strand
from marketplace.events.planning import MOST
from marketplace.phrases import say
from marketplace.web.payloads import Day, Shape

MOST_PLACES = 10_000


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


def lines_no_longer_than(longest: int) -> Callable[[list[str]], None]:
    def check(lines: list[str]) -> None:
        for one in lines:
            if len(one) > longest:
                raise ValidationError(say("“{line}…” is too long: at most {max} characters a line.", line=one[:20],
                                          max=longest))

    return check


def line(longest: int, *, required: bool = False) -> fields.String:
    if required:
        return fields.String(required=True, validate=validate.Length(1, longest))
    return fields.String(load_default=None, validate=validate.Length(max=longest))


def link() -> fields.Url:
    return fields.Url(load_default=None, schemes={"http", "https"}, validate=validate.Length(max=500))


def hosts() -> Lines:
    return Lines(load_default=list, validate=validate.Length(max=20, error=say("At most {max} hosts.")))


def whole(least: int, most: int, *, required: bool = False) -> fields.Integer:
    check = validate.Range(least, most)
    return fields.Integer(required=True, validate=check) if required else fields.Integer(load_default=None,
                                                                                         validate=check)


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
    hosts = hosts()
    weekday = whole(0, 6)
    starts = TimeOfDay(load_default=None)
    minutes = whole(15, 24 * 60)
    capacity = whole(1, MOST_PLACES)
    place_zh = line(200)
    place_en = line(200)
    video_url = link()
    needs_approval = fields.Boolean(load_default=False)
    open_to_outsiders = fields.Boolean(load_default=True)
    version = fields.Integer(load_default=0)


class EditionForm(Shape):
    """Day and hours as people write them; loaded as `starts_at` and `ends_at`."""

    strand = fields.Enum(Strand, by_value=True, required=True)
    title_zh = line(120, required=True)
    title_en = line(120)
    summary_zh = line(2000)
    summary_en = line(2000)
    place_zh = line(200)
    place_en = line(200)
    video_url = link()
    day = Day(required=True)
    starts = TimeOfDay(required=True)
    ends = TimeOfDay(required=True)
    capacity = whole(1, MOST_PLACES, required=True)
    hosts = hosts()
    guests = Lines(load_default=list, validate=[
        validate.Length(max=30, error=say("At most {max} guests.")), lines_no_longer_than(200)])
    needs_approval = fields.Boolean(load_default=False)
    open_to_outsiders = fields.Boolean(load_default=True)
    buyer = line(200)
    version = fields.Integer(load_default=0)

    @post_load
    def moments(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        day = values.pop("day")
        for name in ("starts", "ends"):
            values[f"{name}_at"] = datetime.combine(day, values.pop(name), clock.PLACE)
        return values


class Plan(Shape):
    first = Day(required=True)
    count = whole(1, MOST, required=True)
    every = whole(1, 12, required=True)
    strands = fields.List(fields.Enum(Strand, by_value=True), load_default=list)
    announce = fields.Boolean(load_default=False)


class Move(Shape):
    day = Day(required=True)
    starts = TimeOfDay(required=True)
    reason = fields.String(load_default="", validate=validate.Length(max=300))
    version = fields.Integer(load_default=0)


class Registering(Shape):
    organisation = fields.Integer(load_default=None)


class Step(Shape):
    state = fields.Enum(State, by_value=True, required=True)


def form_of_series(series: Series) -> dict[str, Any]:
    """The form, filled with what the series says."""
    filled: dict[str, Any] = SeriesForm(exclude=["organisation", "hosts"]).dump(series)
    return {**filled, "organisation": series.organisation.name, "hosts": _names(series.hosts)}


def form_of_template(series: Series, day: date | None) -> dict[str, Any]:
    """The form of a new edition, filled with what the series says of each."""
    of_both = ("place_zh", "place_en", "video_url", "capacity", "needs_approval", "open_to_outsiders")
    filled: dict[str, Any] = EditionForm(only=of_both).dump(series)
    filled["hosts"] = _names(series.hosts) or series.organisation.name
    if series.starts is not None:
        filled["starts"] = f"{series.starts:%H:%M}"
        ends = datetime.combine(date.min, series.starts) + timedelta(minutes=series.minutes or 0)
        filled["ends"] = f"{ends:%H:%M}" if series.minutes else ""
    return {**filled, "day": day.isoformat() if day else ""}


def form_of_edition(edition: Edition) -> dict[str, Any]:
    """The form, filled with what the edition says."""
    starts, ends = (moment.astimezone(clock.PLACE) for moment in (edition.starts_at, edition.ends_at))
    filled: dict[str, Any] = EditionForm(exclude=["day", "starts", "ends", "hosts", "guests", "buyer"]).dump(edition)
    return {
        **filled, "day": starts.date().isoformat(), "starts": f"{starts:%H:%M}", "ends": f"{ends:%H:%M}",
        "hosts": _names(edition.hosts), "guests": "\n".join(guest.name for guest in edition.guests),
        "buyer": edition.buyer.name if edition.buyer else "",
    }


def _names(hosts: Iterable[Host | SeriesHost]) -> str:
    return "\n".join(host.organisation.name for host in hosts)

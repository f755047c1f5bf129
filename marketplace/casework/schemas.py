"""The shapes of casework, for forms and JSON alike."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import fields, validate

from marketplace.casework.models import Reach
from marketplace.casework.vocabulary import HOME, ZONES
from marketplace.introductions.models import Owes, Side
from marketplace.phrases import say
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Day, Shape


class Hour(fields.Field[time]):
    """A time of day, as 14:30, 1430 or 下午2:30."""

    default_error_messages = {"invalid": say("“{input}” is not a time of day. Write it like 14:30.")}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> time:
        match = re.fullmatch(r"(\d{1,2})[:：.]?(\d{2})", str(value).strip())
        try:
            if match:
                return time(int(match[1]), int(match[2]))
        except ValueError:
            pass
        raise self.make_error("invalid", input=str(value)[:20])


class MeetingForm(Shape):
    subject = fields.String(load_default="")
    day = Day(load_default=None)
    hour = Hour(load_default=None)
    minutes_long = fields.Integer(load_default=60)
    zone = fields.String(load_default=HOME, validate=validate.OneOf(list(ZONES)))
    place = fields.String(load_default="")
    link = fields.String(load_default="")
    agenda = fields.String(load_default="")
    attendees = fields.List(fields.Integer(), load_default=list)
    anyway = fields.Boolean(load_default=False)
    version = fields.Integer(load_default=None)


def plan_of(form: dict[str, Any]) -> dict[str, Any]:
    """The form's day and hour as the moment they are in its zone."""
    plan = {name: value for name, value in form.items() if name not in ("day", "hour", "version")}
    return {**plan, "starts_at": moment_of(form["day"], form["hour"], form["zone"])}


def moment_of(day: date | None, hour: time | None, zone: str) -> datetime | None:
    if day is None or hour is None:
        return None
    try:
        return datetime.combine(day, hour, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return None


class CancelForm(Shape):
    why = fields.String(load_default="")
    version = fields.Integer(load_default=None)


class MinutesForm(Shape):
    text = fields.String(load_default="")
    next_action = fields.String(load_default="")
    owner = fields.String(load_default="")
    due_on = Day(load_default=None)
    ends = fields.String(load_default="")
    reason_code = fields.String(load_default="")
    note = fields.String(load_default="")
    version = fields.Integer(load_default=None)


class NoShowForm(Shape):
    absent = fields.String(load_default="")
    due_on = Day(load_default=None)
    note = fields.String(load_default="")
    version = fields.Integer(load_default=None)


class NewTask(Shape):
    title = fields.String(load_default="")
    owner = fields.String(load_default="")
    person = fields.Integer(load_default=None)
    due_on = Day(load_default=None)
    note = fields.String(load_default="")
    is_internal = fields.Boolean(load_default=False)


class TaskForm(NewTask):
    version = fields.Integer(load_default=None)


class TemplateForm(Shape):
    contract_type = fields.String(load_default="")


class DocumentForm(Shape):
    title = fields.String(load_default="")
    reach = fields.String(load_default=Reach.INTRODUCED.value)
    note = fields.String(load_default="")


class VersionForm(Shape):
    note = fields.String(load_default="")


class PageQuery(Shape):
    page = page_fields()["page"]
    size = page_fields()["size"]


class MeetingPlan(Shape):
    subject = fields.String(required=True)
    starts_at = fields.AwareDateTime(required=True)
    minutes_long = fields.Integer(load_default=60)
    zone = fields.String(load_default=HOME)
    place = fields.String(load_default="")
    link = fields.String(load_default="")
    agenda = fields.String(load_default="")
    attendees = fields.List(
        fields.Integer(), load_default=list, metadata={"description": "Ids of `candidates` of GET …/meetings"})
    anyway = fields.Boolean(load_default=False, metadata={"description": "Although somebody meets elsewhere then"})


class NewMeeting(MeetingPlan):
    past = fields.Boolean(load_default=False, metadata={"description": "It has taken place; nobody is invited"})


class ChangedMeeting(MeetingPlan):
    version = fields.Integer(load_default=None)


class AttendeeShape(Shape):
    id = fields.Integer(allow_none=True, metadata={"description": "null once you may not know who it is"})
    name = fields.String()
    side = fields.Enum(Side, by_value=True, allow_none=True)


class MeetingShape(Shape):
    id = fields.Integer()
    state = fields.String()
    subject = fields.String()
    starts_at = fields.AwareDateTime()
    ends_at = fields.AwareDateTime()
    zone = fields.String()
    place = fields.String(allow_none=True)
    link = fields.String(allow_none=True)
    agenda = fields.String(allow_none=True)
    organiser = fields.String(allow_none=True)
    attendees = fields.List(fields.Nested(AttendeeShape))
    why = fields.String(allow_none=True)
    text = fields.String(allow_none=True)
    next_action = fields.String(allow_none=True)
    owner = fields.Enum(Owes, by_value=True, allow_none=True)
    due_on = fields.Date(allow_none=True)
    calendar = fields.String(allow_none=True, metadata={"description": "Where the iCalendar entry is"})
    version = fields.Integer()


class MeetingPage(Shape):
    items = fields.List(fields.Nested(MeetingShape))
    candidates = fields.List(fields.Nested(AttendeeShape))


class TaskShape(Shape):
    id = fields.Integer()
    code = fields.String(allow_none=True)
    title = fields.String()
    owner = fields.Enum(Owes, by_value=True)
    person = fields.String(allow_none=True)
    due_on = fields.Date()
    note = fields.String(allow_none=True)
    is_internal = fields.Boolean()
    is_overdue = fields.Boolean()
    done_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class TaskPage(Shape):
    items = fields.List(fields.Nested(TaskShape))


class DocumentVersionShape(Shape):
    number = fields.Integer()
    name = fields.String()
    media_type = fields.String()
    size = fields.Integer()
    added_at = fields.AwareDateTime()
    added_by = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    url = fields.String()


class DocumentShape(Shape):
    id = fields.Integer()
    title = fields.String()
    reach = fields.Enum(Reach, by_value=True)
    tier = fields.Integer()
    side = fields.Enum(Side, by_value=True, allow_none=True)
    versions = fields.List(fields.Nested(DocumentVersionShape))


class DocumentPage(Shape):
    items = fields.List(fields.Nested(DocumentShape))


class ReadShape(Shape):
    at = fields.AwareDateTime()
    what = fields.List(fields.String())
    tier = fields.Integer(allow_none=True)
    organisation = fields.String(allow_none=True)
    person = fields.String(allow_none=True)
    is_staff = fields.Boolean()
    introduction = fields.String(allow_none=True)
    listing = fields.String(allow_none=True)


class ReadPage(Shape):
    items = fields.List(fields.Nested(ReadShape))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()

"""The shapes of training sessions and certificates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate

from marketplace import clock
from marketplace.phrases import say
from marketplace.training.models import Level
from marketplace.web.payloads import Choice, Day, Shape

FARTHEST = timedelta(days=5 * 366)


def within_reach(moment: datetime) -> None:
    """No slip of the pen, and nothing that no calendar holds."""
    if not abs(moment - clock.now()) < FARTHEST:
        raise ValidationError(say("“{input}” is too far off: a session lies within five years of today.").format(
            input=moment.date().isoformat()))


class Hour(fields.NaiveDateTime):
    """A day and time as a form sends it, which is China's."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        moment = super()._deserialize(value, attr, data, **options)
        return moment.replace(tzinfo=clock.PLACE)


def _between(least: int, most: int) -> validate.Range:
    return validate.Range(least, most, error=say("“{input}” is out of range: write a number from {min} to {max}."))


def _text(most: int, description: str = "", **options: Any) -> fields.String:
    metadata = {"description": description} if description else {}
    length = validate.Length(1, most) if options.get("required") else validate.Length(max=most)
    return fields.String(validate=length, metadata=metadata, **options)


class Content(Shape):
    """What a session is, but for when."""

    title_zh = _text(120, required=True)
    title_en = _text(200, "Without it, English readers see the Chinese one", load_default=None, allow_none=True)
    about_zh = _text(2_000, "What is taught, in Markdown", load_default=None, allow_none=True)
    about_en = _text(2_000, load_default=None, allow_none=True)
    place = _text(200, required=True)
    teacher = _text(200, load_default=None, allow_none=True)
    level = Choice(Level, required=True, metadata={"description": "Of the certificate it leads to"})
    hours = fields.Integer(required=True, validate=_between(1, 80), metadata={"description": "How long it lasts"})
    seats = fields.Integer(required=True, validate=_between(1, 1_000), metadata={
        "description": "How many places there are; never fewer than are taken"})


class TrainingForm(Content):
    starts_at = Hour(required=True, validate=within_reach)


class ChangedTraining(TrainingForm):
    version = fields.Integer(required=True)


class CertificateForm(Shape):
    level = Choice(Level, required=True)
    issuer = _text(200, "Who stands for it, as written on it", required=True)
    issued_on = Day(required=True)
    valid_until = Day(required=True, metadata={"description": "The last day on which it holds"})
    session_id = fields.Integer(load_default=None)


class Withdrawal(Shape):
    reason = _text(500, "It stands on the profile", required=True)

"""The shapes of training sessions and certificates."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from marketplace import clock
from marketplace.training.models import Level
from marketplace.web.payloads import Day, Shape


class Hour(fields.NaiveDateTime):
    """A day and time as a form sends it, which is China's."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        moment = super()._deserialize(value, attr, data, **options)
        return moment.replace(tzinfo=clock.PLACE)


def _text(most: int, **options: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=most), **options)


class TrainingForm(Shape):
    title_zh = _text(120, required=True)
    title_en = _text(200, load_default=None)
    about_zh = _text(2_000, load_default=None)
    about_en = _text(2_000, load_default=None)
    place = _text(200, required=True)
    teacher = _text(200, load_default=None)
    level = fields.Enum(Level, by_value=True, required=True)
    starts_at = Hour(required=True)
    hours = fields.Integer(required=True, validate=validate.Range(1, 80))
    seats = fields.Integer(required=True, validate=validate.Range(1, 1_000))


class ChangedTraining(TrainingForm):
    version = fields.Integer(required=True)


class CertificateForm(Shape):
    level = fields.Enum(Level, by_value=True, required=True)
    issuer = _text(200, required=True)
    issued_on = Day(required=True)
    valid_until = Day(required=True)
    session_id = fields.Integer(load_default=None)


class Withdrawal(Shape):
    reason = _text(500, required=True)

"""What every schema of every room stands on: messages that can be translated, fields that read what people write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from unicodedata import normalize

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from marketplace.errors import Invalid
from marketplace.phrases import say

fields.Field.default_error_messages.update(
    required=say("This is needed."), null=say("This may not be empty."),
    validator_failed=say("This value does not fit."),
)
fields.String.default_error_messages.update(
    invalid=say("Write text here."), invalid_utf8=say("This text is not UTF-8.")
)
fields.Number.default_error_messages.update(invalid=say("Write a number."), too_large=say("This number is too large."))
fields.Integer.default_error_messages.update(invalid=say("Write a whole number."))
fields.Boolean.default_error_messages.update(invalid=say("Answer yes or no."))
fields.List.default_error_messages.update(invalid=say("Send a list."))
fields.Nested.default_error_messages.update(type=say("Send an object."))
fields.Mapping.default_error_messages.update(invalid=say("Send an object."))
fields.Email.default_error_messages.update(invalid=say("This is not an e-mail address, such as name@example.com."))
fields.Url.default_error_messages.update(invalid=say("This is not a web address, such as https://example.com."))
fields.Enum.default_error_messages.update(unknown=say("Choose one of: {choices}."))
fields.DateTime.default_error_messages.update(
    invalid=say("Write a date and time such as 2026-11-23T09:30:00+08:00."),
    invalid_awareness=say("Write a date and time such as 2026-11-23T09:30:00+08:00."),
    format=say("This cannot be shown as a date."),
)
validate.Length.message_min = say("At least {min} characters.")
validate.Length.message_max = say("At most {max} characters; this has more.")
validate.Length.message_all = say("Between {min} and {max} characters.")
validate.Length.message_equal = say("Exactly {equal} characters.")
validate.Range.message_min = say("{min} or more.")
validate.Range.message_max = say("{max} or less.")
validate.Range.message_all = say("Between {min} and {max}.")
validate.Range.message_gte = say("{min} or more.")
validate.Range.message_lte = say("{max} or less.")
validate.OneOf.default_message = say("“{input}” is none of the choices: {choices}.")
validate.ContainsOnly.default_message = say("One of these is none of the choices: {choices}.")
validate.Email.default_message = say("This is not an e-mail address, such as name@example.com.")
validate.URL.default_message = say("This is not a web address, such as https://example.com.")
validate.Regexp.default_message = say("This does not have the form we expect.")


LARGEST_WHOLE_NUMBER = 2**31 - 1
"""What both databases can compare with a number of theirs."""


class Shape(Schema):
    """A form or a JSON object. Text is trimmed and freed of control characters and those that turn the direction of
    writing; an empty text is an absent value."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": say("There is no such field."), "type": say("Send an object.")}

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        if isinstance(field_obj, fields.Integer) and not field_obj.validators:
            field_obj.validators = [validate.Range(-LARGEST_WHOLE_NUMBER, LARGEST_WHOLE_NUMBER)]

    @pre_load
    def tidy(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {name: _tidied(value) for name, value in data.items()}


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def _tidied(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _CONTROL.sub("", value.replace("\r\n", "\n")).strip()


class Choice(fields.Enum[Any]):
    """One of a few, by value; what was sent instead is named."""

    default_error_messages = {"unknown": say("“{input}” is none of the choices: {choices}.")}

    def __init__(self, choices: type[Enum], **options: Any) -> None:
        super().__init__(choices, by_value=True, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **options)
        except ValidationError:
            raise self.make_error("unknown", input=str(value)[:40], choices=self.choices_text) from None


class Day(fields.Field[date]):
    """A calendar day, as 2026-11-23, 2026/11/23, 2026.11.23, 2026年11月23日, 23 Nov 2026 or a spreadsheet's date."""

    default_error_messages = {
        "invalid": say("“{input}” is not a date. Write it like 2026-11-23 or 2026年11月23日."),
    }
    _numeric = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ].*)?")
    _named = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **_: Any) -> str | None:
        return value.isoformat() if value else None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> date:
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        text = normalize("NFKC", str(value)).strip()
        match = self._numeric.fullmatch(text)
        try:
            if match:
                return date(*map(int, match.groups()))
            for form in self._named:
                try:
                    return datetime.strptime(text, form).date()
                except ValueError:
                    continue
        except ValueError:
            pass
        raise self.make_error("invalid", input=text[:40])


class Money(fields.Field[Decimal]):
    """An amount of at most two decimals, as 1,200.50, ￥80万, 80万元, 1.2亿 or a spreadsheet's number."""

    default_error_messages = {
        "invalid": say("“{input}” is not an amount. Write it like 800000, 800,000 or 80万元."),
        "range": say("“{input}” is out of range: an amount lies between 0 and 99,999,999,999,999."),
    }
    _scales = {
        "千": 1_000, "万": 10_000, "百万": 1_000_000, "亿": 100_000_000,
        "k": 1_000, "m": 1_000_000, "million": 1_000_000,
    }
    _form = re.compile(
        r"[¥￥$€£]?\s*(-?[\d.,\s]+?)\s*(千|百万|万|亿|k|m|million)?\s*(?:元|rmb|cny|usd|eur)?", re.IGNORECASE
    )

    def _serialize(self, value: Decimal | None, attr: str | None, obj: Any, **_: Any) -> str | None:
        return None if value is None else f"{value:f}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Decimal:
        text = normalize("NFKC", str(value)).strip()
        match = self._form.fullmatch(text)
        try:
            if not match:
                raise InvalidOperation
            amount = Decimal(_plain_number(match[1])) * self._scales.get((match[2] or "").lower(), 1)
        except InvalidOperation:
            raise self.make_error("invalid", input=text[:40]) from None
        if not 0 <= amount < Decimal(10) ** 14:
            raise self.make_error("range", input=text[:40])
        return amount.quantize(Decimal("0.01"))


def _plain_number(text: str) -> str:
    """"1,200.50", "1.200,50", "1 200" -> a number Decimal reads; a lone comma before two digits is a decimal comma."""
    text = re.sub(r"\s", "", text)
    if "," in text and "." in text and text.rfind(",") > text.rfind("."):
        return text.replace(".", "").replace(",", ".")
    if re.fullmatch(r"\d+,\d{1,2}", text):
        return text.replace(",", ".")
    if "," in text and not re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        raise InvalidOperation
    return text.replace(",", "")


class Tags(fields.Field[list[str]]):
    """A list of short texts; from a form or a spreadsheet, one text parted by commas, semicolons, 、 or line ends."""

    default_error_messages = {
        "many": say("At most {max} entries."), "long": say("“{input}” is longer than {max} characters."),
        "invalid": say("Send a list of texts."),
    }

    def __init__(self, *, longest: int = 12, characters: int = 60, **options: Any) -> None:
        super().__init__(**options)
        self.longest, self.characters = longest, characters

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> list[str]:
        if isinstance(value, str):
            value = re.split(r"[,，;；、\n|]", value)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.make_error("invalid")
        entries = list(dict.fromkeys(filter(None, (_tidied(v) for v in value))))
        if len(entries) > self.longest:
            raise self.make_error("many", max=self.longest)
        for entry in entries:
            if len(entry) > self.characters:
                raise self.make_error("long", input=entry[:30], max=self.characters)
        return entries


def load(schema: Schema, data: Any, **options: Any) -> dict[str, Any]:
    """`schema.load`, its complaints raised as ours: Invalid with one message a field."""
    try:
        loaded: dict[str, Any] = schema.load(data, **options)
    except ValidationError as error:
        raise Invalid(flatten(error.messages)) from None
    return loaded


def flatten(messages: Any, prefix: str = "") -> dict[str, str]:
    """Marshmallow's nested messages as {"ip.0.type": message}; the first message of each field."""
    if isinstance(messages, (list, tuple)):
        return {prefix: messages[0]} if messages else {}
    if not isinstance(messages, dict):
        return {prefix: messages}
    found: dict[str, str] = {}
    for name, inner in messages.items():
        path = prefix if name == "_schema" else f"{prefix}.{name}" if prefix else str(name)
        found.update(flatten(inner, path))
    return found

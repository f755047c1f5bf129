"""What was entered for a move, checked against what the move asks: the same for pages, the API and other rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace import clock
from marketplace.errors import Invalid
from marketplace.introductions import agreements
from marketplace.introductions.inputs import Input, Shape
from marketplace.introductions.models import ReasonCode, Stage
from marketplace.phrases import Phrase, day_of, say

NEEDED = say("This is needed.")
TICK_ALL = say("Every item of the list has to be done and ticked.")


def checked(asked: Sequence[Input], given: Mapping[str, Any], targets: Sequence[Stage]) -> dict[str, Any]:
    """The entries as the records want them. Raises Invalid with a message for each field that is wrong."""
    by_name = {entry.name: entry for entry in asked}
    problems: dict[str, str] = {
        name: say("This move does not take this.") for name, value in given.items() if name not in by_name and value
    }
    entries: dict[str, Any] = {}
    for name, entry in by_name.items():
        try:
            entries[name] = _read(entry, given.get(name), targets)
        except _Wrong as wrong:
            problems[name] = wrong.message
    if not problems:
        problems = _disagreements(entries, by_name)
    if problems:
        raise Invalid(problems)
    return {name: value for name, value in entries.items() if value is not None}


class _Wrong(Exception):
    def __init__(self, message: Phrase) -> None:
        super().__init__(message)
        self.message = message


def _read(entry: Input, value: Any, targets: Sequence[Stage]) -> Any:
    if isinstance(value, str):
        value = value.strip()
    if value is None or value is False or value == "" or (entry.shape is Shape.CHECKS and not value):
        if entry.required:
            raise _Wrong(TICK_ALL if entry.shape is Shape.CHECKS else NEEDED)
        return None
    return READERS[entry.shape](entry, value) if entry.shape is not Shape.STAGE else _stage(value, targets)


def _text(entry: Input, value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong(say("Write text here."))
    text: str = entry.tidy(value) if entry.tidy else value
    wrong = entry.fault(text) if entry.fault else None
    if wrong is not None:
        raise _Wrong(wrong)
    if len(text) > entry.longest:
        raise _Wrong(say("At most {max} characters; this has {given}.", max=entry.longest, given=len(text)))
    return text


def _day(_: Input, value: Any) -> date:
    if isinstance(value, datetime):
        return value.astimezone(clock.PLACE).date()
    if not isinstance(value, date):
        raise _Wrong(say("“{input}” is not a date. Write it like 2026-11-23.", input=str(value)[:40]))
    return value


def _moment(_: Input, value: Any) -> date | datetime:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=clock.PLACE)
    return value if isinstance(value, datetime) else _day(_, value)


def _money(_: Input, value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise _Wrong(say("“{input}” is not an amount. Write it like 800000, 800,000 or 80万元.", input=str(value)[:40]))
    if amount < 0:
        raise _Wrong(say("{input} is less than nothing. Write the amount without a sign.", input=str(value)[:40]))
    if amount >= Decimal(10) ** 14:
        raise _Wrong(say("“{input}” is too much: an amount lies between 0 and 99,999,999,999,999. Count its digits.",
                         input=str(value)[:40]))
    return amount.quantize(Decimal("0.01"))


def _choice(entry: Input, value: Any) -> str:
    if str(value) not in (entry.choices or {}):
        raise _Wrong(say("“{input}” is none of the choices: {choices}.", input=str(value)[:40],
                         choices=", ".join(entry.choices or {})))
    return str(value)


def _checks(entry: Input, value: Any) -> list[str]:
    ticked = [str(item) for item in value] if isinstance(value, (list, tuple, set)) else [str(value)]
    for item in ticked:
        _choice(entry, item)
    if set(ticked) != set(entry.choices or {}):
        raise _Wrong(TICK_ALL)
    return list(dict.fromkeys(ticked))


def _flag(_: Input, value: Any) -> bool:
    return bool(value)


def _stage(value: Any, targets: Sequence[Stage]) -> Stage:
    if str(value) not in {str(int(stage)) for stage in targets}:
        raise _Wrong(say("From here it may lead to: {stages}.", stages=", ".join(str(int(stage)) for stage in targets)))
    return Stage(int(value))


READERS: dict[Shape, Callable[[Input, Any], Any]] = {
    Shape.TEXT: _text, Shape.LONG_TEXT: _text, Shape.BROKER: _text, Shape.DAY: _day, Shape.MOMENT: _moment,
    Shape.MONEY: _money, Shape.CHOICE: _choice, Shape.CHECKS: _checks, Shape.FLAG: _flag,
}
PAST = ("held_on", "dated_on", "signed_on", "reached_on")


def _disagreements(entries: Mapping[str, Any], asked: Mapping[str, Input]) -> dict[str, str]:
    """What one entry alone cannot tell."""
    today, found = clock.today(), dict[str, str]()
    for name in PAST:
        if entries.get(name) is not None and entries[name] > today:
            found[name] = say("{day} has not come yet. Give the day on which it happened.",
                              day=day_of(entries[name]))
    due_on, held_on = entries.get("due_on"), entries.get("held_on")
    if due_on is not None and held_on is not None and due_on < held_on:
        found["due_on"] = say("This lies before the meeting.")
    if entries.get("wakes_on") is not None and entries["wakes_on"] <= today:
        found["wakes_on"] = say("Give a day after today.")
    found |= _about_money(entries, asked)
    valid_from, valid_to = entries.get("valid_from"), entries.get("valid_to")
    if valid_to is not None and valid_to < (valid_from or entries.get("signed_on") or valid_to):
        found["valid_to"] = say("{day} lies before the contract begins. Give a later day, or leave it empty.",
                                day=day_of(valid_to))
    if entries.get("reason_code") == ReasonCode.OTHER.value and not entries.get("note"):
        found["note"] = say("Say what the other reason is.")
    return found


def _about_money(entries: Mapping[str, Any], asked: Mapping[str, Input]) -> dict[str, str]:
    found = dict[str, str]()
    amount, technology = entries.get("amount"), entries.get("technology_amount")
    if "undisclosed" in asked and (amount is None) != bool(entries.get("undisclosed")):
        found["amount"] = say("Give either the amount or “undisclosed”.")
    elif amount is not None and amount == 0:
        found["amount"] = say("0 is no amount. If the parties keep it to themselves, tick “undisclosed”.")
    if technology is not None and technology == 0:
        found["technology_amount"] = say("0 is no technology amount. A contract without technology in it is not "
                                         "registered: waive the registration and say why.")
    elif technology is not None and amount is not None and technology > amount:
        found["technology_amount"] = agreements.more_than_all(technology, amount, entries.get("currency"))
    return found


def effective(entry: date | datetime | None, earliest: datetime) -> datetime:
    """When a move took effect: now unless a broker says otherwise, never before the move that went before it.

    A bare day means its noon, moved to within what is possible on that day.
    """
    now = clock.now()
    if entry is None:
        return max(now, earliest)
    if not isinstance(entry, datetime):
        noon = datetime.combine(entry, time(12), clock.PLACE)
        near = min(max(noon, earliest), max(now, earliest))
        if near.astimezone(clock.PLACE).date() == entry:
            return near.astimezone(UTC)
        entry = noon
    if entry > now:
        raise Invalid({"effective_at": say("This lies in the future.")})
    if entry < earliest:
        day = day_of(earliest.astimezone(clock.PLACE).date())
        too_early = say("The move before this one took effect on {day}; this cannot be earlier.", day=day)
        raise Invalid({"effective_at": too_early})
    return entry.astimezone(UTC)

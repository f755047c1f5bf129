"""The questionnaire: what is asked, and what was sent read into what is kept. Any of it may be missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from unicodedata import normalize

from marshmallow import ValidationError

from marketplace.errors import Invalid
from marketplace.listings.content import tidy
from marketplace.phrases import Label, Phrase, say
from marketplace.web.payloads import Money

MOST_TARGETS, MOST_TRIED = 20, 10
DIGITS = 15
"""Significant digits of a number; more is a slip of the hand."""


@dataclass(frozen=True)
class Question:
    name: str
    label: Label
    longest: int = 2_000
    hint: Label | None = None


SYMPTOM = Question(
    "symptom", Label("现象：观察到了什么？", "Symptom: what is observed?"), 3_000,
    Label("在哪道工序、什么条件下、多常出现？写看到和量到的，先不写原因",
          "At which step, under which conditions, how often? What is seen and measured, not yet why"),
)
CONSTRAINTS = (
    Question("cost", Label("成本", "Cost"),
             hint=Label("单件、每年或一次性投入的上限", "A limit per piece, per year or once")),
    Question("material", Label("材料", "Material"),
             hint=Label("必须用、不能用、来源", "What must or must not be used, and from where")),
    Question("process", Label("工艺与设备", "Process and equipment"),
             hint=Label("不能改动的工序、现有设备、节拍", "Steps that must stay, equipment there is, cycle time")),
    Question("standards", Label("标准与法规", "Standards and regulations"),
             hint=Label("标准号与条款", "Number and clause")),
    Question("time", Label("时间", "Time"), hint=Label("何时要看到样品、何时要量产", "When a sample, when production")),
)
BENEFIT = Question(
    "benefit", Label("解决后带来什么", "What solving it brings"),
    hint=Label("少报废多少、多卖多少、通过哪项认证", "Less scrap, more sales, which certificate"),
)
TEXTS = {question.name: question for question in (SYMPTOM, *CONSTRAINTS, BENEFIT)}
INDICATOR = Question("indicator", Label("指标", "Indicator"), 200)
UNIT = Question("unit", Label("单位", "Unit"), 40)
CONDITION = Question("condition", Label("测试条件", "Test condition"), 300)
TRIED = Question("what", Label("试过的办法", "What was tried"), 1_000)
WHY = Question("why", Label("为什么不行", "Why it was not good enough"), 1_000)
COMPARISONS = {
    "at_least": Label("≥ 不低于", "≥ at least"), "at_most": Label("≤ 不高于", "≤ at most"),
    "equal": Label("= 等于", "= equal to"), "about": Label("≈ 约", "≈ about"), "between": Label("～ 介于", "– between"),
}
SIGNS = {"at_least": "≥", "at_most": "≤", "equal": "=", "about": "≈"}
PERIODS = {
    "once": Label("一次性", "once"), "year": Label("每年", "a year"),
    "three_years": Label("三年内", "within three years"),
}
TARGET_KEYS = ("indicator", "comparison", "number", "upto", "unit", "condition")
TRIED_KEYS = ("what", "why")
WORTH = ("worth_low", "worth_high", "worth_period")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_money = Money()
Errors = dict[str, str]


def read(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent as it is kept: texts, numbers as text, rows that say something. Raises Invalid, by field."""
    errors: Errors = {}
    kept: dict[str, Any] = {}
    for name, given in raw.items():
        if name in TEXTS:
            kept[name] = _text(given, TEXTS[name], name, errors)
        elif name not in ("targets", "tried", *WORTH):
            errors[str(name)[:60]] = say("There is no such field.")
    kept["targets"] = _rows(raw.get("targets"), "targets", TARGET_KEYS, MOST_TARGETS, _target, errors)
    kept["tried"] = _rows(raw.get("tried"), "tried", TRIED_KEYS, MOST_TRIED, _tried, errors)
    kept |= _worth(raw, errors)
    if errors:
        raise Invalid(errors)
    return {name: value for name, value in kept.items() if value}


def _text(given: Any, question: Question, name: str, errors: Errors) -> str:
    if given is None:
        return ""
    if not isinstance(given, str | int | float) or isinstance(given, bool):
        errors[name] = say("Write text here.")
        return ""
    text = tidy(str(given))
    if len(text) > question.longest:
        errors[name] = say("At most {max} characters; this has {given}.", max=question.longest, given=len(text))
    return text


def _rows(given: Any, name: str, keys: tuple[str, ...], most: int, one: Any, errors: Errors) -> list[dict[str, str]]:
    if not given:
        return []
    if not isinstance(given, list) or not all(isinstance(row, Mapping) for row in given):
        errors[name] = say("Send a list of objects with these keys: {keys}.", keys=", ".join(keys))
        return []
    if len(given) > most:
        errors[name] = say("At most {max} rows; this has {given}.", max=most, given=len(given))
        return []
    rows = []
    for number, row in enumerate(given):
        for key in set(row) - set(keys):
            errors[f"{name}.{number}.{str(key)[:30]}"] = say("There is no such field.")
        read_row = {key: value for key, value in one(row, f"{name}.{number}", errors).items() if value}
        if set(read_row) - {"comparison"}:
            rows.append(read_row)
    return rows


def _target(row: Mapping[str, Any], place: str, errors: Errors) -> dict[str, str]:
    kept = {q.name: _text(row.get(q.name), q, f"{place}.{q.name}", errors) for q in (INDICATOR, UNIT, CONDITION)}
    kept["comparison"] = _code(row.get("comparison"), COMPARISONS, f"{place}.comparison", errors)
    numbers = {key: _number(row.get(key), f"{place}.{key}", errors) for key in ("number", "upto")}
    low, high = numbers["number"], numbers["upto"]
    if high is not None and kept["comparison"] != "between":
        errors.setdefault(f"{place}.upto", say("Only “between” takes a second number."))
    elif low is not None and high is not None and high < low:
        errors.setdefault(f"{place}.upto", say("{high} lies below the first number, {low}.", high=high, low=low))
    return kept | {key: "" if value is None else _plain(value) for key, value in numbers.items()}


def _tried(row: Mapping[str, Any], place: str, errors: Errors) -> dict[str, str]:
    return {q.name: _text(row.get(q.name), q, f"{place}.{q.name}", errors) for q in (TRIED, WHY)}


def _code(given: Any, choices: Mapping[str, Label], place: str, errors: Errors) -> str:
    code = "" if given is None else str(given).strip()
    if code and code not in choices:
        errors[place] = say("“{input}” is none of the choices: {choices}.", input=code[:40], choices=", ".join(choices))
    return code


def _number(given: Any, place: str, errors: Errors) -> Decimal | None:
    text = "" if given is None or isinstance(given, bool) else normalize("NFKC", str(given)).strip().replace("−", "-")
    if not text:
        return None
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    try:
        number = Decimal(text) if _NUMBER.fullmatch(text) else None
    except InvalidOperation:
        number = None
    if number is None:
        errors[place] = say("“{input}” is not a number. Write it like 0.5, -40 or 1.2e-6; the unit has its own field.",
                            input=text[:40])
    elif len(number.as_tuple().digits) > DIGITS or abs(number.adjusted()) > 30:
        errors[place] = say("“{input}” has more digits than can be measured. Choose a larger or smaller unit.",
                            input=text[:40])
        return None
    return number


def _plain(number: Decimal) -> str:
    return f"{number:f}" if abs(number.adjusted()) < 7 else f"{number:e}"


def _worth(raw: Mapping[str, Any], errors: Errors) -> dict[str, str]:
    amounts: dict[str, Decimal | None] = {}
    for name in ("worth_low", "worth_high"):
        given = raw.get(name)
        try:
            amounts[name] = None if given in (None, "") else _money.deserialize(given)
        except ValidationError as error:
            amounts[name] = None
            errors[name] = error.messages[0]
    low, high = amounts["worth_low"], amounts["worth_high"]
    if low is not None and high is not None and high < low:
        errors["worth_high"] = say("The upper end lies below the lower one.")
    period = _code(raw.get("worth_period"), PERIODS, "worth_period", errors)
    return {name: "" if value is None else f"{value:f}" for name, value in amounts.items()} | {"worth_period": period}


@dataclass(frozen=True)
class Line:
    """A target as one line: Cycle life ≥ 3000 cycles (25 °C, 1C)."""

    row: Mapping[str, str]

    def in_language(self, language: str) -> str:
        row, joined = self.row, "：" if language == "zh" else ": "
        number = row.get("number", "")
        if row.get("comparison") == "between":
            value = f"{number}–{row.get('upto', '')}".strip("–")
        else:
            value = f"{SIGNS.get(row.get('comparison', ''), '')} {number}".strip()
        said = " ".join(filter(None, (value, row.get("unit", ""))))
        text = joined.join(filter(None, (row.get("indicator", ""), said)))
        if not row.get("condition"):
            return text
        return f"{text}（{row['condition']}）" if language == "zh" else f"{text} ({row['condition']})"

    def __str__(self) -> str:
        return self.in_language("en")


def lines(answers: Mapping[str, Any]) -> list[Line]:
    return [Line(row) for row in answers.get("targets", [])]


def still_open(answers: Mapping[str, Any]) -> Iterator[tuple[str, Phrase]]:
    """(name of the field, what is not answered yet), in the order of the form."""
    if not answers.get("symptom"):
        yield "symptom", say("What is observed has not been described.")
    targets = answers.get("targets", [])
    if not targets:
        yield "targets.0.indicator", say("No target has been named.")
    for number, row in enumerate(targets):
        named = row.get("indicator") or str(number + 1)
        lacking = {"number": say("“{indicator}” has no number.", indicator=named),
                   "unit": say("“{indicator}” has no unit.", indicator=named),
                   "condition": say("“{indicator}” does not say under which condition it is tested.", indicator=named)}
        yield from ((f"targets.{number}.{key}", said) for key, said in lacking.items() if not row.get(key))
    if not answers.get("tried"):
        yield "tried.0.what", say("What has been tried is not told.")
    for number, row in enumerate(answers.get("tried", [])):
        if not row.get("why"):
            yield f"tried.{number}.why", say("Why “{tried}” was not good enough is not told.", tried=row["what"][:40])
    if not any(answers.get(question.name) for question in CONSTRAINTS):
        yield "cost", say("No constraint is named. If there is none, say so.")
    if not answers.get("worth_low") and not answers.get("worth_high") and not answers.get("benefit"):
        yield "worth_low", say("What success is worth is not told.")

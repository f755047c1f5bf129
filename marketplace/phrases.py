"""Words for people, decided on below the edge and put into the reader's language at it.

`say("At most {max} characters.", max=120)` is an English sentence that remembers how to become a Chinese one.
`Label(zh=…, en=…)` is a term whose two names are a fact of the field rather than a translation.
Catalogues are read from marketplace/translations/<language>/<room>.po as they stand: no build step.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_name
from babel.support import Translations

LANGUAGES = ("zh", "en")
DEFAULT = "zh"
_LARGE = ((Decimal(10**8), "亿"), (Decimal(10**4), "万"))
TRANSLATIONS = Path(__file__).parent / "translations"


class Phrase(str):
    """An English sentence with its values apart: str() is readable, `in_language` is for readers."""

    msgid: str
    values: dict[str, Any]

    def __new__(cls, msgid: str, values: dict[str, Any] | None = None) -> Phrase:
        phrase = super().__new__(cls, _filled(msgid, values or {}))
        phrase.msgid = msgid
        phrase.values = values or {}
        return phrase

    def format(self, *_: object, **values: Any) -> Phrase:
        """Marshmallow fills its messages through this; the sentence stays translatable."""
        return Phrase(self.msgid, {**self.values, **values})

    def in_language(self, language: str) -> str:
        values = {name: in_language(value, language) for name, value in self.values.items()}
        return _filled(catalogue(language).gettext(self.msgid), values)

    def __getnewargs__(self) -> tuple[str, dict[str, Any]]:  # type: ignore[override]
        return (self.msgid, self.values)


@dataclass(frozen=True)
class Label:
    """A term of the field, which has a name of its own in each language."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return self.en


def say(msgid: str, /, **values: Any) -> Phrase:
    """A sentence for a reader, with {named} values; extracted into the catalogues by this call's name."""
    return Phrase(msgid, values)


def money(amount: Decimal, currency: str | None = "CNY") -> Label:
    """80 万元, 2.5 亿元, 1.4 万欧元 for Chinese readers; CNY 800,000, EUR 14,000 for others."""
    amount, currency = Decimal(amount), currency or "CNY"
    unit = "元" if currency == "CNY" else get_currency_name(currency, locale="zh")
    size, word = next(((size, word) for size, word in _LARGE if abs(amount) >= size), (1, ""))
    zh = f"{format_decimal(amount / size, '#,##0.####' if word else '#,##0.##', locale='zh')} {word}{unit}"
    pattern = "¤¤ #,##0" if amount == amount.to_integral() else "¤¤ #,##0.00"
    return Label(zh, format_currency(amount, currency, pattern, locale="en", currency_digits=False))


def day_of(day: date) -> Label:
    """A day of the calendar as each reader writes it: 2026年11月4日, 4 Nov 2026."""
    return Label(f"{day.year}年{day.month}月{day.day}日", format_date(day, "d MMM yyyy", locale="en"))


def in_language(value: Any, language: str) -> Any:
    """`value` as this reader reads it; anything that has no languages is returned as it is."""
    speak = getattr(value, "in_language", None)
    return speak(language) if speak else value


@cache
def catalogue(language: str) -> Translations:
    """Every room's catalogue of a language in one; English, the language of the sentences, is empty."""
    merged = Translations()
    for path in sorted((TRANSLATIONS / language).glob("*.po")):
        with path.open("rb") as file:
            read = _compiled(read_po(file, locale=language))
        merged.merge(read)
        merged.plural = read.plural  # which merge leaves behind
    return merged


def _compiled(read: Catalog) -> Translations:
    buffer = BytesIO()
    write_mo(buffer, read)
    buffer.seek(0)
    return Translations(buffer)


def _filled(text: str, values: dict[str, Any]) -> str:
    return text.format_map(_Values(values)) if values else text


class _Values(dict[str, Any]):
    """Marshmallow fills some sentences in two steps: what is missing in the first stays for the second."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"

"""Which language a reader gets, and how words, dates, numbers and money look in it.

The address (?lang=en) decides and is remembered; then the choice made before; then the person's account;
then the browser's preference; then Chinese.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent
from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, Domain

from marketplace import clock, phrases, regions
from marketplace.phrases import say
from marketplace.web.guard import actor

LOCALES = {"zh": "zh_Hans_CN", "en": "en"}


class Catalogues(Domain):
    """Flask-Babel's view of the catalogues that marketplace.phrases reads."""

    def get_translations(self) -> Any:
        return phrases.catalogue(current())


def current() -> str:
    """`zh` or `en`, for this request; Chinese outside one."""
    if not has_request_context():
        return phrases.DEFAULT
    if "language" not in g:
        g.language = _chosen()
    return str(g.language)


def words(value: Any) -> Any:
    """A Phrase, Label, organisation … as this reader reads it; other values pass through."""
    return phrases.in_language(value, current())


def _chosen() -> str:
    asked = request.args.get("lang")
    if asked in phrases.LANGUAGES:
        session["language"] = asked
        return asked
    if session.get("language") in phrases.LANGUAGES:
        return str(session["language"])
    person = _person()
    if person is not None and person.language in phrases.LANGUAGES:
        return str(person.language)
    # Werkzeug's best_match would prefer a plain `zh` to a better liked `en-US`.
    wishes = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((wish for wish in wishes if wish in phrases.LANGUAGES), phrases.DEFAULT)


def _person() -> Any:
    from marketplace.errors import Unauthorised

    try:
        return actor()
    except Unauthorised:  # its refusal has to be worded in some language
        return None


def locale() -> str:
    return LOCALES[current()]


def day(value: date | datetime | None) -> str:
    """2026年11月23日 / 23 Nov 2026."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(clock.PLACE).date()
    return format_date(value, "yyyy年M月d日" if current() == "zh" else "d MMM yyyy", locale=locale())


def moment(value: datetime | None) -> str:
    """Relative within a week, then the day."""
    if value is None:
        return ""
    distance = value - clock.now()
    if abs(distance) < timedelta(minutes=1):
        return str(words(say("just now")))
    if abs(distance) < timedelta(days=7):
        units = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))
        unit = next(unit for unit in units if abs(distance) >= unit)
        whole = unit * int(distance / unit)  # towards now: six days and twenty hours are not a week
        return str(format_timedelta(whole, threshold=1, add_direction=True, locale=locale()))
    return day(value)


def exact(value: datetime | None) -> str:
    """Day and time of day, for titles and histories."""
    if value is None:
        return ""
    here = value.astimezone(clock.PLACE)
    if current() == "zh":
        return format_datetime(here, "yyyy年M月d日 HH:mm", locale=locale())
    return f"{day(value)}, {format_time(here, 'HH:mm', locale='en')}"


def number(value: float | Decimal | None, places: int = 0) -> str:
    if value is None:
        return ""
    return str(format_decimal(value, "#,##0." + "#" * (places or 3), locale=locale()))


def percent(value: float | None) -> str:
    return "" if value is None else str(format_percent(value, "0.#%", locale=locale()))


def money(value: Decimal | None, currency: str | None = "CNY") -> str:
    """An amount as this reader writes it (phrases.money); nothing for none."""
    return "" if value is None else str(words(phrases.money(value, currency)))


def filesize(value: int) -> str:
    """389 字节 / 389 bytes, 2.4 kB, 11.9 MB."""
    if value < 1000:
        return f"{value} 字节" if current() == "zh" else f"{value} bytes"
    return f"{value / 1000:.1f} kB" if value < 1_000_000 else f"{value / 1_000_000:.1f} MB"


def region(code: str | None) -> str:
    return regions.name(code, current())


def install(app: Flask) -> None:
    babel = Babel(app, locale_selector=locale, timezone_selector=lambda: "Asia/Shanghai")
    babel.domain_instance = Catalogues()  # the option `default_domain` takes a name only
    app.jinja_env.filters.update(
        words=words, day=day, moment=moment, exact=exact, number=number, percent=percent, money=money, region=region,
        filesizeformat=filesize,
    )
    app.context_processor(lambda: {"language": current(), "actor": _person()})

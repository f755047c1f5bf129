"""Working days, by the calendar the operator has chosen: China's by default, with the weekends that are worked in
exchange for long holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from threading import Lock

import holidays

from marketplace import clock

DEFAULT = "CN"
WEEKENDS_ONLY = "none"
HOUR = 9
"""When the working day begins, where the marketplace is: nobody is reminded of anything before."""
_ONE = timedelta(days=1)
_looking = Lock()
"""The library looks a year up when it is first asked about it; two threads must not do so at once."""


class UnknownCalendar(Exception):
    """The library knows no country of this code."""


def calendar(code: str) -> holidays.HolidayBase:
    """The holidays of a country (ISO 3166, two letters), or `none`: weekends alone are free."""
    if code.lower() == WEEKENDS_ONLY:
        return holidays.HolidayBase()
    try:
        return holidays.country_holidays(code.upper())
    except NotImplementedError:
        raise UnknownCalendar(code) from None


_bound: list[holidays.HolidayBase] = [calendar(DEFAULT)]


def bind(code: str) -> None:
    """Count by this calendar from now on; called by the composition root."""
    _bound[:] = [calendar(code)]


def knows(year: int) -> bool:
    """Are the year's worked weekends known, where the calendar has any? They are announced shortly before it."""
    with _looking:
        calendar = _bound[0]
        for each in (year - 1, year):
            calendar.get(date(each, 1, 1))
        worked = {day.year for day in calendar.weekend_workdays}
    return year in worked or year - 1 not in worked


def is_working(day: date) -> bool:
    with _looking:
        return bool(_bound[0].is_working_day(day))


def after(day: date, count: int) -> date:
    """The `count`-th working day after this day; the day itself for 0."""
    while count > 0:
        day += _ONE
        count -= is_working(day)
    return day


def first_from(day: date) -> date:
    """This day if it is a working day, else the next that is."""
    while not is_working(day):
        day += _ONE
    return day


def hour_from(moment: datetime) -> datetime:
    """The moment itself on a working day after its beginning, else the next beginning of one: when to write."""
    day = moment.astimezone(clock.PLACE).date()
    return max(moment, beginning(first_from(day))) if is_working(day) else beginning(first_from(day))


def beginning(day: date) -> datetime:
    """When people begin to work on this day."""
    return datetime.combine(day, time(HOUR), clock.PLACE).astimezone(UTC)

"""What people searched for, for operators: what they did not find, what they opened, which words find nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Subquery, case, func, select

from marketplace import audit, clock
from marketplace.db import session
from marketplace.errors import require
from marketplace.finding.models import SearchClick, SearchMade, SearchWeek
from marketplace.finding.permissions import Reader, can_see_record
from marketplace.finding.record import monday

PERIODS = (4, 12, 26, 52)
"""Weeks; of what is older than half a year there are sums only."""
SHOWN = 50
_TEXTS = 20_000
_WORDS = 30


@dataclass(frozen=True)
class Week:
    day: date
    """Its Monday."""
    searches: int = 0
    missed: int = 0
    followed: int = 0
    clicks: int = 0
    positions: int = 0

    @property
    def mean_position(self) -> float | None:
        return self.positions / self.clicks if self.clicks else None


@dataclass(frozen=True)
class Text:
    """One text, however often it was searched for."""

    text: str
    times: int
    missed: int
    nothing: int
    """Of those that missed: how often nothing at all was found."""
    followed: int
    clicks: int
    positions: int
    last: date

    @property
    def mean_position(self) -> float | None:
        return self.positions / self.clicks if self.clicks else None


@dataclass(frozen=True)
class Word:
    """A word that was left out whenever it was searched for."""

    text: str
    times: int


@dataclass(frozen=True)
class Searched:
    weeks: list[Week]
    missed: list[Text]
    most: list[Text]
    words: list[Word]

    @property
    def total(self) -> Week:
        """All weeks in one."""
        first = self.weeks[0].day if self.weeks else clock.today()
        return Week(first, *(
            sum(getattr(week, name) for week in self.weeks)
            for name in ("searches", "missed", "followed", "clicks", "positions")
        ))


def searched(actor: Reader, weeks: int) -> Searched:
    require(can_see_record(actor))
    since = monday(clock.today()) - timedelta(weeks=weeks - 1)
    in_period = _is_counted(since)
    return Searched(
        _weeks(since), list(_texts(in_period, SearchMade.missed.is_(True), limit=SHOWN)),
        list(_texts(in_period, limit=SHOWN)), _never_found(in_period),
    )


def every_text(actor: Reader, weeks: int) -> Iterator[Text]:
    """For a spreadsheet: all of them, the most frequent first."""
    require(can_see_record(actor))
    audit.record(actor.id if actor else None, "searches.exported", "searches", 1, weeks=weeks)
    return _texts(_is_counted(monday(clock.today()) - timedelta(weeks=weeks - 1)), limit=_TEXTS)


def _is_counted(since: date) -> ColumnElement[bool]:
    """What may still turn out to have been typing is counted a few minutes later."""
    settled: ColumnElement[bool] = SearchMade.at.is_(None) & SearchMade.degraded.is_(False)
    return settled & (SearchMade.day >= since)


def _clicks() -> Subquery:
    many = func.count().label("many")
    grouped = select(SearchClick.search_key, many, func.sum(SearchClick.position).label("positions"))
    return grouped.group_by(SearchClick.search_key).subquery()


def _sums(clicks: Subquery) -> Sequence[Any]:
    return (
        func.count().label("times"), _how_many(SearchMade.missed).label("missed"),
        _how_many(SearchMade.missed & (SearchMade.total == 0)).label("in_vain"),
        func.count(clicks.c.many).label("followed"), func.coalesce(func.sum(clicks.c.many), 0).label("clicks"),
        func.coalesce(func.sum(clicks.c.positions), 0).label("positions"),
    )


def _how_many(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _weeks(since: date) -> list[Week]:
    """Every week of the period, also those in which nobody searched."""
    sums: dict[date, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    kept = select(SearchWeek).where(SearchWeek.week >= since)
    for row in session.scalars(kept):
        _add(sums[row.week], row.searches, row.missed, row.followed, row.clicks, row.positions)
    clicks = _clicks()
    days = select(SearchMade.day, *_sums(clicks)).outerjoin(clicks, clicks.c.search_key == SearchMade.key)
    for day in session.execute(days.where(_is_counted(since)).group_by(SearchMade.day)):
        _add(sums[monday(day.day)], day.times, day.missed, day.followed, day.clicks, day.positions)
    last = monday(clock.today())
    return [Week(day, *sums[day]) for day in _mondays(since, last)]


def _add(sums: list[int], *values: int) -> None:
    for at, value in enumerate(values):
        sums[at] += int(value or 0)


def _mondays(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(weeks=1)


def _texts(*conditions: ColumnElement[bool], limit: int) -> Iterator[Text]:
    clicks = _clicks()
    times = func.count()
    grouped = (
        select(SearchMade.text, *_sums(clicks), func.max(SearchMade.day).label("last_day"))
        .outerjoin(clicks, clicks.c.search_key == SearchMade.key)
        .where(*conditions).group_by(SearchMade.text).order_by(times.desc(), SearchMade.text).limit(limit)
    )
    for row in session.execute(grouped):
        yield Text(row.text, row.times, row.missed, row.in_vain, row.followed, int(row.clicks), int(row.positions),
                   row.last_day)


def _never_found(in_period: ColumnElement[bool]) -> list[Word]:
    """The words left out most, without those that some search with them found something by."""
    left_out: dict[str, int] = defaultdict(int)
    dropping = select(SearchMade.dropped).where(in_period, SearchMade.missed, SearchMade.total > 0)
    for words in session.scalars(dropping.limit(_TEXTS)):
        for word in set(words):
            left_out[word] += 1
    if not left_out:
        return []
    found = select(SearchMade.text).where(in_period, SearchMade.missed.is_(False)).distinct().limit(_TEXTS)
    told = list(session.scalars(found))
    ranked = sorted(left_out.items(), key=lambda one: (-one[1], one[0]))
    never = (Word(word, times) for word, times in ranked if not any(_has(text, word) for text in told))
    return [word for word, _ in zip(never, range(_WORDS), strict=False)]


def _has(text: str, word: str) -> bool:
    """Chinese words stand without spaces; a Latin one must stand alone."""
    return word in text.split() if word.isascii() else word in text

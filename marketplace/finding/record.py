"""The record of what was searched for and what was opened; never by whom.

Searching must not wait for a writer, of which SQLite has one: each process collects what happens in its memory and
writes it every few seconds, from a thread of its own. A process that is killed takes a few seconds of the record along.
"""

from __future__ import annotations

import atexit
import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from marketplace import clock
from marketplace.db import dialect, session, transaction
from marketplace.finding.models import SearchClick, SearchMade, SearchWeek
from marketplace.listings.models import Listing
from search import text as search_text

log = logging.getLogger(__name__)
KEPT = timedelta(days=180)
LONGEST = 200
"""Characters of a text that are kept: enough for a question, too few for a document."""
PAUSE = 3.0
"""Seconds that what has happened may wait in memory."""
_MOST = 1_000
"""Facts a process holds while the database takes none; further ones are lost."""
TYPING = timedelta(seconds=15)
"""Longer words within this time are the same person typing on."""
NARROWING = timedelta(minutes=5)
"""The same words with filters within this time are the same search narrowed."""
_PORTION = 5_000

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_DIGITS = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,}")
_TOO_MANY, _IN_A_ROW = 10, re.compile(r"\d{7}")
HIDDEN = "…"


@dataclass(frozen=True)
class Clicked:
    key: str
    ref: str
    position: int
    day: date


class Memory:
    """What this process has not written yet."""

    def __init__(self) -> None:
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._searches: list[dict[str, Any]] = []
        self._clicks: list[Clicked] = []
        self._timer: threading.Timer | None = None
        self._at_exit = False

    def add(self, fact: dict[str, Any] | Clicked) -> None:
        """It is written within seconds, or earlier by `write`."""
        with self._lock:
            if len(self._searches) + len(self._clicks) >= _MOST:
                return
            if isinstance(fact, Clicked):
                self._clicks.append(fact)
            else:
                self._searches.append(fact)
            self._write_soon()

    def _write_soon(self) -> None:
        if not self._at_exit:
            atexit.register(self._write_quietly)
            self._at_exit = True
        if self._timer is None:
            self._timer = threading.Timer(PAUSE, self._write_quietly)
            self._timer.daemon = True
            self._timer.start()

    def write(self) -> None:
        with self._writing:
            with self._lock:
                searches, clicks = self._searches, self._clicks
                self._searches, self._clicks, self._timer = [], [], None
            if searches or clicks:
                try:
                    keep(searches, clicks)
                except Exception:
                    with self._lock:
                        self._searches, self._clicks = searches + self._searches, clicks + self._clicks
                    raise

    def _write_quietly(self) -> None:
        try:
            self.write()
        except Exception as error:
            log.warning("the record of searches waits for the database: %s", type(error).__name__)
        finally:
            session.remove()


memory = Memory()


def search_made(
    key: str, text: str, *, language: str, total: int, dropped: Sequence[str] = (), filtered: bool = False,
    degraded: bool = False, typing: bool = False,
) -> dict[str, Any]:
    """The fact to be remembered."""
    return {
        "key": key, "day": clock.today(), "at": clock.now(), "text": harmless(text), "language": language,
        "total": total, "dropped": [harmless(word) for word in dropped], "filtered": filtered, "degraded": degraded,
        "missed": not degraded and (total == 0 or bool(dropped)), "typing": typing,
    }


def harmless(text: str) -> str:
    """The text as search compares it, without what could be somebody's: addresses and long numbers."""
    folded = " ".join(search_text.fold(text[: 4 * LONGEST]).split())
    return _DIGITS.sub(_hidden, _ADDRESS.sub(HIDDEN, folded))[:LONGEST]


def tidy() -> None:
    """The timer's turn: part searches from typing, and forget what is old."""
    settle()
    forget()


def settle() -> None:
    """Drop what was only on the way to another search, unless something was opened from it, and forget the minute at
    which the others were made. Two people whose words happen to continue one another within seconds count as one."""
    until = clock.now() - NARROWING - TYPING
    columns = SearchMade.id, SearchMade.key, SearchMade.at, SearchMade.text, SearchMade.filtered, SearchMade.typing
    made = session.execute(
        select(*columns, SearchMade.language).where(SearchMade.at.is_not(None)).order_by(SearchMade.at).limit(_PORTION)
    ).all()
    due = [row for row in made if row.at is not None and row.at <= until]
    if not due:
        return
    opened = set(session.scalars(select(SearchClick.search_key).where(
        SearchClick.search_key.in_([row.key for row in due])
    )))
    passing = [row.id for at, row in enumerate(due) if row.key not in opened and _goes_on(row, made[at + 1:])]
    unmarked = {"synchronize_session": False}
    with transaction():
        session.execute(delete(SearchMade).where(SearchMade.id.in_(passing)).execution_options(**unmarked))
        rest = update(SearchMade).where(SearchMade.id.in_([row.id for row in due]))
        session.execute(rest.values(at=None).execution_options(**unmarked))


def forget() -> None:
    """After half a year only the sums of each week remain."""
    before = clock.today() - KEPT
    old = session.execute(
        select(SearchMade.day, SearchMade.missed, SearchMade.key).where(SearchMade.day < before).limit(_PORTION)
    ).all()
    if not old:
        return
    keys = [row.key for row in old]
    with transaction():
        clicks: dict[str, tuple[int, int]] = {}
        counted = select(SearchClick.search_key, func.count(), func.sum(SearchClick.position))
        for row in session.execute(counted.where(SearchClick.search_key.in_(keys)).group_by(SearchClick.search_key)):
            clicks[row[0]] = (row[1], int(row[2]))
        for one in old:
            many, positions = clicks.get(one.key, (0, 0))
            _add_to_week(monday(one.day), missed=one.missed, clicks=many, positions=positions)
        unmarked = {"synchronize_session": False}
        session.execute(delete(SearchMade).where(SearchMade.key.in_(keys)).execution_options(**unmarked))
        session.execute(delete(SearchClick).where(
            SearchClick.search_key.in_(keys) | (SearchClick.day < before - timedelta(days=1))
        ).execution_options(**unmarked))


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _hidden(match: re.Match[str]) -> str:
    many = sum(character.isdigit() for character in match[0])
    return HIDDEN if many >= _TOO_MANY or _IN_A_ROW.search(match[0]) else match[0]


def _goes_on(row: Any, later: Sequence[Any]) -> bool:
    for other in later:
        apart: timedelta = other.at - row.at
        if apart > NARROWING:
            return False
        if other.language != row.language:
            continue
        if other.text == row.text:
            if other.filtered or row.typing:
                return True
        elif row.typing and apart <= TYPING and (other.text.startswith(row.text) or row.text.startswith(other.text)):
            return True
    return False


def keep(searches: list[dict[str, Any]], clicks: list[Clicked]) -> None:
    """Write what happened; what cannot be found again (a listing that is gone) is left out."""
    with transaction():
        if searches:
            session.execute(insert(SearchMade), searches)
        refs = {one.ref for one in clicks}
        ids = {row[0]: row[1] for row in session.execute(select(Listing.ref, Listing.id).where(Listing.ref.in_(refs)))}
        rows = [
            {"search_key": one.key, "listing_id": ids[one.ref], "position": one.position, "day": one.day}
            for one in clicks if one.ref in ids
        ]
        if rows:  # who opens it twice, or loads it again, has opened it once
            adding: Any = postgresql.insert if dialect() == "postgresql" else sqlite.insert
            session.execute(adding(SearchClick).on_conflict_do_nothing(), rows)


def _add_to_week(week: date, *, missed: bool, clicks: int, positions: int) -> None:
    row = session.get(SearchWeek, week)
    if row is None:
        row = SearchWeek(week=week, searches=0, missed=0, followed=0, clicks=0, positions=0)
        session.add(row)
    row.searches += 1
    row.missed += missed
    row.followed += clicks > 0
    row.clicks += clicks
    row.positions += positions


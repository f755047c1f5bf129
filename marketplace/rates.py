"""How often something has happened of late, counted in the database for all processes together.

Where Flask-Limiter (web.limits) keeps its sliding windows. Each key has one row with two numbers: how often in the
present stretch of time, and how often in the one before, of which the part that still lies within counts. What is
refused is not counted: it costs no writing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from math import floor
from typing import Any

from limits.storage import SlidingWindowCounterSupport, Storage
from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from marketplace import clock
from marketplace.db import Base, dialect, session, transaction


class Count(Base):
    """How often one thing was done by one somebody. In the key stands a keyed digest: nobody reads from it who."""

    __tablename__ = "rate_counts"
    key: Mapped[str] = mapped_column(primary_key=True)
    stretch: Mapped[int]
    """Which one, counted from 1970."""
    count: Mapped[int]
    before: Mapped[int]
    """How often in the stretch before."""
    ends_at: Mapped[datetime] = mapped_column(index=True)
    """When both are past and the row says nothing any more."""


class DatabaseStorage(Storage, SlidingWindowCounterSupport):
    """`database://`: whatever the session speaks to."""

    STORAGE_SCHEME = ["database"]

    @property
    def base_exceptions(self) -> type[Exception]:
        return DBAPIError

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        if _used(self.get_sliding_window(key, expiry), expiry) + amount > limit:
            return False
        now = clock.now().timestamp()
        stretch = int(now // expiry)
        ends_at = datetime.fromtimestamp((stretch + 2) * expiry, UTC)
        row = {"key": key, "stretch": stretch, "count": amount, "before": 0, "ends_at": ends_at}
        with transaction():
            count, before = session.execute(_counting(dialect()), row).one()
        # Others may have counted since it was looked at; then it is too late, though it was counted.
        return _used((before, expiry - now % expiry, count, 0), expiry) <= limit

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        now = clock.now().timestamp()
        wanted = select(Count.stretch, Count.count, Count.before).where(Count.key == key)
        # Not through the session itself, which would first write what a view has left in it.
        stretch, count, before = session.connection().execute(wanted).one_or_none() or (0, 0, 0)
        passed = int(now // expiry) - stretch
        count, before = (count, before) if passed == 0 else (0, count) if passed == 1 else (0, 0)
        left = expiry - now % expiry
        return before, left, count, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        self.clear(key)

    def clear(self, key: str) -> None:
        with transaction():
            session.execute(delete(Count).where(Count.key == key))

    def reset(self) -> int | None:
        with transaction():
            session.execute(delete(Count))
        return None

    def check(self) -> bool:
        return session.scalar(select(func.count()).select_from(Count)) is not None

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("fixed windows are not kept here")

    def get(self, key: str) -> int:
        raise NotImplementedError("fixed windows are not kept here")

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError("fixed windows are not kept here")


def forget() -> None:
    """Throw out what says nothing any more. Run by the clock."""
    with transaction():
        session.execute(delete(Count).where(Count.ends_at < clock.now()))


def _used(window: tuple[int, float, int, float], expiry: int) -> int:
    before, left, count, _ = window
    return floor(before * left / expiry + count)


@cache
def _counting(kind: str) -> Any:
    """Counted where it is kept, so that of two at once neither is lost; what stands there then."""
    adding: Any = postgresql.insert if kind == "postgresql" else sqlite.insert
    first = adding(Count)
    same = Count.stretch == first.excluded.stretch
    again = {
        "stretch": first.excluded.stretch, "ends_at": first.excluded.ends_at,
        "count": case((same, Count.count + first.excluded.count), else_=first.excluded.count),
        "before": case((same, Count.before), (Count.stretch == first.excluded.stretch - 1, Count.count), else_=0),
    }
    return first.on_conflict_do_update(index_elements=["key"], set_=again).returning(Count.count, Count.before)

"""How often something has happened of late, counted in the database for all processes together, or in this one.

Each rate keeps two numbers: how often in the present stretch of time, and how often in the one before, of which the
part that still lies within the rate's length counts. What is refused is not counted: it costs no writing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from math import ceil
from typing import Any, Protocol

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from marketplace import clock
from marketplace.db import Base, dialect, session, transaction

MOST_KEPT = 50_000
"""Numbers in one process before the old ones are thrown out."""


@dataclass(frozen=True)
class Rate:
    most: int
    seconds: int


@dataclass(frozen=True)
class Standing:
    """Where somebody stands with one rate."""

    rate: Rate
    left: int
    wait: int
    """Seconds until it is free again; 0: it may be done now."""


class Count(Base):
    """How often one thing was done by one somebody. The key is a keyed digest: nobody reads from it who that is."""

    __tablename__ = "rate_counts"
    key: Mapped[str] = mapped_column(primary_key=True)
    stretch: Mapped[int]
    """Which one, counted from 1970."""
    count: Mapped[int]
    before: Mapped[int]
    """How often in the stretch before."""
    ends_at: Mapped[datetime] = mapped_column(index=True)
    """When both are past and the row says nothing any more."""


class Store(Protocol):
    def take(self, asked: Mapping[str, Rate]) -> list[Standing]:
        """Count once more under every key, unless one of its rates is used up; where each stands then."""


class Shared:
    """For what must hold however many processes answer: one short reading, and one writing if it may be done."""

    def take(self, asked: Mapping[str, Rate]) -> list[Standing]:
        now = clock.now().timestamp()
        wanted = select(Count.key, Count.stretch, Count.count, Count.before).where(Count.key.in_(asked))
        kept = {key: (stretch, count, before) for key, stretch, count, before in session.execute(wanted)}
        found = [standing(rate, kept.get(key), now, more=1) for key, rate in asked.items()]
        if any(one.wait for one in found):
            return found
        with transaction():
            after = {key: (stretch, count, before) for key, stretch, count, before in _one_more(asked, now)}
        return [standing(rate, after[key], now) for key, rate in asked.items()]

    def clear(self) -> None:
        with transaction():
            session.execute(delete(Count))


@dataclass(eq=False)
class Local:
    """For what many do often and need not hold exactly: each process counts for itself."""

    kept: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def take(self, asked: Mapping[str, Rate]) -> list[Standing]:
        now = clock.now().timestamp()
        with self.guard:
            found = [standing(rate, self.kept.get(key), now, more=1) for key, rate in asked.items()]
            if not any(one.wait for one in found):
                if len(self.kept) > MOST_KEPT:
                    self.kept.clear()
                for key, rate in asked.items():
                    count, before = _seen(rate, self.kept.get(key), now)
                    self.kept[key] = (int(now // rate.seconds), count + 1, before)
        return found

    def clear(self) -> None:
        with self.guard:
            self.kept.clear()


def standing(rate: Rate, kept: tuple[int, int, int] | None, now: float, *, more: int = 0) -> Standing:
    """Where it would stand with `more` than was counted."""
    count, before = _seen(rate, kept, now)
    gone = now % rate.seconds / rate.seconds
    used = before * (1 - gone) + count + more
    if used <= rate.most:
        return Standing(rate, int(rate.most - used), 0)
    room = rate.most - count - 1
    if room >= 0:  # the stretch before has to fade
        wait = (1 - room / before - gone) * rate.seconds
    else:  # this one has to end, and then to fade
        wait = (1 - gone + 1 - (rate.most - 1) / max(1, count)) * rate.seconds
    return Standing(rate, 0, max(1, ceil(wait)))


def forget() -> None:
    """Throw out what says nothing any more. Run by the clock."""
    with transaction():
        session.execute(delete(Count).where(Count.ends_at < clock.now()))


def _seen(rate: Rate, kept: tuple[int, int, int] | None, now: float) -> tuple[int, int]:
    """(how often in the present stretch, how often in the one before)."""
    stretch, count, before = kept or (0, 0, 0)
    passed = int(now // rate.seconds) - stretch
    return (count, before) if passed == 0 else (0, count) if passed == 1 else (0, 0)


def _one_more(asked: Mapping[str, Rate], now: float) -> Iterable[tuple[str, int, int, int]]:
    """Counted where it is kept, so that of two at once neither is lost; what stands there then."""
    # In one order, so that two who count the same at once do not wait for each other in a ring.
    rows = [{"key": key, "stretch": int(now // asked[key].seconds), "count": 1, "before": 0,
             "ends_at": _end(asked[key], now)} for key in sorted(asked)]
    found: Iterable[tuple[str, int, int, int]] = session.execute(_counting(dialect()), rows)
    return found


@cache
def _counting(kind: str) -> Any:
    adding: Any = postgresql.insert if kind == "postgresql" else sqlite.insert
    first = adding(Count)
    same = Count.stretch == first.excluded.stretch
    again = {
        "stretch": first.excluded.stretch, "ends_at": first.excluded.ends_at,
        "count": case((same, Count.count + 1), else_=1),
        "before": case((same, Count.before), (Count.stretch == first.excluded.stretch - 1, Count.count), else_=0),
    }
    counted = first.on_conflict_do_update(index_elements=["key"], set_=again)
    return counted.returning(Count.key, Count.stretch, Count.count, Count.before)


def _end(rate: Rate, now: float) -> datetime:
    return datetime.fromtimestamp((now // rate.seconds + 2) * rate.seconds, UTC)

"""What must happen every so often, once in all however many workers there are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from marketplace import clock, logs
from marketplace.db import Base, session, transaction

log = logging.getLogger(__name__)
AGAIN = timedelta(minutes=5)
"""A timer that failed is tried again this soon."""


class Timer(NamedTuple):
    """`run` is called every `interval`, in no transaction; it must do no harm when called once too often."""

    name: str
    interval: timedelta
    run: Callable[[], object]


class Due(Base):
    """When a timer runs next."""

    __tablename__ = "timers"
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    error: Mapped[str | None]
    """Why its last run failed."""


def run_due(timers: Sequence[Timer]) -> int:
    """Run the timers whose time has come and that no other worker has taken; return how many ran."""
    known = {row.name: row.at for row in session.execute(select(Due.name, Due.at))}
    session.rollback()
    ran = 0
    for timer in timers:
        if timer.name not in known:
            _introduce(timer.name)
        elif not _is_due(timer, known[timer.name], clock.now()):
            continue
        if _take(timer):
            _run(timer)
            ran += 1
    return ran


def _introduce(name: str) -> None:
    with transaction():
        if session.get(Due, name) is None:
            session.add(Due(name=name, at=clock.now()))


def _take(timer: Timer) -> bool:
    now = clock.now()
    with transaction():
        due = update(Due).where(Due.name == timer.name, _has_come(timer, now)).values(at=now + timer.interval)
        change = due.returning(Due.name).execution_options(synchronize_session=False)
        return session.scalar(change) is not None


def _is_due(timer: Timer, at: datetime, now: datetime) -> bool:
    return at <= now or at > now + timer.interval + clock.LEEWAY


def _has_come(timer: Timer, now: datetime) -> ColumnElement[bool]:
    """Its time, or a time further off than it can have been set from now: the clock has gone back since."""
    return or_(Due.at <= now, Due.at > now + timer.interval + clock.LEEWAY)


def _run(timer: Timer) -> None:
    error = None
    try:
        timer.run()
        session.rollback()
    except Exception as problem:
        session.rollback()
        log.exception("timer %s failed", timer.name)
        error = logs.covered(f"{type(problem).__name__}: {problem}")[:2000]
    with transaction():
        row = session.get(Due, timer.name, populate_existing=True)
        if row is not None:
            row.error = error
            if error is not None:
                row.at = min(row.at, clock.now() + AGAIN)

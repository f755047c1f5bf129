"""The one clock; tests freeze it here."""

from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PLACE = ZoneInfo("Asia/Shanghai")
LEEWAY = timedelta(minutes=1)
"""What was noted further ahead than this was noted before the clock was set back: the clocks of machines that share
the work differ by less."""
_held: ContextVar[datetime | None] = ContextVar("held", default=None)


def now() -> datetime:
    """The present, aware, in UTC."""
    return _held.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let it be `moment` within the block, in this thread only: for a history that is told after the fact,
    under the rules of its day (the demonstration)."""
    token = _held.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _held.reset(token)


def today() -> date:
    """The calendar day where the marketplace is, which is what deadlines and terms are counted in."""
    return now().astimezone(PLACE).date()


def later(day: date, months: int) -> date:
    """The same day so many calendar months later; the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

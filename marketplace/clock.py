"""The one clock; tests freeze it here."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PLACE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The calendar day where the marketplace is, which is what deadlines and terms are counted in."""
    return now().astimezone(PLACE).date()

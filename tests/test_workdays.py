"""Working days by the calendar that is set, over weekends and long holidays."""

from datetime import UTC, date, datetime

import pytest

from marketplace import clock, workdays


@pytest.fixture
def counted_by():
    """counted_by("none") -> working days are counted so until the test ends."""
    yield workdays.bind
    workdays.bind(workdays.DEFAULT)


@pytest.mark.parametrize(("start", "count", "end"), [
    ("2026-11-23", 0, "2026-11-23"),
    ("2026-11-23", 3, "2026-11-26"),
    ("2026-11-26", 3, "2026-12-01"),  # over a weekend
    ("2026-11-28", 1, "2026-11-30"),  # from a Saturday
    ("2026-09-30", 3, "2026-10-10"),  # over the National Day; the Saturday after it is worked
    ("2026-09-18", 1, "2026-09-20"),  # the Sunday before it is worked as well
    ("2026-02-13", 2, "2026-02-24"),  # the Saturday is worked, then comes the Spring Festival
])
def test_china_works_some_weekends_and_rests_for_weeks(start, count, end):
    assert workdays.after(date.fromisoformat(start), count) == date.fromisoformat(end)


@pytest.mark.parametrize(("code", "end"), [
    ("none", "2026-10-05"), ("SG", "2026-10-05"), ("DE", "2026-10-05"), ("cn", "2026-10-10"),
])
def test_another_calendar_counts_other_days(counted_by, code, end):
    counted_by(code)
    assert workdays.after(date(2026, 9, 30), 3) == date.fromisoformat(end)


def test_a_country_nobody_knows_is_refused():
    with pytest.raises(workdays.UnknownCalendar, match="XX"):
        workdays.calendar("XX")


@pytest.mark.parametrize(("moment", "then"), [
    ("2026-11-23T10:00", "2026-11-23T10:00"),
    ("2026-11-23T03:00", "2026-11-23T09:00"),
    ("2026-11-23T23:00", "2026-11-23T23:00"),
    ("2026-11-28T00:00", "2026-11-30T09:00"),
    ("2026-10-01T00:00", "2026-10-08T09:00"),
    ("2026-10-10T00:00", "2026-10-10T09:00"),
])
def test_nobody_is_written_to_before_work_begins(moment, then):
    there, expected = (datetime.fromisoformat(m).replace(tzinfo=clock.PLACE) for m in (moment, then))
    assert workdays.hour_from(there.astimezone(UTC)) == expected

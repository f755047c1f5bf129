"""The closed vocabularies of events, with their names in both languages."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from marketplace import clock
from marketplace.events.models import Attendance, Series, State, Strand
from marketplace.phrases import Label

STRANDS = {
    Strand.POLICY: Label("政策一点通", "Policy in plain words"),
    Strand.PROCUREMENT: Label("定向采购", "Directed procurement"),
    Strand.ROADSHOW: Label("路演", "Road-show"),
    Strand.FOUNDERS: Label("创始人说", "Founders talk"),
    Strand.SCIENCE_MEETS_COMPANY: Label("科企见面", "Science meets company"),
    Strand.EXPERT_FORUM: Label("专家会诊", "Expert forum"),
    Strand.BREAKFAST: Label("早餐会", "Breakfast club"),
}
STATES = {
    State.DRAFT: Label("草稿", "Draft"),
    State.OPEN: Label("报名中", "Open for registration"),
    State.CLOSED: Label("报名截止", "Registration closed"),
    State.CANCELLED: Label("已取消", "Cancelled"),
}
ATTENDANCES = {
    Attendance.REGISTERED: Label("已报名", "Registered"),
    Attendance.WAITING: Label("候补", "On the waiting list"),
    Attendance.CANCELLED: Label("已退出", "Cancelled"),
    Attendance.ATTENDED: Label("已签到", "Checked in"),
    Attendance.REQUESTED: Label("待审核", "Waits for approval"),
    Attendance.DECLINED: Label("未获通过", "Declined"),
}
_WEEKDAYS = (
    Label("周一", "Monday"), Label("周二", "Tuesday"), Label("周三", "Wednesday"), Label("周四", "Thursday"),
    Label("周五", "Friday"), Label("周六", "Saturday"), Label("周日", "Sunday"),
)


def weekday(moment: datetime) -> Label:
    """The day of the week where the marketplace is."""
    return _WEEKDAYS[moment.astimezone(clock.PLACE).weekday()]


WEEKDAYS = dict(enumerate(_WEEKDAYS))


def every(series: Series) -> Label:
    """每周五 14:00–16:30. The series has a template."""
    assert series.weekday is not None and series.starts is not None and series.minutes is not None
    starts = datetime.combine(date.min, series.starts)
    span = f"{starts:%H:%M}–{starts + timedelta(minutes=series.minutes):%H:%M}"
    name = _WEEKDAYS[series.weekday]
    return Label(f"每{name.zh} {span}", f"{name.en}s {span}")


def hours(starts: datetime, ends: datetime) -> str:
    """14:00–16:30, or 14:00 – 2026-11-25 12:00 when it goes on into another day."""
    here, there = starts.astimezone(clock.PLACE), ends.astimezone(clock.PLACE)
    if here.date() == there.date():
        return f"{here:%H:%M}–{there:%H:%M}"
    return f"{here:%H:%M} – {there:%Y-%m-%d %H:%M}"

"""The words of casework, in both languages."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from marketplace import clock
from marketplace.casework.models import MeetingState, Reach
from marketplace.phrases import Label

MEETING_STATES = {
    MeetingState.ARRANGED: Label("已约定", "Arranged"), MeetingState.HELD: Label("已举行", "Held"),
    MeetingState.CANCELLED: Label("已取消", "Cancelled"),
    MeetingState.NO_SHOW: Label("有人缺席", "Somebody did not come"),
}
MEETING_TONES = {
    MeetingState.ARRANGED: "waiting", MeetingState.HELD: "good", MeetingState.CANCELLED: "quiet",
    MeetingState.NO_SHOW: "lost",
}
REACHES = {
    Reach.SIDES: Label("双方现在可见", "Both sides, as they stand"),
    Reach.INTRODUCED: Label("对接后对方可见", "The other side after the introduction"),
    Reach.NDA: Label("双方签署保密协议后对方可见", "The other side after both signed the NDA"),
    Reach.BROKERS: Label("仅本方与技术经理人", "Only its own side and the broker"),
}
ZONES = {
    "Asia/Shanghai": Label("北京时间", "Beijing time"), "Asia/Hong_Kong": Label("香港时间", "Hong Kong time"),
    "Asia/Singapore": Label("新加坡时间", "Singapore time"), "Asia/Tokyo": Label("东京时间", "Tokyo time"),
    "Asia/Seoul": Label("首尔时间", "Seoul time"), "Asia/Dubai": Label("迪拜时间", "Dubai time"),
    "Europe/Berlin": Label("柏林时间", "Berlin time"), "Europe/London": Label("伦敦时间", "London time"),
    "America/New_York": Label("纽约时间", "New York time"),
    "America/Los_Angeles": Label("洛杉矶时间", "Los Angeles time"),
    "UTC": Label("世界协调时", "UTC"),
}
"""The zones in which a meeting can be agreed on."""
HOME = "Asia/Shanghai"
LENGTHS = {
    30: Label("30 分钟", "30 minutes"), 45: Label("45 分钟", "45 minutes"), 60: Label("1 小时", "1 hour"),
    90: Label("1.5 小时", "1½ hours"), 120: Label("2 小时", "2 hours"), 180: Label("3 小时", "3 hours"),
    240: Label("半天", "Half a day"), 480: Label("一天", "A day"),
}
_WEEKDAYS = ("一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))


def when(starts_at: datetime, ends_at: datetime, zone: str = HOME) -> Label:
    """Day and hours in the zone of the meeting, and in the marketplace's where that is another."""
    zh, en = _in_zone(starts_at, ends_at, zone)
    if starts_at.astimezone(ZoneInfo(zone)).utcoffset() != starts_at.astimezone(clock.PLACE).utcoffset():
        zh_home, en_home = _in_zone(starts_at, ends_at, HOME)
        zh, en = f"{zh}，即{zh_home}", f"{en}, that is {en_home}"
    return Label(zh, en)


def _in_zone(starts_at: datetime, ends_at: datetime, zone: str) -> tuple[str, str]:
    start, end = (moment.astimezone(ZoneInfo(zone)) for moment in (starts_at, ends_at))
    name, day = ZONES[zone], start.weekday()
    zh = f"{start.year}年{start.month}月{start.day}日周{_WEEKDAYS[0][day]} {start:%H:%M}–{end:%H:%M}（{name.zh}）"
    en = f"{_WEEKDAYS[1][day]} {start.day} {start:%b} {start.year}, {start:%H:%M}–{end:%H:%M} ({name.en})"
    return zh, en

"""What is done in the demonstration's cases between their moves: meetings, tasks, documents, notes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial
from io import BytesIO
from typing import Any

from sqlalchemy import select

from marketplace import clock, workdays
from marketplace.accounts.models import User
from marketplace.casework import filing, meetings, minutes, tasks
from marketplace.casework.models import Meeting, MeetingState, Reach, Task
from marketplace.casework.permissions import can_read
from marketplace.db import session
from marketplace.demo.timeline import Timeline
from marketplace.introductions import agreeing
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction, Owes, Side, Stage, Status

ARRANGED_AT, HELD_AT, FILED_AT, READ_AT, TICKED_AT = 15, 9, 16, 17, 18
PLACES = ("需求方会议室，现场看产线", "成果方实验室", "技术交易大厦 3 楼洽谈室")
LINK = "https://meeting.example/"
AGENDA = "1. 双方介绍与保密提醒\n2. 工况、指标与已有数据\n3. 试样或样机安排\n4. 下一步与负责人"
NOTE = "需求方预算口径偏紧，先谈试用再谈价；成果方希望年内落第一单。"
PAPERS = (
    ("技术说明与测试数据", Side.RESULT, Reach.INTRODUCED), ("工况与指标要求", Side.NEED, Reach.INTRODUCED),
    ("试样计划", Side.RESULT, Reach.SIDES),
)
QUESTION = "我是{name}，电话 13800138000。想请对方确认：样件两周内能否出第一轮数据？现场温度最高到 45 °C，有没有实测？"
PATIENCE = 12
"""Days by which tasks of the demonstration are done after their day, if at all."""
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
    b"4 0 obj<</Length 44>>stream\nBT /F 24 Tf 72 760 Td (Demonstration) Tj ET\nendstream endobj\n"
    b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


def plan(timeline: Timeline, case: Any) -> None:
    """Enter what surrounds the moves of a case (demo.cases.Case) into the timeline."""
    days = {Stage(step["to"]): int(step["days_ago"]) for step in case.row["steps"]}
    number, add, moment = case.number, timeline.add, timeline.moment
    if Stage.QUALIFIED in days and number % 3 == 0:
        add(moment(days[Stage.QUALIFIED], 19), lambda: introductions.write_message(
            case.broker, case.introduction, NOTE, "brokers"))
    introduced, met = days.get(Stage.INTRODUCED), days.get(Stage.DISCUSSING)
    if introduced is not None and met is not None and introduced - met > 1:
        held = datetime.combine(timeline.day(-met), time(HELD_AT, 30), clock.PLACE)
        add(moment(introduced, ARRANGED_AT), partial(_arrange, case, "第一次会面", held))
    if introduced is not None:
        for place, (title, side, reach) in enumerate(PAPERS[: 1 + number % 3]):
            add(moment(max(introduced - 1 - place, 0), FILED_AT), partial(_file, case, title, side, reach))
        add(moment(max(introduced - 3, 0), READ_AT), partial(_read, case))
    if Stage.NEGOTIATING in days:
        add(moment(days[Stage.NEGOTIATING], FILED_AT), partial(_draft_contract, case))
        add(moment(max(days[Stage.NEGOTIATING] - 6, 0), FILED_AT), partial(_second_draft, case))
    for stage in (Stage.NEGOTIATING, Stage.SIGNED):
        if stage in days:
            add(moment(days[stage], TICKED_AT - 1), lambda: tasks.follow([case.introduction.id]))
    if Stage.NEGOTIATING in days:
        for days_ago in range(days[Stage.NEGOTIATING], 0, -7):
            add(moment(days_ago, TICKED_AT), partial(_tick, case))
    if Stage(case.row["stage"]) is Stage.QUALIFIED and not case.row["close"]:
        add(moment(1, 20), partial(_ask, case))
    if Stage(case.row["stage"]) in (Stage.INTRODUCED, Stage.DISCUSSING, Stage.NEGOTIATING) and not case.row["close"]:
        day = workdays.first_from(timeline.day(2 + number % 8))
        coming = datetime.combine(day, time(9 + number % 7, 30), clock.PLACE)
        add(moment(1, ARRANGED_AT), partial(_arrange, case, "推进会：试样结果与下一步", coming))


def close_meeting(case: Any, who: User, **given: Any) -> bool:
    """Close the meeting that was arranged for this day with its minutes; False when there is none."""
    found = _open_meeting(case.introduction)
    if found is None or minutes.held_on(found) != given.pop("held_on"):
        return False
    minutes.close(who, found, **given)
    return True


def _ask(case: Any) -> None:
    """A question that waits for the broker, and an NDA signed on paper that waits to be checked."""
    person = case.person(Side(case.row["initiator"]))
    introductions.write_message(person, case.introduction, QUESTION.format(name=person.name))
    if not any(one.side is Side(case.row["initiator"]) for one in case.introduction.signatures):
        agreeing.send_copy(person, case.introduction, "双向保密协议（已盖章）.pdf", BytesIO(PDF))


def _arrange(case: Any, subject: str, starts_at: datetime) -> None:
    introduction: Introduction = case.introduction
    if introduction.status is not Status.ACTIVE or not introduction.is_released or starts_at <= clock.now():
        return
    online = case.number % 3 == 1
    meetings.arrange(
        case.broker, introduction, subject=subject, starts_at=starts_at, minutes_long=90, agenda=AGENDA,
        place=None if online else PLACES[case.number % len(PLACES)],
        link=f"{LINK}{introduction.ref.lower()}" if online else None,
        attendees=[case.person(side).id for side in Side], anyway=True,
    )


def _open_meeting(introduction: Introduction) -> Meeting | None:
    this = select(Meeting).where(
        Meeting.introduction_id == introduction.id, Meeting.state == MeetingState.ARRANGED,
        Meeting.starts_at <= clock.now(),
    )
    return session.scalars(this.order_by(Meeting.starts_at)).first()


def _file(case: Any, title: str, side: Side, reach: Reach) -> None:
    _if_open(case, lambda: filing.add(case.person(side), case.introduction, title, reach, f"{title}.pdf", BytesIO(PDF)))


def _draft_contract(case: Any) -> None:
    _if_open(case, lambda: filing.add(
        case.broker, case.introduction, "合同草案", Reach.INTRODUCED, "合同草案.pdf", BytesIO(PDF), "第一稿"))


def _second_draft(case: Any) -> None:
    def add() -> None:
        for shown in filing.of_case(case.broker, case.introduction):
            if shown.document.title == "合同草案":
                filing.add_version(case.broker, shown.document, "合同草案.pdf", BytesIO(PDF), "已并入双方意见")

    _if_open(case, add)


def _if_open(case: Any, act: Callable[[], object]) -> None:
    if case.introduction.is_open:
        act()


def _read(case: Any) -> None:
    """Each side opens what the other has filed, which its owner sees."""
    for side in Side:
        reader = case.person(side)
        for shown in filing.of_case(reader, case.introduction):
            if shown.document.side is side.other and can_read(reader, shown.document):
                filing.open_version(reader, case.introduction, shown.document.id, shown.versions[0].number)


def _tick(case: Any) -> None:
    """What is due by now is done, but for what people let slip in the last days."""
    due = select(Task).where(
        Task.introduction_id == case.introduction.id, Task.done_at.is_(None), Task.dropped_at.is_(None),
        Task.due_on <= clock.today() + timedelta(days=2),
    )
    for task in session.scalars(due).all():
        slips = (task.id + case.number) % 4 == 0 and clock.today() >= case.timeline.today - timedelta(days=PATIENCE)
        if case.introduction.is_open and not slips:
            owner = case.broker if task.owner in (Owes.BROKER, Owes.BOTH) else case.person(Side(task.owner))
            tasks.finish(owner, task)

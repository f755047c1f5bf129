"""What the pages show, put together for the templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.casework import filing, meetings, tasks, vocabulary
from marketplace.casework import minutes as minutes_of_meeting
from marketplace.casework.gathering import gather
from marketplace.casework.models import Meeting, MeetingState, Task
from marketplace.casework.permissions import can_change_meeting, can_do_task, can_work, is_broker, owners_for
from marketplace.introductions import vocabulary as stages
from marketplace.introductions.models import Introduction, Minutes, Owes, Side, Stage
from marketplace.introductions.permissions import can_use_desk, knows_people, member_sides
from marketplace.introductions.reading import may_reach
from marketplace.listings.vocabulary import CONTRACT_TYPES
from marketplace.phrases import Label, say


@dataclass(frozen=True)
class MeetingLine:
    meeting: Meeting
    when: Label
    has_begun: bool
    can_change: bool
    people: tuple[tuple[str | Label, Label], ...]
    """(name, for whom) of those who are invited."""
    shows_people: bool
    """May the reader know how to reach each of them? The calendar's entry tells."""


@dataclass(frozen=True)
class TaskLine:
    task: Task
    title: Any
    is_late: bool
    can_do: bool
    who: Any


def work(actor: User, introduction: Introduction) -> dict[str, Any]:
    """Everything the page of a case shows of this room."""
    gathered = gather(introduction)
    found = meetings.of_case(actor, introduction, gathered.meetings)
    lines = [meeting_line(actor, meeting) for meeting in found]
    works = can_work(actor, introduction) and introduction.is_open
    todo = [task_line(actor, task) for task in tasks.of_case(actor, introduction, gathered.tasks)]
    return {
        "gathered": gathered, "coming": [one for one in reversed(lines) if one.meeting.state is MeetingState.ARRANGED],
        "past": _past(introduction, lines), "types": CONTRACT_TYPES,
        "tasks": [one for one in todo if one.task.is_open], "done": [one for one in todo if not one.task.is_open],
        "documents": filing.of_case(actor, introduction, gathered.documents), "can_work": works,
        "can_arrange": works and bool(introduction.broker_id or is_broker(actor, introduction)),
        "can_use_template": works and is_broker(actor, introduction), "words": vocabulary,
    }


Past = tuple[date, MeetingLine | None, Minutes | None]


def _past(introduction: Introduction, lines: list[MeetingLine]) -> list[Past]:
    """(day, the meeting, its minutes), the latest first: meetings that are over, and minutes without a meeting."""
    by_id = {minutes.id: minutes for minutes in introduction.minutes}
    past: list[Past] = [
        (minutes_of_meeting.held_on(line.meeting), line, by_id.pop(line.meeting.minutes_id or 0, None))
        for line in lines if line.meeting.state is not MeetingState.ARRANGED
    ]
    past += [(said.held_on, None, said) for said in by_id.values()]
    return sorted(past, key=lambda entry: entry[0], reverse=True)


def meeting_line(actor: User, meeting: Meeting) -> MeetingLine:
    introduction = meeting.introduction
    hidden = {side for side in meeting.sides if not may_reach(actor, introduction, side)}
    people: tuple[tuple[str | Label, Label], ...] = tuple(
        (one.user.name if one.side is None or one.side not in hidden else stages.SIDES[one.side],
         stages.SIDES[one.side] if one.side is not None else Label("技术经理人", "the broker"))
        for one in meeting.attendees
    )
    return MeetingLine(
        meeting, vocabulary.when(meeting.starts_at, meeting.ends_at, meeting.zone),
        meeting.starts_at <= clock.now(), can_change_meeting(actor, meeting), people, not hidden,
    )


def task_line(actor: User, task: Task) -> TaskLine:
    introduction = task.introduction
    who: Any = stages.OWES[task.owner]
    knows = task.owner is Owes.BROKER or (
        task.owner in (Owes.NEED, Owes.RESULT) and knows_people(actor, introduction, Side(task.owner)))
    if task.person is not None and (knows or introduction.is_released):
        who = task.person.name
    late = task.is_open and task.due_on < clock.today()
    return TaskLine(task, tasks.title(task), late, can_do_task(actor, task), who)


def overdue(actor: User) -> list[TaskLine]:
    """For the desk: what is overdue in this broker's cases."""
    if actor is None or not can_use_desk(actor):
        return []
    return [task_line(actor, task) for task in tasks.overdue_of(actor)]


def meeting_form(actor: User, introduction: Introduction, meeting: Meeting | None = None) -> dict[str, Any]:
    """What the form of a meeting offers."""
    found = meetings.candidates(actor, introduction)
    there = {one.user.id for one in found}
    invited = [(one.user_id, one.user, one.side) for one in (meeting.attendees if meeting else [])
               if one.user_id not in there]
    people = [(one.user.id, one.user, one.side) for one in found] + invited
    return {
        "case": introduction, "zones": vocabulary.ZONES, "lengths": vocabulary.LENGTHS, "meeting": meeting,
        "candidates": [
            (user_id, say("{name} – {side}", name=user.name,
                          side=stages.SIDES[side] if side else Label("技术经理人", "the broker")))
            for user_id, user, side in people if user_id != actor.id
        ],
        "one_side_only": not introduction.is_released,
    }


def values_of(meeting: Meeting) -> dict[str, Any]:
    """The meeting as its form has it."""
    local = meeting.starts_at.astimezone(ZoneInfo(meeting.zone))
    names = ("subject", "minutes_long", "zone", "place", "link", "agenda", "version")
    return {
        **{name: getattr(meeting, name) for name in names}, "day": local.date().isoformat(), "hour": f"{local:%H:%M}",
        "attendees": [one.user_id for one in meeting.attendees],
    }


def new_meeting(actor: User, introduction: Introduction) -> dict[str, Any]:
    """What the form begins with: everybody who usually comes, in an hour's length."""
    sides = member_sides(actor, introduction)
    found = meetings.candidates(actor, introduction)
    people = found if introduction.is_released else [one for one in found if one.side in (None, *sides[:1])]
    return {"minutes_long": 60, "zone": vocabulary.HOME, "attendees": [one.user.id for one in people][:6]}


def minutes_form(actor: User, meeting: Meeting) -> dict[str, Any]:
    introduction = meeting.introduction
    released = len(meeting.sides) == 2
    owners = [Owes.NEED, Owes.RESULT, Owes.BOTH, Owes.BROKER] if released else [
        *(Owes(side) for side in Side if side in meeting.sides), Owes.BROKER]
    return {
        "case": introduction, "line": meeting_line(actor, meeting),
        "owners": [(owner.value, stages.OWES[owner]) for owner in owners],
        "endings": [(move.reason.value, move.label)
                    for move in minutes_of_meeting.endings(actor, meeting) if move.reason],
        "reasons": stages.REASON_CODES, "sides": [(side.value, stages.SIDES[side]) for side in Side
                                                  if side in meeting.sides],
        "asks_new_date": released and introduction.stage in (Stage.INTRODUCED, Stage.DISCUSSING),
        "moves_on": released and introduction.stage is Stage.INTRODUCED,
    }


def task_form(actor: User, introduction: Introduction, task: Task | None = None) -> dict[str, Any]:
    owners = owners_for(actor, introduction)
    if task is not None and task.owner not in owners:
        owners.append(task.owner)
    return {
        "case": introduction, "task": task, "owners": [(owner.value, stages.OWES[owner]) for owner in owners],
        "people": [
            (user.id, say("{name} – {side}", name=user.name, side=stages.OWES[of]))
            for user, of in tasks.people_for(actor, introduction, owners)
        ],
        "is_broker": is_broker(actor, introduction), "types": CONTRACT_TYPES,
        "title_is_given": task is not None and task.code is not None,
    }


def values_of_task(task: Task) -> dict[str, Any]:
    return {
        "title": tasks.title(task), "owner": task.owner.value, "person": task.person_id or "",
        "due_on": task.due_on.isoformat(), "note": task.note, "is_internal": task.is_internal, "version": task.version,
    }



"""Who owes the next step, by when, and when to remind them."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from marketplace import clock, workdays
from marketplace.introductions import conditions as c
from marketplace.introductions.models import Confirmed, Introduction, Owes, Side, Stage, Status
from marketplace.phrases import Label


class To(StrEnum):
    """Whom a reminder goes to."""

    OWES = "owes"
    BROKER = "broker"
    OPERATORS = "operators"


@dataclass(frozen=True)
class Reminder:
    """One of the reminders about a step that is overdue; each goes once, at a time when people work."""

    to: To
    days: int = 0
    working_days: int = 0
    """After the step was due."""


USUAL = (Reminder(To.OWES), Reminder(To.BROKER, working_days=3), Reminder(To.OPERATORS, working_days=10))


@dataclass(frozen=True)
class Timer:
    days: int = 0
    working_days: int = 0
    months: int = 0
    reminders: tuple[Reminder, ...] = USUAL
    expires: bool = False
    """Is it closed when it is due, rather than spoken of?"""


TIMERS: dict[Stage, Timer] = {
    Stage.SUGGESTED: Timer(days=30, reminders=(), expires=True),
    Stage.INTEREST: Timer(working_days=3, reminders=(Reminder(To.OWES), Reminder(To.OPERATORS, working_days=2))),
    Stage.QUALIFIED: Timer(working_days=5),
    Stage.INTRODUCED: Timer(days=14),
    Stage.DISCUSSING: Timer(days=14, reminders=(
        Reminder(To.OWES, days=7), Reminder(To.BROKER, days=30), Reminder(To.OPERATORS, days=45),
    )),
    Stage.NEGOTIATING: Timer(days=90),
    Stage.SIGNED: Timer(days=30),
    Stage.PERFORMING: Timer(months=6),
    Stage.IMPLEMENTED: Timer(months=12),
}
"""What stands here is what happens, and what the help page and docs/operators.md print."""
CONFIRMING = Timer(working_days=5)
"""While a contract or an outcome waits for the sides to confirm it."""
RESTARTS = frozenset({"propose", "discuss", "no_show", "wake", "reopen", "record_contract", "report_outcome"})
"""Moves that stay in a stage and still give its timer a new beginning."""


def arrange(introduction: Introduction, move: str, changed_stage: bool, at: datetime) -> None:
    """Set who owes the next step and by when. A step that is still owed by the same people keeps its date."""
    owed_by = owes(introduction)
    if owed_by is introduction.owed_by and not changed_stage and move not in RESTARTS:
        return
    introduction.owed_by, introduction.reminders = owed_by, 0
    introduction.due_at = None if owed_by is Owes.NOBODY else due(introduction, at)
    introduction.remind_at = next_reminder(introduction)


def owes(introduction: Introduction) -> Owes:
    """Who has to move next, by the records as they are."""
    if introduction.status is not Status.ACTIVE:
        return Owes.NOBODY
    stage = introduction.stage
    if stage is Stage.SUGGESTED:
        return Owes.BOTH
    if stage is Stage.QUALIFIED:
        left = c.missing(c.consented(introduction))
        return c.missing(c.signed_nda(introduction)) if left is Owes.NOBODY else left
    if stage <= Stage.NEGOTIATING and _waits_for_contract(introduction):
        return c.missing(c.confirmed(introduction, Confirmed.SIGNED))
    if stage is Stage.INTRODUCED:
        return Owes.BOTH
    if stage is Stage.DISCUSSING:
        return introduction.minutes[-1].owner if introduction.minutes else Owes.BOTH
    if stage is Stage.PERFORMING and introduction.outcomes:
        left = c.missing(c.confirmed(introduction, Confirmed.OUTCOME))
        return Owes.BROKER if left is Owes.NOBODY else left
    return Owes.BROKER


def timer_of(introduction: Introduction) -> Timer:
    return CONFIRMING if _confirming(introduction) else TIMERS[introduction.stage]


def due(introduction: Introduction, at: datetime) -> datetime:
    """When the step that begins at `at` is due. A date that people agreed on goes before the table's."""
    latest = introduction.minutes[-1] if introduction.minutes else None
    agreed_here = introduction.stage in (Stage.INTRODUCED, Stage.DISCUSSING)
    if agreed_here and latest is not None and latest.due_on is not None and not _confirming(introduction):
        return max(end_of(latest.due_on), at)
    timer = timer_of(introduction)
    if timer.working_days:
        return end_of(workdays.after(at.astimezone(clock.PLACE).date(), timer.working_days))
    return _months_after(at, timer.months) + timedelta(days=timer.days)


def reminders_of(introduction: Introduction) -> list[Reminder]:
    """Those that this step calls for: a broker who owes it is not reminded of it as the broker as well."""
    twice = introduction.owed_by is Owes.BROKER
    return [one for one in timer_of(introduction).reminders if not (twice and one.to is To.BROKER)]


def next_reminder(introduction: Introduction) -> datetime | None:
    """When to look at it next; None when all reminders about this step have gone."""
    if introduction.due_at is None:
        return None
    if timer_of(introduction).expires:
        return introduction.due_at
    left = reminders_of(introduction)[introduction.reminders:]
    return reminded_at(introduction.due_at, left[0]) if left else None


def reminded_at(due_at: datetime, reminder: Reminder) -> datetime:
    """When this reminder goes: on a working day, not before people begin to work."""
    if reminder.working_days:
        last_day = (due_at - timedelta(seconds=1)).astimezone(clock.PLACE).date()
        return workdays.beginning(workdays.after(last_day, reminder.working_days))
    return workdays.hour_from(due_at + timedelta(days=reminder.days))


def end_of(day: date) -> datetime:
    return start_of(min(day, _LAST) + timedelta(days=1))


def start_of(day: date) -> datetime:
    """The beginning of the day here; of days at the ends of time, of the nearest that has one everywhere."""
    return datetime.combine(min(max(day, _FIRST), date.max), time(), clock.PLACE).astimezone(UTC)


_FIRST, _LAST = date.min + timedelta(days=1), date.max - timedelta(days=1)


def sides_of(owed_by: Owes) -> list[Side]:
    """The sides among those who owe the next step."""
    if owed_by is Owes.BOTH:
        return list(Side)
    return [Side(owed_by)] if owed_by in (Owes.NEED, Owes.RESULT) else []


def in_words(timer: Timer) -> Label:
    """How long this allows, as the help page says it."""
    if timer.months:
        return Label(f"{timer.months} 个月", f"{timer.months} months")
    if timer.working_days:
        return Label(f"{timer.working_days} 个工作日", f"{timer.working_days} working days")
    return Label(f"{timer.days} 天", f"{timer.days} days")


def offset_in_words(reminder: Reminder) -> Label:
    if reminder.working_days:
        return Label(f"到期后 {reminder.working_days} 个工作日", f"{reminder.working_days} working days later")
    if reminder.days:
        return Label(f"到期后 {reminder.days} 天", f"{reminder.days} days later")
    return Label("到期时", "when due")


def _confirming(introduction: Introduction) -> bool:
    if introduction.stage is Stage.PERFORMING and sides_of(introduction.owed_by):
        return True
    return introduction.stage <= Stage.NEGOTIATING and _waits_for_contract(introduction)


def _months_after(at: datetime, months: int) -> datetime:
    here = at.astimezone(clock.PLACE)
    years, month = divmod(here.month - 1 + months, 12)
    year, month = here.year + years, month + 1
    return here.replace(year=year, month=month, day=min(here.day, monthrange(year, month)[1])).astimezone(UTC)


def _waits_for_contract(introduction: Introduction) -> bool:
    """Is there a contract on record that the sides still have to confirm?"""
    latest = c.contract(introduction)
    if latest is None or latest.evidence:
        return False
    return c.confirmed(introduction, Confirmed.SIGNED) != c.BOTH

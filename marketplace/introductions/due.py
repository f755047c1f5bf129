"""Who owes the next step, by when, and when to remind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import holidays

from marketplace import clock
from marketplace.introductions import conditions as c
from marketplace.introductions.models import Confirmed, Introduction, Owes, Side, Stage, Status

CHINA = holidays.country_holidays("CN")
"""With the weekends that are worked in exchange for long holidays."""


@dataclass(frozen=True)
class Timer:
    days: int = 0
    working_days: int = 0
    reminders: tuple[int, ...] = (0,)
    """Days after it was due at which somebody is told; the last of several goes to the broker for review."""


TIMERS: dict[Stage, Timer] = {
    Stage.SUGGESTED: Timer(days=30),
    Stage.INTEREST: Timer(working_days=3),
    Stage.QUALIFIED: Timer(working_days=5),
    Stage.INTRODUCED: Timer(days=14),
    Stage.DISCUSSING: Timer(days=14, reminders=(7, 30)),
    Stage.NEGOTIATING: Timer(days=90),
    Stage.SIGNED: Timer(days=30),
    Stage.PERFORMING: Timer(days=182),
    Stage.IMPLEMENTED: Timer(days=365),
}
CONFIRMING = Timer(working_days=5)
"""While a contract or an outcome waits for the sides to confirm it."""
RESTARTS = frozenset({"discuss", "no_show", "wake", "reopen", "record_contract", "report_outcome"})
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


def due(introduction: Introduction, at: datetime) -> datetime:
    """When the step that begins at `at` is due. A date that people agreed on goes before the table's."""
    latest = introduction.minutes[-1] if introduction.minutes else None
    agreed_here = introduction.stage in (Stage.INTRODUCED, Stage.DISCUSSING)
    confirming = introduction.stage <= Stage.NEGOTIATING and _waits_for_contract(introduction)
    confirming = confirming or (introduction.stage is Stage.PERFORMING and bool(sides_of(introduction.owed_by)))
    if agreed_here and latest is not None and latest.due_on is not None and not confirming:
        return max(end_of(latest.due_on), at)
    timer = CONFIRMING if confirming else TIMERS[introduction.stage]
    if timer.working_days:
        here = at.astimezone(clock.PLACE).date()
        return end_of(CHINA.get_nth_working_day(here, timer.working_days))
    return at + timedelta(days=timer.days)


def next_reminder(introduction: Introduction) -> datetime | None:
    """When to look at it next; None when all reminders about this step have gone."""
    offsets = TIMERS[introduction.stage].reminders
    if introduction.due_at is None or introduction.reminders >= len(offsets):
        return None
    return introduction.due_at + timedelta(days=offsets[introduction.reminders])


def end_of(day: date) -> datetime:
    return start_of(day + timedelta(days=1))


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), clock.PLACE).astimezone(UTC)


def sides_of(owed_by: Owes) -> list[Side]:
    """The sides among those who owe the next step."""
    if owed_by is Owes.BOTH:
        return list(Side)
    return [Side(owed_by)] if owed_by in (Owes.NEED, Owes.RESULT) else []


def _waits_for_contract(introduction: Introduction) -> bool:
    """Is there a contract on record that the sides still have to confirm?"""
    latest = c.contract(introduction)
    if latest is None or latest.evidence:
        return False
    return c.confirmed(introduction, Confirmed.SIGNED) != c.BOTH

"""Nobody is left waiting: who owes the next step of a refinement is reminded, and then the other side learns of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from marketplace import clock, workdays
from marketplace.db import session, transaction
from marketplace.phrases import Label, say
from marketplace.refining import telling
from marketplace.refining.models import OPEN_STEPS, Refinement, Turn

AFTER, AGAIN = 3, 3
"""Working days until the first reminder, and from that to the second."""


def first_reminder() -> datetime:
    return _in_working_days(AFTER)


def remind() -> int:
    """Remind of what is due; safe to run at any time and more than once. The row's version stays as it was, so that
    nobody's form grows stale by it."""
    now, done = clock.now(), 0
    due = select(Refinement).where(Refinement.remind_at <= now, Refinement.step.in_(sorted(OPEN_STEPS)))
    for refinement in session.scalars(due).all():
        with transaction():
            done += _reminded(refinement)
    return done


def _reminded(refinement: Refinement) -> bool:
    """False when another worker was here first."""
    number = refinement.reminders
    following = None if number else _in_working_days(AGAIN)
    this = (Refinement.id == refinement.id, Refinement.remind_at == refinement.remind_at)
    claimed = session.scalar(
        update(Refinement).where(*this).values(remind_at=following, reminders=number + 1).returning(Refinement.id)
        .execution_options(synchronize_session=False)
    )
    if claimed is None:
        return False
    _tell(refinement, number)
    session.expire(refinement)
    return True


def _tell(refinement: Refinement, number: int) -> None:
    values = {"title": telling.title(refinement.listing), "day": _day(refinement.changed_at)}
    once = f"refinement:{refinement.id}:{refinement.version}:reminder:{number}"
    if refinement.turn is Turn.COMPANY:
        telling.company(refinement, say("The refinement of “{title}” has waited for you since {day}.", **values), None,
                        once)
        if number:
            telling.broker(refinement, say("The company has not answered about “{title}” since {day}; a call may help.",
                                           **values), None, f"{once}:broker")
        return
    if refinement.broker_id is None:
        telling.brokers(refinement, say("“{title}” has waited for a broker to refine it since {day}.", **values), None,
                        once)
    else:
        telling.broker(refinement, say("The refinement of “{title}” has waited for you since {day}.", **values), None,
                       once)
    if number:
        telling.company(refinement, say("The refinement of “{title}” has waited for the broker since {day}. You may go "
                                        "on without it.", **values), None, f"{once}:company")


def _in_working_days(count: int) -> datetime:
    return workdays.beginning(workdays.after(clock.today(), count))


def _day(moment: datetime) -> Label:
    here = moment.astimezone(clock.PLACE)
    return Label(zh=f"{here.year}年{here.month}月{here.day}日", en=f"{here.day} {here:%b} {here.year}")

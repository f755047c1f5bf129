"""What time alone brings about in introductions: reminders, expiry, waking up; and what a withdrawn listing ends.

Whatever came due while no worker ran is done once when one runs again: each row says what was done about it last.
"""

from __future__ import annotations

import logging

from sqlalchemy import func, select

from marketplace import clock
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.introductions import entries, telling
from marketplace.introductions.due import next_reminder, reminders_of, timer_of
from marketplace.introductions.making import last_effective, make
from marketplace.introductions.models import CloseReason, Introduction, Status
from marketplace.introductions.moves import Who, rows
from marketplace.introductions.records import Making
from marketplace.messaging import service as messaging
from marketplace.phrases import say

log = logging.getLogger(__name__)
_AT_ONCE = 500


def run_timers() -> int:
    """Expire, wake up and remind whatever is due; safe to run at any time and more than once. What fails does not
    hold up the rest, and is tried again."""
    now, done = clock.now(), 0
    sleeping = select(Introduction.id).where(Introduction.status == Status.ON_HOLD, Introduction.wakes_at <= now)
    due = select(Introduction.id).where(Introduction.status == Status.ACTIVE, Introduction.remind_at <= now)
    failure: Exception | None = None
    for introduction_id in [*session.scalars(sleeping), *session.scalars(due)]:
        try:
            with transaction():
                found = _locked(introduction_id)
                done += found is not None and _on_time(found)
        except Exception as problem:
            session.rollback()
            log.exception("the timer of introduction %d failed", introduction_id)
            failure = problem
    _tell_of_brokers_who_left()
    if failure is not None:
        raise failure
    return done


def close_withdrawn(listing_ids: list[int]) -> None:
    """A listing was withdrawn: its introductions that have no contract yet are closed."""
    concerned = select(Introduction.id).where(
        Introduction.need_id.in_(listing_ids) | Introduction.result_id.in_(listing_ids),
        Introduction.status != Status.CLOSED,
    )
    for introduction_id in session.scalars(concerned).all():
        with transaction():
            found = _locked(introduction_id)
            if found is not None:
                _by_system(found, "close", CloseReason.LISTING_WITHDRAWN)


def _locked(introduction_id: int) -> Introduction | None:
    this = select(Introduction).where(Introduction.id == introduction_id).with_for_update()
    return session.scalar(this.execution_options(populate_existing=True))


def _on_time(introduction: Introduction) -> bool:
    """What the clock alone brings about; False when another worker was here first."""
    now = clock.now()
    if introduction.status is Status.ON_HOLD:
        return introduction.wakes_at is not None and introduction.wakes_at <= now and _by_system(introduction, "wake")
    if introduction.status is not Status.ACTIVE or introduction.remind_at is None or introduction.remind_at > now:
        return False
    if timer_of(introduction).expires:
        return _by_system(introduction, "close", CloseReason.EXPIRED)
    while introduction.remind_at is not None and introduction.remind_at <= now:  # several, after a long silence
        left = reminders_of(introduction)[introduction.reminders:]
        if left:
            telling.remind(introduction, left[0])
        introduction.reminders += 1
        introduction.remind_at = next_reminder(introduction)
    return True


def _by_system(introduction: Introduction, name: str, reason: CloseReason | None = None) -> bool:
    """Make the system's own move where the table has it."""
    for row in rows(name, reason):
        if Who.SYSTEM in row.who and row.leads_from(introduction.stage, introduction.status) \
                and all(condition.holds(introduction, None) for condition in row.conditions):
            at = entries.effective(None, last_effective(introduction))
            make(Making(introduction, None, None, {}, at), row, row.targets(introduction.stage)[0])
            return True
    return False


def _tell_of_brokers_who_left() -> None:
    """Cases whose broker has left have nobody: the operators hear of it, once for each who leaves."""
    assigned = select(Introduction.broker_id).where(
        Introduction.status != Status.CLOSED, Introduction.broker_id.is_not(None)
    )
    left = select(User).where(User.id.in_(assigned), User.disabled_at.is_not(None) | ~User.is_broker)
    for broker in session.scalars(left.limit(_AT_ONCE)).all():
        open_ = (Introduction.broker_id == broker.id, Introduction.status != Status.CLOSED)
        count = session.scalar(select(func.count()).select_from(Introduction).where(*open_)) or 0
        phrase = say("{broker} no longer works as a broker; open cases of theirs: {n}. Assign them to another.",
                     broker=broker.name, n=count)
        occasion = f"broker left:{broker.id}:{broker.disabled_at}"
        messaging.notify(accounts.operators(), phrase, "/desk", kind=messaging.Kind.REMINDERS, once=occasion)
        messaging.notify_broker_mailbox(phrase, "/desk", once=occasion)

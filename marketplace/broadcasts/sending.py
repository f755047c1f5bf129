"""The worker's part: writing to those a broadcast has chosen, in slices, and no faster than the operator allows.

A slice is one transaction: whoever it writes to is marked in it, so no crash and no second worker writes twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from math import ceil

from sqlalchemy import func, select, update

from marketplace import clock
from marketplace.broadcasts import answering, audience, letters, service
from marketplace.broadcasts.models import Broadcast, Recipient, State
from marketplace.broadcasts.permissions import is_open
from marketplace.db import session, transaction
from marketplace.messaging import mail, posting
from marketplace.messaging.service import leaves_by_mail
from marketplace.phrases import DEFAULT, LANGUAGES

INTERVAL = timedelta(seconds=5)
SLICE = 2.0
"""Seconds: the worker has other things to do meanwhile."""
AT_ONCE = 250
_MINUTE = timedelta(minutes=1)


def run() -> int:
    """The timer's turn: write to whose turn it is, in all broadcasts together; returns to how many."""
    stop = time.monotonic() + SLICE
    written, left = 0, _allowed()
    going = select(Broadcast.id).where(Broadcast.state == State.SENDING).order_by(Broadcast.id)
    for number in session.scalars(going).all():
        while left > 0 and time.monotonic() < stop:
            taken = write_some(number, min(left, AT_ONCE))
            if taken is None:
                break
            written, left = written + taken, left - taken
    return written


def write_some(number: int, most: int) -> int | None:
    """One slice; returns to how many was written, None when the broadcast is over."""
    with transaction():
        # Another worker that is at the same broadcast waits here.
        this = select(Broadcast).where(Broadcast.id == number).with_for_update(of=Broadcast)
        broadcast = session.scalars(this.execution_options(populate_existing=True)).one()
        if broadcast.state is not State.SENDING:
            return None
        if not is_open(broadcast.listing):
            service.end(number, State.STOPPED)
            return None
        waiting = select(Recipient.id, Recipient.user_id).where(
            Recipient.broadcast_id == number, Recipient.mailed_at.is_(None), Recipient.skipped_at.is_(None))
        turns = {user: recipient for recipient, user in session.execute(waiting.order_by(Recipient.id).limit(most))}
        if not turns:
            service.end(number, State.SENT)
            return None
        return _write(broadcast, turns)


def _write(broadcast: Broadcast, turns: dict[int, int]) -> int:
    """Mails to those of these people who still want them."""
    to_all = cache(lambda language: letters.model(broadcast, language))
    people = audience.still_wanting(broadcast, turns.keys())
    told = [
        letters.letter(one, to_all(one.language if one.language in LANGUAGES else DEFAULT),
                       answering.link(turns[one.id]))
        for one in people
    ]
    # A history that is told after the fact (the demonstration) sends nothing.
    written: Sequence[int | None] = posting.post_mails(told) if leaves_by_mail() else [None] * len(told)
    now = clock.now()
    marks = [{"id": turns[one.id], "mailed_at": now, "mail_id": mail_id}
             for one, mail_id in zip(people, written, strict=True)]
    reached = {one["id"] for one in marks}
    skipped = [{"id": one, "skipped_at": now} for one in turns.values() if one not in reached]
    for rows in (marks, skipped):
        if rows:
            session.execute(update(Recipient), rows)
    return len(marks)


def _allowed() -> int:
    """How many mails this turn may give to the post: evenly over the minute."""
    pace, now = mail.broadcasts_per_minute(), clock.now()
    lately = select(func.count()).where(Recipient.mailed_at > now - _MINUTE, Recipient.mailed_at <= now + clock.LEEWAY)
    return max(0, min(ceil(pace * INTERVAL / _MINUTE), pace - (session.scalar(lately) or 0)))

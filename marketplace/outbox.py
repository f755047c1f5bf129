"""What must happen after a commit, remembered in the same commit."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVarTuple

from sqlalchemy import Index, Select, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, aliased, mapped_column

import search
from marketplace import clock, context, errors, logs
from marketplace.db import Base, dialect, in_transaction, session, transaction

log = logging.getLogger(__name__)

Columns = TypeVarTuple("Columns")
Handler = Callable[[list[int]], None]
BATCH = 500
REQUESTS_TOLD = 5
LONGEST_WAIT = timedelta(hours=1)
LONGEST_OUTAGE_WAIT = timedelta(seconds=30)
"""A part that does not answer is asked again this often, so that an outage ends soon after it ends."""
LEASE = timedelta(minutes=5)
"""A worker that dies holds its claims for this long; a handler must finish a batch sooner."""
_QUICK_TRIES = 6
"""After so many the next is less than a minute away."""
_CLAIMING = 0x79696E71
"""The number of PostgreSQL's advisory lock under which claims are taken."""


class Entry(Base):
    """One fact that one subscriber still has to hear of."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "due_at", "id"),
        Index(None, "subscriber", "topic", "due_at", "id"),
        Index(None, "subscriber", "subject_id"),
        # A number is never given twice: deleting what we told of must not hit a later promise.
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]
    subject_id: Mapped[int]
    subscriber: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None]
    request_id: Mapped[str | None]
    """In which request it was promised, for who follows a request through the log."""


@dataclass(frozen=True)
class Batch:
    """What one worker has claimed of one subscriber's facts of one topic: (id, subject, attempts) each."""

    topic: str
    subscriber: str
    entries: tuple[tuple[int, int, int], ...]
    requests: tuple[str, ...] = ()
    """In which they were promised."""

    @property
    def ids(self) -> list[int]:
        return [entry for entry, _, _ in self.entries]

    @property
    def subjects(self) -> list[int]:
        return sorted({subject for _, subject, _ in self.entries})

    @property
    def attempts(self) -> int:
        return max(attempts for _, _, attempts in self.entries)

    def by_subject(self) -> Iterator[Batch]:
        groups: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for entry in self.entries:
            groups[entry[1]].append(entry)
        for entries in groups.values():
            yield replace(self, entries=tuple(entries))


class Beat(Base):
    """When each worker last showed that it lives."""

    __tablename__ = "worker_beats"
    worker: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


_subscribers: dict[str, dict[str, Handler]] = {}


def subscribe(table: dict[str, dict[str, Handler]]) -> None:
    """Install the table topic -> {subscriber: handler}; called once, by the composition root."""
    _subscribers.clear()
    _subscribers.update(table)


def publish(topic: str, *subject_ids: int) -> None:
    """Promise each subscriber of `topic` that it will hear about these subjects; KeyError for an unknown topic."""
    if not in_transaction():
        raise RuntimeError("publish belongs inside transaction()")
    names = _subscribers[topic]
    now = clock.now()
    session.flush()
    rows = [
        {"topic": topic, "subject_id": subject, "subscriber": name, "due_at": now, "attempts": 0,
         "request_id": context.current().request_id}
        for subject in subject_ids
        for name in names
    ]
    if rows:
        session.execute(insert(Entry), rows)


def drain(limit: int = BATCH) -> int:
    """Keep what promises are due now, at most about `limit`; return how many were tried.

    Handlers re-read the rows as they are now, so hearing twice, or late, does no harm. What handlers promise
    anew meanwhile (the next part of a long work) waits for the next call, so that a worker can look around.
    """
    tried, began = 0, clock.now()
    while tried < limit:
        batch = _claim(min(BATCH, limit - tried), began)
        if batch is None:
            break
        with _within(batch):
            _deliver(_subscribers.get(batch.topic, {}).get(batch.subscriber), batch)
        tried += len(batch.entries)
    return tried


def waiting() -> int:
    """How many promises are not kept yet."""
    return session.scalar(select(func.count()).select_from(Entry)) or 0


def failing() -> list[tuple[str, str, int, str]]:
    """What could not be told so far: (subscriber, topic, how many, one of the errors)."""
    rows = session.execute(
        select(Entry.subscriber, Entry.topic, func.count(), func.max(Entry.error))
        .where(Entry.error.is_not(None)).group_by(Entry.subscriber, Entry.topic).order_by(Entry.subscriber)
    )
    return [(subscriber, topic, count, error or "") for subscriber, topic, count, error in rows]


def release_claims() -> None:
    """Give back what a dead worker had claimed. Only for a worker that is known to be alone."""
    with transaction():
        session.execute(update(Entry).where(Entry.claimed_until.is_not(None)).values(claimed_until=None))


def take_up() -> int:
    """After the clock was set back: what would wait longer than anything waits is due now, and what somebody has in
    hand is theirs for no longer than a lease from now. Returns how many there were of both. Run by the clock."""
    now = clock.now()
    waits = or_(Entry.due_at > now + LONGEST_WAIT,
                and_(Entry.attempts <= _QUICK_TRIES, Entry.due_at > now + clock.LEEWAY))
    claimed = Entry.claimed_until > now + LEASE
    if not session.scalar(select(exists().where(waits | claimed))):
        session.rollback()
        return 0
    with transaction():
        due = update(Entry).where(waits).values(due_at=now).returning(Entry.id)
        held = update(Entry).where(claimed).values(claimed_until=now + LEASE).returning(Entry.id)
        return sum(len(session.execute(one.execution_options(**_UNSYNCHRONIZED)).all()) for one in (due, held))


def beat(worker: str) -> None:
    """Note that `worker` is alive, and forget workers not heard of for a day."""
    now = clock.now()
    with transaction():
        session.merge(Beat(worker=worker, at=now))
        session.execute(delete(Beat).where(or_(Beat.at < now - timedelta(days=1), Beat.at > now + clock.LEEWAY)))


def last_beat() -> datetime | None:
    """The latest sign of life of any worker. One from before the clock was set back says nothing of now."""
    return session.scalar(select(func.max(Beat.at)).where(Beat.at <= clock.now() + clock.LEEWAY))


def _claim(limit: int, due_by: datetime) -> Batch | None:
    """Take the longest-due batch that one subscriber can hear of in one call."""
    now = clock.now()
    first = _free(now, due_by, select(Entry.topic, Entry.subscriber)).limit(1)
    if session.execute(first).first() is None:  # looking takes no lock, so an idle worker is in nobody's way
        session.rollback()
        return None
    with transaction():
        if dialect() == "postgresql":
            # One at a time: what another worker is claiming at this moment could not be seen in the rows yet.
            session.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))
        found = session.execute(first).first()
        if found is None:
            return None
        topic, subscriber = found
        columns = select(Entry.id, Entry.subject_id, Entry.attempts, Entry.request_id)
        due = _free(now, due_by, columns).where(Entry.topic == topic, Entry.subscriber == subscriber).limit(limit)
        rows = session.execute(due.with_for_update(skip_locked=True)).all()
        batch = Batch(topic, subscriber, tuple((row.id, row.subject_id, row.attempts) for row in rows),
                      tuple(sorted({row.request_id for row in rows if row.request_id})))
        _mark(batch.ids, claimed_until=now + LEASE)
    return batch if batch.entries else None


def _free(now: datetime, due_by: datetime, columns: Select[*Columns]) -> Select[*Columns]:
    # A subject that another worker holds for the same subscriber waits: the later state must be written later.
    other = aliased(Entry)
    held = exists().where(
        other.subscriber == Entry.subscriber, other.subject_id == Entry.subject_id, other.claimed_until > now
    )
    unclaimed = Entry.claimed_until.is_(None) | (Entry.claimed_until <= now)
    return columns.where(Entry.due_at <= due_by, unclaimed, ~held).order_by(Entry.due_at, Entry.id)


@contextmanager
def _within(batch: Batch) -> Iterator[None]:
    """What follows from one request is told of, and promised on, under its number; of several, the log names some."""
    before = context.current()
    context.amend(request_id=batch.requests[0] if len(batch.requests) == 1 else None)
    began = time.monotonic()
    try:
        yield
    finally:
        several = " requests=" + ",".join(batch.requests[:REQUESTS_TOLD]) if len(batch.requests) > 1 else ""
        log.info("subscriber=%s topic=%s subjects=%d ms=%.0f%s", batch.subscriber.replace(" ", "-"), batch.topic,
                 len(batch.entries), (time.monotonic() - began) * 1000, several)
        context.amend(request_id=before.request_id)


def _deliver(handler: Handler | None, batch: Batch) -> None:
    try:
        if handler is None:
            raise LookupError(f"nobody is subscribed as {batch.subscriber} to {batch.topic}")
        handler(batch.subjects)
    except Exception as error:
        session.rollback()
        down = _is_outage(error)
        if not down and len(batch.subjects) > 1:
            # One subject the handler cannot take must not hold the others back.
            for one in batch.by_subject():
                _deliver(handler, one)
            return
        _postpone(batch, error, LONGEST_OUTAGE_WAIT if down else LONGEST_WAIT)
    else:
        session.rollback()
        with transaction():
            # Exactly the rows we read: a change that arrived while we worked has a row of its own.
            session.execute(delete(Entry).where(Entry.id.in_(batch.ids)).execution_options(**_UNSYNCHRONIZED))


def _is_outage(error: Exception) -> bool:
    """Would every other subject fail as well, now?"""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, (search.Unavailable, errors.Unavailable))


def _postpone(batch: Batch, error: Exception, longest: timedelta) -> None:
    wait = min(timedelta(seconds=2 ** min(batch.attempts, 12)), longest)
    message = logs.covered(f"{type(error).__name__}: {error}")[:2000]
    log.warning("%s could not hear of %s (%d): %s", batch.subscriber, batch.topic, len(batch.subjects), message)
    with transaction():
        _mark(batch.ids, attempts=Entry.attempts + 1, error=message, due_at=clock.now() + wait, claimed_until=None)


def _mark(ids: list[int], **values: object) -> None:
    session.execute(update(Entry).where(Entry.id.in_(ids)).values(**values).execution_options(**_UNSYNCHRONIZED))


_UNSYNCHRONIZED = {"synchronize_session": False}

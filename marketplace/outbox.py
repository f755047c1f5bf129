"""What must happen after a commit, remembered in the same commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Index, delete, exists, func, insert, select, update
from sqlalchemy.orm import Mapped, aliased, mapped_column

import search
from marketplace import clock, errors
from marketplace.db import Base, in_transaction, session, transaction

Handler = Callable[[list[int]], None]
LONGEST_WAIT = timedelta(hours=1)
LEASE = timedelta(minutes=2)
"""A worker that dies holds its claims for this long; a handler must finish a batch sooner."""


class Entry(Base):
    """One fact that one subscriber still has to hear of."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "due_at"), Index(None, "subscriber", "subject_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]
    subject_id: Mapped[int]
    subscriber: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None]


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
    """Promise each subscriber of `topic` that it will hear about these subjects. Raises KeyError for an unknown topic."""
    if not in_transaction():
        raise RuntimeError("publish belongs inside transaction()")
    names = _subscribers[topic]
    now = clock.now()
    session.flush()
    rows = [
        {"topic": topic, "subject_id": subject, "subscriber": name, "due_at": now, "attempts": 0}
        for subject in subject_ids
        for name in names
    ]
    if rows:
        session.execute(insert(Entry), rows)


def drain(limit: int = 500) -> int:
    """Keep what promises are due; return how many were tried.

    Handlers re-read the rows as they are now, so hearing twice, or late, does no harm.
    """
    batches: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in _claim(limit):
        batches[entry.topic, entry.subscriber].append(entry)
    for (topic, subscriber), entries in batches.items():
        _deliver(_subscribers.get(topic, {}).get(subscriber), entries)
    return sum(map(len, batches.values()))


def waiting() -> int:
    """How many promises are not kept yet."""
    return session.scalar(select(func.count()).select_from(Entry)) or 0


def release_claims() -> None:
    """Give back what a dead worker had claimed. Only for a worker that is known to be alone."""
    with transaction():
        session.execute(update(Entry).where(Entry.claimed_until.is_not(None)).values(claimed_until=None))


def beat(worker: str) -> None:
    """Note that `worker` is alive, and forget workers not heard of for a day."""
    now = clock.now()
    with transaction():
        session.merge(Beat(worker=worker, at=now))
        session.execute(delete(Beat).where(Beat.at < now - timedelta(days=1)))


def last_beat() -> datetime | None:
    """The latest sign of life of any worker."""
    return session.scalar(select(func.max(Beat.at)))


def _claim(limit: int) -> Sequence[Entry]:
    # A subject that another worker holds for the same subscriber waits: the later state must be written later.
    now = clock.now()
    other = aliased(Entry)
    held = exists().where(
        other.subscriber == Entry.subscriber, other.subject_id == Entry.subject_id, other.claimed_until > now
    )
    due = (
        select(Entry)
        .where(Entry.due_at <= now, (Entry.claimed_until.is_(None)) | (Entry.claimed_until <= now), ~held)
        .order_by(Entry.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if session.scalar(select(Entry.id).where(Entry.due_at <= now).limit(1)) is None:
        session.rollback()
        return []
    with transaction():
        entries = session.scalars(due).all()
        _mark([entry.id for entry in entries], claimed_until=now + LEASE)
        session.flush()
        session.expunge_all()
    return entries


def _deliver(handler: Handler | None, entries: list[Entry]) -> None:
    # Exactly the rows we read: a change that arrives while we work has a row of its own.
    ids = [entry.id for entry in entries]
    try:
        if handler is None:
            raise LookupError(f"nobody is subscribed as {entries[0].subscriber} to {entries[0].topic}")
        handler(sorted({entry.subject_id for entry in entries}))
    except Exception as error:
        session.rollback()
        down = isinstance(error, (search.Unavailable, errors.Unavailable))
        if not down and len({entry.subject_id for entry in entries}) > 1:
            # One subject the handler cannot take must not hold the others back.
            for one in _by_subject(entries):
                _deliver(handler, one)
            return
        wait = min(timedelta(seconds=2 ** min(entries[0].attempts, 12)), LONGEST_WAIT)
        message = f"{type(error).__name__}: {error}"[:2000]
        with transaction():
            _mark(ids, attempts=Entry.attempts + 1, error=message, due_at=clock.now() + wait, claimed_until=None)
    else:
        session.rollback()
        with transaction():
            for part in _parts(ids):
                session.execute(delete(Entry).where(Entry.id.in_(part)))


def _by_subject(entries: list[Entry]) -> Iterable[list[Entry]]:
    groups: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.subject_id].append(entry)
    return groups.values()


def _mark(ids: list[int], **values: object) -> None:
    for part in _parts(ids):
        session.execute(
            update(Entry).where(Entry.id.in_(part)).values(**values).execution_options(synchronize_session=False)
        )


def _parts(ids: list[int], size: int = 500) -> Iterable[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]

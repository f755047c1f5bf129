"""Which search engine is bound, and how an index is kept saying what the rows say."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from marketplace import clock, outbox
from marketplace.db import Base, session, transaction
from search import Document, Engine, Settings, Unavailable

Build = Callable[[list[int]], tuple[list[Document], list[int]]]
"""ids -> (documents to show, ids to forget), from the rows as they are now."""
Progress = Callable[[int], None]
"""Called with the number of rows of each batch."""
Synonyms = Callable[[], Sequence[Sequence[str]]]
"""The groups of words that stand for each other, from the rows as they are now."""
BATCH = 1_000
SILENCE = timedelta(minutes=1)
"""A rebuild that has shown no progress for this long is taken for dead."""

_SHOWN_EVERY = 1.0
"""Seconds."""
_TIDYING = 10
"""Batches between two looks for what a rebuild left lying about."""

_bound: list[Engine] = []


@dataclass(frozen=True)
class Findable:
    """One index: its name, settings, how documents are built and which ids there are."""

    name: str
    settings: Settings
    build: Build
    every_id: Callable[[], Iterator[int]]
    synonyms: Synonyms = tuple
    dimensions: Callable[[], int] = int
    """How many numbers the documents' vectors have now; an index made from here on keeps such ones."""
    edition: int = 1
    """Raised when documents hold other values under the same settings."""

    @property
    def shape(self) -> str:
        """Differs from the shape an index was built in when that index has to be rebuilt: after an upgrade, or under
        another engine."""
        made_of = (engine().name, engine().layout, self.edition, self.settings)
        return sha256(repr(made_of).encode()).hexdigest()[:16]


class Rebuild(Base):
    """The latest rebuild of an index: asked for, going on, or ended. The others' way of knowing."""

    __tablename__ = "index_rebuilds"
    name: Mapped[str] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    """When whoever rebuilds last showed progress; None until somebody begins."""
    done: Mapped[int] = mapped_column(default=0)
    """Rows read so far."""
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None]
    """Why it ended without a new index."""
    shape: Mapped[str | None]
    """The shape of the index that the last good rebuild made."""


def bind(engine: Engine) -> None:
    """Use this engine from now on; called by the composition root."""
    _bound[:] = [engine]


def engine() -> Engine:
    if not _bound:
        raise Unavailable("no search engine is bound")
    return _bound[0]


def keep(findable: Findable) -> outbox.Handler:
    """The handler that makes the index say what the rows say now."""

    def handler(ids: list[int]) -> None:
        going_on = session.scalar(select(Rebuild.name).where(Rebuild.name == findable.name, _going_on()))
        if going_on:  # what we wrote now would be lost in the swap
            raise Unavailable(f"the index of {findable.name} is being rebuilt")
        show, forget = findable.build(ids)
        session.rollback()  # the engine may be slow; hold no lock meanwhile
        if not engine().exists(findable.name):
            _create(findable.name, findable)
        if show:
            engine().upsert(findable.name, show)
        if forget:
            engine().delete(findable.name, forget)

    return handler


def keep_synonyms(findable: Findable) -> outbox.Handler:
    """The handler that tells the index which words stand for each other; an index not built yet learns it then."""

    def handler(_: list[int]) -> None:
        going_on = session.scalar(select(Rebuild.name).where(Rebuild.name == findable.name, _going_on()))
        if going_on:  # the new index may have got the groups of before
            raise Unavailable(f"the index of {findable.name} is being rebuilt")
        groups = findable.synonyms()
        session.rollback()
        if engine().exists(findable.name):
            engine().synonyms(findable.name, groups)

    return handler


def _create(name: str, findable: Findable) -> None:
    settings = replace(findable.settings, vector=findable.dimensions())
    session.rollback()
    engine().create(name, settings)
    groups = findable.synonyms()
    session.rollback()
    if groups:
        engine().synonyms(name, groups)


def ask_for_rebuild(name: str) -> None:
    """Ask whoever writes the index to rebuild it; one that is going on already answers the wish."""
    with transaction():
        row = session.get(Rebuild, name, with_for_update=True)
        if row is None:
            session.add(Rebuild(name=name, asked_at=clock.now()))
        elif session.scalar(select(Rebuild.name).where(Rebuild.name == name, _going_on())) is None:
            row.asked_at, row.seen_at, row.ended_at, row.error, row.done = clock.now(), None, None, None, 0


def asked_for() -> list[str]:
    """The indexes that wait for a rebuild, or whose rebuild died."""
    return list(session.scalars(select(Rebuild.name).where(Rebuild.ended_at.is_(None), ~_going_on())))


def is_outdated(findable: Findable) -> bool:
    """Is there no index of this one's shape? Raises Unavailable when the engine does not answer."""
    row = rebuild_of(findable.name)
    return not engine().exists(findable.name) or row is None or row.shape != findable.shape


def rebuild_of(name: str) -> Rebuild | None:
    """How the latest rebuild of an index stands, as the row says now."""
    return session.get(Rebuild, name, populate_existing=True)


def _going_on() -> ColumnElement[bool]:
    now = clock.now()  # progress that was seen in the future was seen before the clock went back, and proves nothing
    return and_(Rebuild.ended_at.is_(None), Rebuild.seen_at.is_not(None), Rebuild.seen_at > now - SILENCE,
                Rebuild.seen_at <= now + SILENCE)


def rebuild(findable: Findable, progress: Progress = lambda _: None) -> int:
    """Fill a new index from the rows and put it in the old one's place; return how many documents it has.

    Memory is bounded by some batches. What changes meanwhile waits in the outbox, whose handlers run after the swap.
    Raises Unavailable when another process is rebuilding the same index.
    """
    _begin(findable.name)
    error: str | None = "it was interrupted"
    gc.disable()  # rows make few cycles; looking for some at every few hundred takes a third of the reading
    try:
        count = _fill_and_swap(findable, progress)
        _note(findable.name, shape=findable.shape)
        error = None
        return count
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"[:2000]
        raise
    finally:
        gc.enable()
        session.rollback()
        _note(findable.name, ended_at=clock.now(), error=error)


def _fill_and_swap(findable: Findable, progress: Progress) -> int:
    fresh = f"{findable.name}-rebuild"
    engine().drop(fresh)
    _create(fresh, findable)
    engine().fill(fresh, _documents(findable, progress))
    count = engine().count(fresh)
    if not engine().exists(findable.name):
        engine().create(findable.name, findable.settings)
    engine().swap(findable.name, fresh)
    engine().drop(fresh)
    return count


def _documents(findable: Findable, progress: Progress) -> Iterator[list[Document]]:
    """All there is to find, batch by batch. Asking for the next one shows that the rebuild is alive; once a second is
    enough, for each showing is a commit."""
    done, shown = 0, -_SHOWN_EVERY
    for number, ids in enumerate(batches(findable.every_id()), 1):
        show, _ = findable.build(ids)
        session.rollback()
        session.expunge_all()
        yield show
        if number % _TIDYING == 0:
            gc.collect(1)
        done += len(ids)
        if (now := time.monotonic()) >= shown + _SHOWN_EVERY:
            _note(findable.name, seen_at=clock.now(), done=done)
            shown = now
        progress(len(ids))
    _note(findable.name, seen_at=clock.now(), done=done)


def _begin(name: str) -> None:
    now = clock.now()
    fresh = {"seen_at": now, "ended_at": None, "error": None, "done": 0}
    with transaction():
        change = update(Rebuild).where(Rebuild.name == name, ~_going_on()).values(**fresh)
        if session.scalar(change.returning(Rebuild.name).execution_options(synchronize_session=False)):
            return
        if session.get(Rebuild, name) is not None:
            raise Unavailable(f"another process is rebuilding the index of {name}")
        session.add(Rebuild(name=name, asked_at=now, **fresh))


def _note(name: str, **values: object) -> None:
    with transaction():
        change = update(Rebuild).where(Rebuild.name == name).values(**values)
        session.execute(change.execution_options(synchronize_session=False))


def check(findable: Findable) -> tuple[set[int], set[int]]:
    """(ids the index lacks, ids the index has and should not)."""
    expected: set[int] = set()
    for ids in batches(findable.every_id()):
        show, _ = findable.build(ids)
        expected.update(document["id"] for document in show)
        session.rollback()
        session.expunge_all()
    present = set(engine().ids(findable.name)) if engine().exists(findable.name) else set()
    return expected - present, present - expected


def batches(ids: Iterable[int], size: int = BATCH) -> Iterator[list[int]]:
    iterator = iter(ids)
    while batch := list(islice(iterator, size)):
        yield batch

"""Which search engine is bound, and how an index is kept saying what the rows say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from marketplace import outbox
from marketplace.db import session
from search import Document, Engine, Settings, Unavailable

Build = Callable[[list[int]], tuple[list[Document], list[int]]]
"""ids -> (documents to show, ids to forget), from the rows as they are now."""
BATCH = 1_000

_bound: list[Engine] = []


@dataclass(frozen=True)
class Findable:
    """One index: its name, settings, how documents are built and which ids there are."""

    name: str
    settings: Settings
    build: Build
    every_id: Callable[[], Iterator[int]]


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
        show, forget = findable.build(ids)
        session.rollback()  # the engine may be slow; hold no lock meanwhile
        if not engine().exists(findable.name):
            engine().create(findable.name, findable.settings)
        if show:
            engine().upsert(findable.name, show)
        if forget:
            engine().delete(findable.name, forget)

    return handler


def rebuild(findable: Findable, progress: Callable[[int], None] = lambda _: None) -> int:
    """Fill a new index from the rows and put it in the old one's place; return how many documents it has.

    Memory is bounded by a batch. What changed meanwhile is in the outbox, whose handlers run after the swap.
    """
    fresh = f"{findable.name}-rebuild"
    engine().drop(fresh)
    engine().create(fresh, findable.settings)
    for ids in batches(findable.every_id()):
        show, _ = findable.build(ids)
        session.rollback()
        session.expunge_all()
        engine().upsert(fresh, show)
        progress(len(ids))
    count = engine().count(fresh)
    engine().create(findable.name, findable.settings)
    engine().swap(findable.name, fresh)
    engine().drop(fresh)
    return count


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

"""The worker: keeps the outbox's promises, runs the timers, and is the one writer of the embedded index."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from marketplace import app, context, db, index, outbox, subscriptions, timers
from marketplace.config import Settings
from search import SearchError

log = logging.getLogger(__name__)
IDLE = 0.1
"""Seconds between two looks at an empty outbox: half of them are added to the time until a change is found."""
BEAT = 5.0
LOOK = 1.0
"""Seconds between two looks at what is rare: timers, and rebuilds that somebody asked for."""
LONGEST_PAUSE = 30.0
FORCED_AFTER = 1.0
"""Seconds after the first signal from which another one means it: a group of processes may get one twice."""


@dataclass
class Worker:
    name: str
    alone: bool
    """No other worker can hold claims, so what is claimed belonged to a dead one."""
    stopping: threading.Event = field(default_factory=threading.Event)
    _released: bool = False
    _looked_for_indexes: bool = False
    _next_beat: float = 0.0
    _next_look: float = 0.0

    def work(self) -> None:
        """Until stopped. A database or an engine that is away is waited for; nothing waiting is lost meanwhile."""
        failures = 0
        while not self.stopping.is_set():
            try:
                tried = self.turn()
                failures = 0
            except Exception as error:
                failures += 1
                pause = min(0.5 * 2**failures, LONGEST_PAUSE)
                log.error("worker=%s failed=%d pause=%.0fs error=%r", self.name, failures, pause, error)
                log.debug("worker=%s", self.name, exc_info=True)
                self._released = False
                _forget()
                self.stopping.wait(pause)
                continue
            if not tried:
                self.stopping.wait(IDLE)

    def turn(self) -> int:
        """One round; returns how much there was to do."""
        self._show_life()
        if self.alone and not self._released:
            subscriptions.release_claims()
            self._released = True
        if time.monotonic() >= self._next_look:
            timers.run_due(subscriptions.timers())
            self._rebuild_what_needs_it()
            self._next_look = time.monotonic() + LOOK
        started = time.monotonic()
        tried = outbox.drain()
        if tried:
            log.info("worker=%s tried=%d ms=%.0f", self.name, tried, (time.monotonic() - started) * 1000)
        db.session.remove()
        return tried

    def _rebuild_what_needs_it(self) -> None:
        """An index that is missing or of another shape than this version's, or that somebody asked to be rebuilt.
        Without an engine the other work goes on."""
        names = set(index.asked_for())
        try:
            if not self._looked_for_indexes:
                names.update(one.name for one in subscriptions.findables() if index.is_outdated(one))
                self._looked_for_indexes = True
            for findable in subscriptions.findables():
                if findable.name in names:
                    self._rebuild(findable)
        except SearchError as error:
            log.warning("worker=%s rebuild failed: %s", self.name, error)

    def _rebuild(self, findable: index.Findable) -> None:
        started = time.monotonic()
        log.info("worker=%s rebuild=%s", self.name, findable.name)
        count = index.rebuild(findable, lambda _: self._show_life())
        seconds = time.monotonic() - started
        log.info("worker=%s rebuilt=%s documents=%d seconds=%.1f", self.name, findable.name, count, seconds)

    def _show_life(self) -> None:
        if time.monotonic() >= self._next_beat:
            outbox.beat(self.name)
            self._next_beat = time.monotonic() + BEAT


def run(settings: Settings) -> None:
    """Be a worker until SIGTERM or SIGINT, which let the batch in hand be finished; a second one ends it at once."""
    stopping = threading.Event()
    _stop_when_asked(stopping)
    with _in_turn(settings, stopping) as alone:
        if stopping.is_set():
            return
        engine = app.search_engine(settings, writes=True)
        app.bind(settings, engine=engine)
        worker = Worker(f"{socket.gethostname()}:{os.getpid()}", alone, stopping)
        context.begin("worker")
        log.info("worker=%s started database=%s engine=%s", worker.name, db.dialect(), engine.name)
        worker.work()
        subscriptions.close()
        log.info("worker=%s stopped", worker.name)


def _stop_when_asked(stopping: threading.Event) -> None:
    asked: list[float] = []

    def stop(number: int, _: object) -> None:
        now = time.monotonic()
        if asked and now - asked[0] > FORCED_AFTER:
            os._exit(128 + number)  # what is in hand is not marked as done, and done again by the next worker
        asked.append(now)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


@contextmanager
def only_writer(settings: Settings) -> Iterator[bool]:
    """Hold, if it is free, the place of the one process that may write the embedded index (and, on SQLite, that
    keeps the outbox's promises). Yields whether we have it; the system frees it however its holder ends."""
    with (settings.var / "worker.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


@contextmanager
def _in_turn(settings: Settings, stopping: threading.Event) -> Iterator[bool]:
    """Wait to be the only worker where there may be one only; yields whether we are known to be alone."""
    if may_be_many(settings):
        yield False
        return
    told = False
    while True:
        with only_writer(settings) as free:
            if free or stopping.is_set():
                yield free
                return
        if not told:
            log.warning("another worker is at work; standing by until it ends")
            told = True
        stopping.wait(1.0)


def may_be_many(settings: Settings) -> bool:
    """PostgreSQL lets workers share the outbox, and a search server lets them all write."""
    return settings.meili_url is not None and not settings.database_url.startswith("sqlite")


def _forget() -> None:
    """Drop a session that may hang on to a broken connection."""
    try:
        db.session.remove()
    except Exception:
        log.debug("the session could not be closed", exc_info=True)

"""A backup of so many listings, and its restore into an empty SQLite database."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.place import place
from marketplace import backup, db, restoring
from marketplace.archive import Reader


def measure(listings: int) -> None:
    print(f"\nbackup and restore of {listings:,} listings (SQLite)")
    with place(listings, indexed=False) as here:
        database = db.connect(here.settings.database_url)
        before = _peak()
        target, fresh = here.settings.var / "backup.tar", here.settings.var / "fresh.db"
        with _timed("backup") as taken:
            made = backup.make(here.settings, database, target, _quiet)
        database.dispose()
        size, held = target.stat().st_size / 1e6, _held(here.settings.var / "yinqiao.db")
        print(f"  {made.rows:,} rows, {made.rows / taken():,.0f}/s; {size:.1f} MB of a database of {held:.1f} MB")
        reader = Reader(target)
        with _timed("check"):
            backup.verify(reader, _quiet)
        with _timed("restore") as taken:
            into = db.connect(f"sqlite:///{fresh}")
            restoring.into(into, reader, _quiet, force=False)
            into.dispose()
        print(f"  {made.rows / taken():,.0f} rows/s; peak memory grew by {_peak() - before:.0f} MB")


@contextmanager
def _timed(what: str) -> Iterator[Callable[[], float]]:
    began = time.perf_counter()
    ended: list[float] = []
    yield lambda: ended[0] - began
    ended.append(time.perf_counter())
    print(f"  {what:8} {ended[0] - began:6.1f} s")


@contextmanager
def _quiet(label: str, total: int) -> Iterator[backup.Tick]:
    yield lambda count: None


def _held(path: Path) -> float:
    return sum(one.stat().st_size for one in path.parent.glob(path.name + "*")) / 1e6


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

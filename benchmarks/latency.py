"""From the commit of a change until another process finds it, with the worker running."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.load import figures
from benchmarks.place import Place, place
from marketplace import outbox
from marketplace.app import search_engine
from marketplace.db import session, transaction
from marketplace.listings.documents import LISTINGS
from marketplace.listings.models import Listing
from search import Query

CHANGES = 60
AMONG = 2_000


@contextmanager
def worker(here: Place) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "marketplace", "worker"], env=here.environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def measure() -> None:
    print(f"\nfrom commit to searchable, {CHANGES} changes one by one among {AMONG:,} listings")
    with place(AMONG) as here, worker(here):
        reader = search_engine(here.settings)
        taken = [_change(reader, number) for number in range(CHANGES + 5)][5:]
    found = figures(taken)
    print(f"  {found} (aim: p95 at most 1000 ms: {'reached' if found.p95 <= 1000 else 'NOT reached'})")


def _change(reader: object, number: int) -> float:
    word = f"zq{number:05d}"
    with transaction():
        listing = session.get(Listing, number + 1)
        assert listing is not None
        listing.title = f"Listing {word}"
        outbox.publish("listing.changed", listing.id)
    session.rollback()
    started = time.perf_counter()
    while not reader.search(LISTINGS.name, Query(text=f'"{word}"', size=1)).total:  # type: ignore[attr-defined]
        if time.perf_counter() - started > 30:
            raise RuntimeError("the change was not found within 30 s: does the worker run?")
        time.sleep(0.002)
    return (time.perf_counter() - started) * 1000

"""Rows a second and peak memory of `yinqiao import`, and how long until all of it is searchable."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks.corpus import DATA
from benchmarks.latency import worker
from benchmarks.place import Place, place
from marketplace.app import search_engine
from marketplace.listings.documents import LISTINGS

_ENGLISH = ("language=en", "field=related_services", "region=US", "modes=licence", "price_kind=negotiable")
FILES = (
    ("results of sbir", DATA / "sbir" / "results.jsonl.gz", "result", ("summary=abstract", "external_id=id"), (
        *_ENGLISH, "subtype=technology", "trl=5",
    )),
    ("needs of sbir", DATA / "sbir" / "needs.jsonl.gz", "need", ("summary=description", "external_id=id"), (
        "language=en", "field=related_services", "region=US", "modes=development", "subtype=research",
        "budget_band=1m_to_5m",
    )),
    ("papers of csl", DATA / "csl" / "papers.jsonl", "result", ("summary=abstract",), (
        "language=zh", "field=related_services", "region=110000", "modes=development", "price_kind=negotiable",
        "subtype=technology", "trl=3",
    )),
)


def measure() -> None:
    present = [one for one in FILES if one[1].exists()]
    if not present:
        print(f"\nimport: skipped, {DATA} is not here")
        return
    print("\nimport (yinqiao import, a process of its own)")
    with place() as here:
        rows = 0
        for name, file, kind, mapping, defaults in present:
            for again in (False, True):
                taken, peak, said = _run(here, file, kind, mapping, defaults)
                if not again:
                    count = _lines(file)
                    rows += count
                    print(f"  {name}: {count:,} rows, {count / taken:,.0f} rows/s, peak {peak:,.0f} MB")
                else:
                    print(f"    a second time, {taken:.1f} s: {said}")
        _until_searchable(here)


def _run(
    here: Place, file: Path, kind: str, mapping: tuple[str, ...], defaults: tuple[str, ...]
) -> tuple[float, float, str]:
    command = [sys.executable, "-m", "marketplace", "import", str(file), "--kind", kind, "--organisation",
               "organisation-1", "--state", "draft", "--rejected", str(here.settings.var / "rejected.csv")]
    for one in mapping:
        command += ["--map", one]
    for one in defaults:
        command += ["--default", one]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=here.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    watched, peak = psutil.Process(process.pid), 0.0
    while process.poll() is None:
        try:
            peak = max(peak, watched.memory_info().rss / 1e6)
        except psutil.Error:
            break
        time.sleep(0.05)
    said = process.communicate()[0]
    if process.returncode:
        raise RuntimeError(said[-2000:])
    return time.perf_counter() - started, peak, said.strip().splitlines()[-1]


def _lines(file: Path) -> int:
    import gzip

    with (gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")) as lines:
        return sum(1 for _ in lines)


def _until_searchable(here: Place) -> None:
    from sqlalchemy import func, select

    from marketplace.db import session
    from marketplace.listings.models import Listing

    expected = session.scalar(select(func.count()).select_from(Listing)) or 0
    session.rollback()
    reader = search_engine(here.settings)
    with worker(here):
        started = time.perf_counter()
        while reader.count(LISTINGS.name) < expected and time.perf_counter() - started < 300:
            time.sleep(0.1)
        taken = time.perf_counter() - started
    print(f"  all {expected:,} searchable {taken:.1f} s after the worker started ({expected / taken:,.0f} listings/s)")

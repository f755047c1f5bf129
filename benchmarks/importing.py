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

_RESULT = (
    "field=related_services", "modes=licence", "price_kind=negotiable", "subtype=technology", "trl=5",
    "problem=See below", "advantage=See below", "indicators=See below", "trl_evidence=See below", "exclusivity=open",
    "collaboration=To discuss",
)
_NEED = (
    "field=related_services", "modes=development", "subtype=research", "outcome=See above", "targets=See above",
    "budget_band=hidden",
)
ABSTRACT = ("summary=abstract", "how_it_works=abstract")
FILES = (
    ("results of sbir", DATA / "sbir" / "results.jsonl.gz", "result", ABSTRACT, (*_RESULT, "region=US", "source=sbir")),
    ("needs of sbir", DATA / "sbir" / "needs.jsonl.gz", "need", ("summary=description", "situation=description"),
     (*_NEED, "region=US", "source=sbir")),
    ("papers of csl", DATA / "csl" / "papers.jsonl", "result", ABSTRACT, (*_RESULT, "region=110000", "source=csl")),
)


def measure() -> None:
    present = [one for one in FILES if one[1].exists()]
    if not present:
        print(f"\nimport: skipped, {DATA} is not here")
        return
    print("\nimport (yinqiao import, a process of its own)")
    with place() as here:
        for name, file, kind, mapping, defaults in present:
            for time_of in ("the first time", "again"):
                taken, peak, said = _run(here, file, kind, mapping, defaults)
                print(f"  {name}, {time_of}: {said}")
                print(f"    as a whole process {taken:.1f} s, peak {peak:,.0f} MB")
        _until_searchable(here)


def _run(
    here: Place, file: Path, kind: str, mapping: tuple[str, ...], defaults: tuple[str, ...]
) -> tuple[float, float, str]:
    command = [sys.executable, "-m", "marketplace", "import", str(file), "--kind", kind, "--organisation",
               "organisation-1", "--state", "published", "--rejected", str(here.settings.var / "rejected.csv")]
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
    summary = next(line for line in said.splitlines() if " rows in " in line)
    return time.perf_counter() - started, peak, summary


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

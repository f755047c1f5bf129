"""Ten matches of one need, beside one search, in one process."""

from __future__ import annotations

from sqlalchemy import select

from benchmarks import corpus
from benchmarks.load import figures
from benchmarks.place import place
from marketplace import app
from marketplace.db import session
from marketplace.finding import service as finding
from marketplace.finding.schemas import criteria_from
from marketplace.listings.models import Kind, Listing
from marketplace.matching import service

NEEDS = 100


def measure(listings: int) -> None:
    import time

    print(f"\nten matches of one need among {listings:,} listings")
    with place(listings) as here:
        app.bind(here.settings)
        searches, matches = [], []
        for asked in corpus.queries(200):
            criteria = criteria_from({name: [value] for name, value in asked.items()})[0]
            started = time.perf_counter()
            finding.find(None, criteria)
            searches.append((time.perf_counter() - started) * 1000)
            session.remove()
        ids = session.scalars(select(Listing.id).where(Listing.kind == Kind.NEED).limit(NEEDS + 5)).all()
        for number in ids:
            session.remove()
            need = session.get_one(Listing, number)
            started = time.perf_counter()
            service.best(None, need)
            matches.append((time.perf_counter() - started) * 1000)
    one, ten = figures(searches[20:]), figures(matches[5:])
    reached = "reached" if ten.p95 <= 5 * one.p95 else "NOT reached"
    print(f"  one search   {one}\n  ten matches  {ten}")
    print(f"  p95 of ten matches / p95 of one search: {ten.p95 / one.p95:.2f} (aim: at most 5: {reached})")

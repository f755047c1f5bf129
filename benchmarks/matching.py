"""Ten matches of one need, beside one search, in one process.

Needs and searches take turns, round after round, and of each the middle counts, so that whatever else the machine does
slows both alike.
"""

from __future__ import annotations

from functools import partial
from statistics import median

from sqlalchemy import select

from benchmarks import corpus
from benchmarks.load import Figures, figures, timed
from benchmarks.place import place
from marketplace import app
from marketplace.db import session
from marketplace.finding import service as finding
from marketplace.finding.schemas import criteria_from
from marketplace.listings.models import Kind, Listing
from marketplace.matching import service

NEEDS = 100
ROUNDS = 3
AIM = 5.0


def measure(listings: int) -> None:
    print(f"\nten matches of one need among {listings:,} listings")
    with place(listings) as here:
        app.bind(here.settings)
        one, ten = _measure()
    ratio = ten.p95 / one.p95
    print(f"  one search   {one}\n  ten matches  {ten}")
    reached = "reached" if ratio <= AIM else "NOT reached"
    print(f"  p95 of ten matches / p95 of one search: {ratio:.2f} (aim: at most {AIM:g}: {reached})")


def _measure() -> tuple[Figures, Figures]:
    needs = list(session.scalars(select(Listing.id).where(Listing.kind == Kind.NEED).limit(NEEDS)))
    asked = corpus.queries(len(needs))
    searches: list[list[float]] = [[] for _ in needs]
    matches: list[list[float]] = [[] for _ in needs]
    for round_ in range(ROUNDS + 1):  # the first only warms
        for number, (need, query) in enumerate(zip(needs, asked, strict=True)):
            search, match = timed(partial(_search, query)), timed(partial(_match, need))
            if round_:
                searches[number].append(search)
                matches[number].append(match)
    return figures([median(row) for row in searches]), figures([median(row) for row in matches])


def _search(query: dict[str, str]) -> None:
    session.remove()
    finding.find(None, criteria_from({name: [value] for name, value in query.items()})[0])


def _match(need: int) -> None:
    session.remove()
    service.best(None, session.get_one(Listing, need))

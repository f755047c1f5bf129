"""How well each open listing is met by the other side: scored by the worker, a little at a time, and kept."""

from __future__ import annotations

import time
from datetime import timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import aliased

from marketplace import clock
from marketplace.analytics.models import Fit
from marketplace.db import session, transaction
from marketplace.listings.models import OPEN_FOR_INTEREST, Listing
from marketplace.matching import service as matching
from marketplace.matching.service import Match

BUDGET = 1.0
"""Seconds of one run: an import of thousands must not hold up what else the worker does."""
STALE = timedelta(days=7)
"""Freshness and what is said of matches change a score even when neither listing does."""
LOOKED_AT = 5


def score_some() -> int:
    """Score listings that are new, have changed, have lost their best counterpart, or were scored long ago; the
    longest waiting first, until the time is up. Returns how many."""
    started, done = time.monotonic(), 0
    for number in _due():
        if time.monotonic() - started > BUDGET:
            break
        done += _score(number)
        session.expunge_all()
    return done


def _due() -> list[int]:
    there = aliased(Listing)
    open_states = sorted(OPEN_FOR_INTEREST)
    query = (
        select(Listing.id).outerjoin(Fit, Fit.listing_id == Listing.id)
        .outerjoin(there, there.id == Fit.counterpart_id)
        .where(Listing.state.in_(open_states))
        .where(or_(Fit.listing_id.is_(None), Fit.scored_at < Listing.changed_at,
                   Fit.scored_at < clock.now() - STALE, there.state.not_in(open_states)))
        .order_by(Fit.scored_at.is_not(None), Fit.scored_at, Listing.id).limit(200)
    )
    return list(session.scalars(query))


def _score(number: int) -> bool:
    listing = session.get(Listing, number)
    if listing is None:
        return False
    found = matching.best(None, listing, LOOKED_AT)
    now = clock.now()
    with transaction():
        session.execute(delete(Fit).where(Fit.listing_id == number))
        best = found[0] if found else None
        session.add(Fit(listing_id=number, best=best.score if best else 0.0,
                        counterpart_id=best.listing.id if best else None, scored_at=now))
        session.flush()
        for match in found:
            _raise(match, number)
    return True


def _raise(match: Match, number: int) -> None:
    """A score is of the pair: the counterpart may have found a better one than it had."""
    theirs = session.get(Fit, match.listing.id)
    if theirs is not None and theirs.best < match.score and theirs.scored_at >= match.listing.changed_at:
        theirs.best, theirs.counterpart_id, theirs.scored_at = match.score, number, clock.now()

"""When listings arrive: the first moment at which each could be found by everybody.

Arrivals are numbered, and each saved search remembers the number it has been compared up to. So a listing that
changes, pauses and comes back is not new again, and none is told of twice.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select

from marketplace import clock
from marketplace.db import dialect, session, transaction
from marketplace.finding.models import Arrival
from marketplace.listings.models import WORLD_VISIBLE, Listing

_NUMBERING = 0x79697272
"""The number of PostgreSQL's advisory lock that makes numbers appear in their order."""


def note(ids: list[int]) -> None:
    """To be called once the index has them."""
    found = session.scalars(
        select(Listing.id)
        .outerjoin(Arrival, Arrival.listing_id == Listing.id)
        .where(Listing.id.in_(ids), Listing.state.in_(sorted(WORLD_VISIBLE)), Arrival.number.is_(None))
        .order_by(Listing.published_at, Listing.id)
    ).all()
    if not found:
        return
    with transaction():
        if dialect() == "postgresql":
            session.execute(select(func.pg_advisory_xact_lock(_NUMBERING)))
        now = clock.now()
        session.execute(insert(Arrival), [{"listing_id": listing_id, "at": now} for listing_id in found])


def latest(before: datetime | None = None) -> int:
    """The number of the last arrival, or of the last one noted by then; 0 before the first."""
    found = select(func.max(Arrival.number))
    return session.scalar(found if before is None else found.where(Arrival.at <= before)) or 0

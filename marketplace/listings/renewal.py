"""Terms that end: a reminder thirty days before, then expiry."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select, update

from marketplace import audit, clock, outbox
from marketplace.db import session, transaction
from marketplace.listings.models import Listing, State
from marketplace.messaging import service as messaging
from marketplace.phrases import Phrase, day_of, say

REMIND_BEFORE = timedelta(days=30)
_PORTION = 200


def expire_due() -> int:
    """Move every listing whose term has ended or ends soon, and tell its authors; return how many moved."""
    today = clock.today()
    ended = select(Listing.id).where(
        Listing.state.in_([State.PUBLISHED, State.RENEWAL_DUE, State.PAUSED]), Listing.valid_until < today
    )
    ending = select(Listing.id).where(Listing.state == State.PUBLISHED, Listing.valid_until <= today + REMIND_BEFORE)
    moved = 0
    for wanted, to in ((ended, State.EXPIRED), (ending, State.RENEWAL_DUE)):
        ids = list(session.scalars(wanted.order_by(Listing.id)))
        session.rollback()
        moved += sum(_move(part, to) for part in _parts(ids))
    return moved


def _move(ids: list[int], to: State) -> int:
    """Compare and set, row by row: who renews at the same moment wins."""
    before = (State.PUBLISHED, State.RENEWAL_DUE, State.PAUSED) if to is State.EXPIRED else (State.PUBLISHED,)
    limit = clock.today() if to is State.EXPIRED else clock.today() + REMIND_BEFORE + timedelta(days=1)
    with transaction():
        change = update(Listing).where(Listing.id.in_(ids), Listing.state.in_(before), Listing.valid_until < limit)
        values = {"state": to, "version": Listing.version + 1, "changed_at": clock.now()}
        rows = session.execute(
            change.values(values).returning(Listing.id).execution_options(synchronize_session=False)
        ).scalars().all()
        for listing in session.scalars(
            select(Listing).where(Listing.id.in_(rows)).execution_options(populate_existing=True)
        ):
            audit.record(None, f"listing.{to}", "listing", listing.id)
            authors = {i for i in (listing.contact_id, listing.created_by_id) if i is not None}
            messaging.notify(authors, _message(listing, to), f"/listings/{listing.ref}",
                             kind=messaging.Kind.LISTINGS, once=f"{to}:{listing.id}:{listing.valid_until}")
        outbox.publish("listing.changed", *rows)
    return len(rows)


def _message(listing: Listing, to: State) -> Phrase:
    if to is State.EXPIRED:
        return say("“{title}” has expired. One click renews it.", title=listing.title)
    day = day_of(listing.valid_until) if listing.valid_until else ""
    return say("“{title}” expires on {day}. One click renews it.", title=listing.title, day=day)


def _parts(ids: list[int]) -> Iterable[list[int]]:
    return (ids[start : start + _PORTION] for start in range(0, len(ids), _PORTION))

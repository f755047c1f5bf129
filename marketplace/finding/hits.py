"""What is new for saved searches: arrivals compared with every search, in the worker, a little at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Select, case, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from marketplace import clock, index, logs
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.finding import arrivals, asking
from marketplace.finding.criteria import query_of
from marketplace.finding.models import Arrival, NewHit, SavedSearch
from marketplace.listings.documents import LISTINGS
from marketplace.listings.models import Listing
from marketplace.listings.permissions import organisation_token, visible_to
from marketplace.organisations.permissions import Reader, organisation_ids
from search import Between, NoneOf, Query, SearchError

log = logging.getLogger(__name__)
MOST = 500
"""New hits taken from one comparison; who asks for more than that at once reads the search page, not a list of news."""
KEPT = timedelta(days=90)
_MARGIN = timedelta(days=1)
"""The index may lag behind publication by this much and nothing is missed."""
_SEEN_EVERYWHERE = timedelta(seconds=3)
"""After this long every process finds what the worker has written."""
_AT_ONCE = 50
Since = Callable[[int], datetime | None]


@dataclass(frozen=True)
class _Compared:
    saved: SavedSearch
    was: int
    until: int
    found: list[int]


def look(seconds: float) -> int:
    """Compare arrivals with the searches that have not been yet, the longest waiting first, for about this long;
    returns how many searches were. Without an engine they wait."""
    until, stop = arrivals.latest(), time.monotonic() + seconds
    behind = select(SavedSearch).where(SavedSearch.looked_until < until)
    return _compare(behind.order_by(SavedSearch.looked_until, SavedSearch.id), until, stop)


def look_for(actor: User, seconds: float = 0.5) -> None:
    """The same for one person's searches, so that a page they open is up to date; in a process that may see the index
    as it was a second ago."""
    until, stop = arrivals.latest(clock.now() - _SEEN_EVERYWHERE), time.monotonic() + seconds
    behind = select(SavedSearch).where(SavedSearch.owner_id == actor.id, SavedSearch.looked_until < until)
    _compare(behind.order_by(SavedSearch.id), until, stop)


def new_by_search(actor: User) -> dict[int, int]:
    """Saved search -> how many new hits its owner has not looked at, of what they may see now."""
    counted = _unseen(actor, select(NewHit.saved_search_id, func.count())).group_by(NewHit.saved_search_id)
    return {row[0]: row[1] for row in session.execute(counted)}


def new_for(actor: Reader) -> int:
    """How many listings are new in any of this person's searches, for every page's head: one query, no engine."""
    if actor is None:
        return 0
    try:
        return session.scalar(_unseen(actor, select(func.count(NewHit.listing_id.distinct())))) or 0
    except SQLAlchemyError:  # the page that says the database is down shows this number too
        session.rollback()
        return 0


def forget() -> None:
    """What was found long ago is news no more."""
    with transaction():
        old = delete(NewHit).where(NewHit.found_at < clock.now() - KEPT)
        session.execute(old.execution_options(synchronize_session=False))


def _unseen(actor: User, counting: Select[*tuple[int, ...]]) -> Select[*tuple[int, ...]]:
    # Inside CASE no index can be used for what is visible, so the few hits come first (see visible_among).
    return (
        counting.select_from(NewHit)
        .join(SavedSearch, NewHit.saved_search_id == SavedSearch.id)
        .join(Listing, NewHit.listing_id == Listing.id)
        .where(SavedSearch.owner_id == actor.id, NewHit.seen_at.is_(None), case((visible_to(actor), 1), else_=0) == 1)
    )


def _compare(behind: Select[SavedSearch], until: int, stop: float) -> int:
    since = _floors(until)
    done = 0
    while time.monotonic() < stop:
        batch = list(session.scalars(behind.limit(_AT_ONCE)))
        compared = list(_until_stopped(batch, until, since, stop))
        _keep(compared)
        done += len(compared)
        if len(compared) < _AT_ONCE:
            break
    return done


def _until_stopped(batch: Iterable[SavedSearch], until: int, since: Since, stop: float) -> Iterable[_Compared]:
    for saved in batch:
        try:
            found = _arrived(saved, until, since)
        except SearchError as error:
            log.warning("saved searches wait for the engine: %s", logs.cause(error))
            return
        yield _Compared(saved, saved.looked_until, until, found)
        if time.monotonic() >= stop:
            return


def _arrived(saved: SavedSearch, until: int, since: Since) -> list[int]:
    """The ids of the arrivals after the last comparison that answer the search."""
    criteria, is_whole = asking.restored(saved.criteria)
    floor = since(saved.looked_until)
    if floor is None or not is_whole or not saved.owner.is_active:
        return []
    floor = max(floor, saved.created_at - _MARGIN)
    page = index.engine().search(LISTINGS.name, _news(saved.owner, query_of(saved.owner, criteria), floor))
    if page.dropped or not page.hits:  # what has only some of the words was not asked for
        return []
    number: ColumnElement[bool] = Arrival.number.between(saved.looked_until + 1, until)
    arrived = select(Arrival.listing_id).where(Arrival.listing_id.in_([hit.id for hit in page.hits]), number)
    return list(session.scalars(arrived))


def _news(owner: User, query: Query, floor: datetime) -> Query:
    own = tuple(organisation_token(i) for i in organisation_ids(owner))
    narrower = (Between("published_at", floor.timestamp(), None), *((NoneOf("owner", own),) if own else ()))
    return replace(
        query, filters=(*query.filters, *narrower), facets=(), highlight=(), vector=None,
        sort=("published_at", True), page=1, size=MOST,
    )


def _floors(until: int) -> Since:
    """Of the arrivals after a number: when the first of them was published. Most searches ask from the same number."""

    @cache
    def since(number: int) -> datetime | None:
        found = select(func.min(Listing.published_at)).join(Arrival, Arrival.listing_id == Listing.id)
        return session.scalar(found.where(Arrival.number.between(number + 1, until)))

    return since


def _keep(compared: list[_Compared]) -> None:
    if not compared:
        return
    now = clock.now()
    with transaction():
        for one in compared:
            mark = update(SavedSearch).where(SavedSearch.id == one.saved.id, SavedSearch.looked_until == one.was)
            moved = session.execute(
                mark.values(looked_until=one.until).returning(SavedSearch.id)
                .execution_options(synchronize_session=False)
            ).first()
            if moved is not None and one.found:  # else somebody else has compared it meanwhile
                session.execute(insert(NewHit), [
                    {"saved_search_id": one.saved.id, "listing_id": found, "found_at": now} for found in one.found
                ])
    for one in compared:
        session.expire(one.saved)

"""Mails about what is new for saved searches: one to a person, of what they may see at that moment.

Whether a listing has been told of is marked in the transaction that queues the mail, so no crash and no second worker
tells of it twice, or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadData
from sqlalchemy import ColumnElement, and_, case, literal, or_, select, update

from marketplace import clock
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import NotFound
from marketplace.finding import hits, letters
from marketplace.finding.models import Frequency, NewHit, SavedSearch
from marketplace.finding.service import rows
from marketplace.listings.models import Listing
from marketplace.listings.permissions import visible_among

COLLECTED = timedelta(minutes=5)
"""“At once” waits this long for what else arrives."""
HOUR = 8
SLICE = 0.5
"""Seconds: the worker has other things to do meanwhile."""
LIFETIME = timedelta(days=365)
"""Of a link that ends alerts."""
SHOWN = 10
"""Listings of one search in one mail; the rest is a number and a link."""
_AT_ONCE = 500
_PURPOSE = "leave alerts"


@dataclass(frozen=True)
class Leaving:
    """What a link in a mail may end: the alerts of one saved search, or all of a person's."""

    person: User
    saved: SavedSearch | None

    @property
    def is_done(self) -> bool:
        return not _told(self)


def run() -> None:
    """The timer's turn: compare what has arrived, then write to whom it is due. The rest waits for the next turn."""
    hits.look(SLICE)
    stop = time.monotonic() + SLICE
    for person in _due(clock.now()):
        tell(person)
        if time.monotonic() >= stop:
            break


def tell(person_id: int) -> None:
    """Write to one person, if there is something new for them."""
    now = clock.now()
    with transaction():
        person = session.get(User, person_id, populate_existing=True)
        claimed = _claimed(person_id, now)
        # Who cannot be written to is not written to later of what will be old by then.
        if person is None or not claimed or person.disabled_at is not None or person.confirmed_at is None:
            return
        visible = _visible(person, sorted({listing for _, listing in claimed}))
        searches = session.scalars(
            select(SavedSearch).where(SavedSearch.id.in_({saved for saved, _ in claimed})).order_by(SavedSearch.id)
        ).all()
        news = _grouped(person, searches, claimed, visible)
        if news:
            letters.write_news(person, news, leaving=link(person), leave={
                one.saved.id: link(person, one.saved) for one in news
            })


def take_up() -> None:
    """After the clock was set back: what was found, and from when on mails are wanted, is moved from the future to the
    present, so that it neither waits nor hides what is found now. Run by the clock."""
    now = clock.now()
    ahead = now + clock.LEEWAY
    since = select(SavedSearch.mails_since).where(SavedSearch.id == NewHit.saved_search_id).scalar_subquery()
    moment, before = (literal(one, NewHit.found_at.type) for one in (now, now - clock.LEEWAY))
    wanted = case((NewHit.found_at >= since, moment), else_=before)
    with transaction():
        for change in (
            update(NewHit).where(NewHit.told_at.is_(None), NewHit.found_at > ahead).values(found_at=wanted),
            update(SavedSearch).where(SavedSearch.mails_since > ahead).values(mails_since=now),
        ):
            session.execute(change.execution_options(synchronize_session=False))


def link(person: User, saved: SavedSearch | None = None) -> str:
    """The address that ends alerts: it says for whom, and can do nothing else."""
    return links.to(f"/unsubscribe/{links.signer(_PURPOSE).dumps([person.id, saved.id if saved else 0])}")


def leaving(token: str) -> Leaving:
    """NotFound when the token is forged, too old, or its search is gone."""
    try:
        person_id, saved_id = links.signer(_PURPOSE).loads(token, max_age=int(LIFETIME.total_seconds()))
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    person = session.get(User, person_id)
    saved = session.get(SavedSearch, saved_id) if saved_id else None
    if person is None or (saved_id and (saved is None or saved.owner_id != person.id)):
        raise NotFound
    return Leaving(person, saved)


def leave(what: Leaving) -> None:
    """No more mails; the searches stay, and go on counting."""
    with transaction():
        for saved in _told(what):
            saved.frequency = Frequency.NEVER


def last_time(frequency: Frequency, now: datetime) -> datetime:
    """The latest moment at which mails of this frequency were to go."""
    if frequency is Frequency.AT_ONCE:
        return now - COLLECTED
    here = now.astimezone(clock.PLACE)
    at = here.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if frequency is Frequency.WEEKLY:
        at -= timedelta(days=at.weekday())
    if at > here:
        at -= timedelta(days=7 if frequency is Frequency.WEEKLY else 1)
    return at


def _told(what: Leaving) -> Sequence[SavedSearch]:
    wanted = select(SavedSearch).where(
        SavedSearch.owner_id == what.person.id, SavedSearch.frequency != Frequency.NEVER
    )
    return session.scalars(wanted.where(SavedSearch.id == what.saved.id) if what.saved else wanted).all()


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(
        NewHit.told_at.is_(None), NewHit.found_at >= SavedSearch.mails_since,
        or_(*(
            and_(SavedSearch.frequency == frequency, NewHit.found_at <= last_time(frequency, now))
            for frequency in Frequency if frequency is not Frequency.NEVER
        )),
    )


def _due(now: datetime) -> Sequence[int]:
    """Who has something to be told."""
    joined = select(SavedSearch.owner_id).join(NewHit, NewHit.saved_search_id == SavedSearch.id)
    return session.scalars(joined.where(_is_due(now)).distinct().limit(_AT_ONCE)).all()


def _claimed(person_id: int, now: datetime) -> list[tuple[int, int]]:
    """(saved search, listing) of what is to be told now, marked as told; a listing is claimed for all of the person's
    searches, so that tomorrow's mail does not repeat it under another name."""
    own = select(SavedSearch.id).where(SavedSearch.owner_id == person_id)
    due = (
        select(SavedSearch.id).join(NewHit, NewHit.saved_search_id == SavedSearch.id)
        .where(SavedSearch.owner_id == person_id, _is_due(now))
    )
    told = select(NewHit.listing_id).where(NewHit.saved_search_id.in_(own), NewHit.told_at.is_not(None))
    since = select(SavedSearch.mails_since).where(SavedSearch.id == NewHit.saved_search_id).scalar_subquery()
    unmarked = {"synchronize_session": False}
    # One after the other for one person: a second worker waits here, and finds nothing left to claim.
    session.execute(select(User.id).where(User.id == person_id).with_for_update())
    new = session.scalars(select(NewHit.listing_id).where(
        NewHit.saved_search_id.in_(due), NewHit.told_at.is_(None), NewHit.found_at >= since,
        NewHit.listing_id.not_in(told),
    ).distinct()).all()
    claimed: list[tuple[int, int]] = []
    for at in range(0, len(new), _AT_ONCE):
        mark = update(NewHit).where(
            NewHit.saved_search_id.in_(own), NewHit.listing_id.in_(new[at:at + _AT_ONCE]), NewHit.told_at.is_(None)
        )
        marked = session.execute(
            mark.values(told_at=now).returning(NewHit.saved_search_id, NewHit.listing_id)
            .execution_options(**unmarked)
        )
        claimed += [(row[0], row[1]) for row in marked]
    repeated = update(NewHit).where(NewHit.saved_search_id.in_(due), NewHit.told_at.is_(None))
    session.execute(repeated.values(told_at=now).execution_options(**unmarked))
    return claimed


def _visible(person: User, ids: Sequence[int]) -> list[int]:
    """Those the person may see now, the newest first."""
    found: list[tuple[datetime | None, int]] = []
    for at in range(0, len(ids), _AT_ONCE):
        those = visible_among(person, ids[at:at + _AT_ONCE])
        rows_of = session.execute(select(Listing.published_at, Listing.id).where(those))
        found += [(row[0], row[1]) for row in rows_of]
    found.sort(key=lambda one: (one[0].timestamp() if one[0] else 0.0, one[1]), reverse=True)
    return [listing for _, listing in found]


def _grouped(
    person: User, searches: Sequence[SavedSearch], claimed: list[tuple[int, int]], visible: list[int]
) -> list[letters.News]:
    """Each listing once, under the first search that wants mails of it."""
    pairs = set(claimed)
    left = list(visible)
    portions: list[tuple[SavedSearch, list[int]]] = []
    for saved in sorted(searches, key=lambda one: (one.frequency is Frequency.NEVER, one.id)):
        own = [listing for listing in left if (saved.id, listing) in pairs]
        left = [listing for listing in left if (saved.id, listing) not in pairs]
        if own:
            portions.append((saved, own))
    shown = [listing for _, own in portions for listing in own[:SHOWN]]
    told = {row.id: row for row in rows(person, shown, person.language)}
    return [
        letters.News(
            saved, len(own), [told[listing] for listing in own[:SHOWN] if listing in told],
            {listing: [other.name for other in searches if other is not saved and (other.id, listing) in pairs]
             for listing in own[:SHOWN]},
        )
        for saved, own in portions
    ]

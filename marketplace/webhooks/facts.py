"""From what the marketplace has changed to what its organisations' addresses are told.

Handlers of the outbox call in here with the numbers of rows; they are called late, twice, or once for many changes,
and so look at the rows and at what has been told before. A fact goes to the organisations it belongs to (their own
listings, the cases they are a party to) and to the platform's operators. It says that something happened; its reader
asks the API for the rest, under their own rights.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Row, func, select
from sqlalchemy.orm import aliased

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.introductions.models import History, Introduction, Side, Stage
from marketplace.introductions.moves import BEGINNINGS
from marketplace.introductions.talk import KIND, VOICES
from marketplace.listings.models import WORLD_VISIBLE, Listing, ListingVersion, State, VersionState
from marketplace.messaging.models import Audience, Message, Thread
from marketplace.webhooks.models import Fact, ToldListing
from marketplace.webhooks.queueing import OLD_NEWS, Happened, tell

JUST_NOW = timedelta(days=1)
Seen = Row[int, str, State, int, int, datetime | None, datetime]
_INTEREST = BEGINNINGS[1].name


def of_listings(ids: Collection[int]) -> None:
    """Listings have changed, in whatever way: what is it to those who look at them from outside?"""
    with transaction():
        told = {row.listing_id: row for row in session.scalars(
            select(ToldListing).where(ToldListing.listing_id.in_(ids)).with_for_update()
        )}
        in_force = {row[0]: row[1] for row in session.execute(
            select(ListingVersion.listing_id, func.max(ListingVersion.number))
            .where(ListingVersion.listing_id.in_(ids), ListingVersion.state == VersionState.IN_FORCE)
            .group_by(ListingVersion.listing_id)
        )}
        found = []
        for row in session.execute(select(
            Listing.id, Listing.ref, Listing.state, Listing.version, Listing.organisation_id, Listing.published_at,
            Listing.changed_at,
        ).where(Listing.id.in_(ids)).order_by(Listing.id)):
            before, edition = told.get(row.id), in_force.get(row.id, 0)
            fact = _new(row) if before is None else _since(before, row.state in WORLD_VISIBLE, edition)
            turn = _remember(row, before, edition, fact)
            if fact is not None:
                own = frozenset([row.organisation_id])
                found.append(Happened(fact, f"listing:{row.id}:{turn}", row.ref, row.version, row.changed_at, own))
        tell(found)


def _since(before: ToldListing, shown: bool, edition: int) -> Fact | None:
    if shown != before.shown:
        return Fact.LISTING_PUBLISHED if shown else Fact.LISTING_WITHDRAWN
    return Fact.LISTING_CHANGED if shown and edition != before.edition else None


def _new(row: Seen) -> Fact | None:
    """Of a listing we have not told of: it has come out now, or stood there before we began to note."""
    recent = clock.now() - JUST_NOW
    if row.published_at is None:
        return Fact.LISTING_PUBLISHED if row.state in WORLD_VISIBLE else None
    if row.published_at > recent:
        return Fact.LISTING_PUBLISHED if row.state in WORLD_VISIBLE else Fact.LISTING_WITHDRAWN
    if row.changed_at <= recent:
        return None
    return Fact.LISTING_CHANGED if row.state in WORLD_VISIBLE else Fact.LISTING_WITHDRAWN


def _remember(row: Seen, before: ToldListing | None, edition: int, fact: Fact | None) -> int:
    """Note what is told now; returns which fact of the listing's it is."""
    shown = row.state in WORLD_VISIBLE
    if before is None:
        if shown or row.published_at is not None:
            session.add(ToldListing(listing_id=row.id, shown=shown, edition=edition, turn=1 if fact else 0))
        return 1
    if fact is not None:
        before.shown, before.edition, before.turn = shown, edition, before.turn + 1
    return before.turn


def of_introductions(ids: Collection[int]) -> None:
    """Moves were made. What the system only guesses is no news to anybody."""
    need, result = aliased(Listing), aliased(Listing)
    rows = session.execute(
        select(History.introduction_id, History.version, History.move, History.side, History.recorded_at,
               Introduction.ref, need.organisation_id.label("need"), result.organisation_id.label("result"))
        .join(Introduction, Introduction.id == History.introduction_id)
        .join(need, need.id == Introduction.need_id).join(result, result.id == Introduction.result_id)
        .where(History.introduction_id.in_(ids), History.recorded_at > clock.now() - OLD_NEWS,
               ~(History.actor_id.is_(None) & (History.to_stage == Stage.SUGGESTED)
                 & Introduction.created_by_id.is_(None)))
        .order_by(History.id)
    ).all()
    found = []
    for row in rows:
        sides = {Side.NEED: row.need, Side.RESULT: row.result}
        at = f"introduction:{row.introduction_id}:{row.version}", row.ref, row.version, row.recorded_at
        if row.move == _INTEREST and row.side is not None:
            other = frozenset([sides[row.side.other]])
            found.append(Happened(Fact.INTEREST_RECEIVED, f"{at[0]}:interest", *at[1:], other))
        found.append(Happened(Fact.INTRODUCTION_MOVED, *at, frozenset(sides.values())))
    with transaction():
        tell(found)


def of_messages(ids: Collection[int]) -> None:
    """Something was said in a case: to the sides that may read it, but for the one that said it."""
    need, result = aliased(Listing), aliased(Listing)
    rows = session.execute(
        select(Message.id, Message.side, Message.audience, Message.created_at, Introduction.ref, Introduction.version,
               need.organisation_id.label("need"), result.organisation_id.label("result"))
        .join(Thread, Thread.id == Message.thread_id)
        .join(Introduction, (Thread.subject_kind == KIND) & (Introduction.id == Thread.subject_id))
        .join(need, need.id == Introduction.need_id).join(result, result.id == Introduction.result_id)
        .where(Message.id.in_(ids)).order_by(Message.id)
    ).all()
    found = []
    for row in rows:
        sides = {Side.NEED: row.need, Side.RESULT: row.result}
        readers = frozenset(
            organisation for side, organisation in sides.items()
            if row.audience in (Audience.ALL, VOICES[side]) and row.side != VOICES[side].value
        )
        at = f"message:{row.id}", row.ref, row.version, row.created_at
        found.append(Happened(Fact.MESSAGE_RECEIVED, *at, readers))
    with transaction():
        tell(found)

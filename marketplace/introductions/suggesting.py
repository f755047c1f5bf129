"""What the system suggests: new and changed listings are matched again, and strong matches wait for brokers at stage 0.

Nobody is written to: a guess of ours is no reason for a mail. It stands on the broker's desk and on the pages of both
sides until somebody acts, or for thirty days.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import MarketplaceError
from marketplace.introductions import service
from marketplace.introductions.models import DueMatching, Introduction, Origin, Stage, Status
from marketplace.listings.models import OPEN_FOR_INTEREST, Kind, Listing
from marketplace.matching import service as matching
from marketplace.messaging.packing import packed

log = logging.getLogger(__name__)
STRONG = 65.0
"""From this score on a pair is suggested: a little above 60, from which a professional would call it fairly strong."""
CAP = 3
"""Suggestions of ours that one listing may have open at a time, lest a broad one fill every desk."""
LOOKED_AT = 10
"""Best counterparts of a listing that are looked at."""
SCORED = 20
"""Suggestions that are scored in one run."""
BUDGET = 1.5
"""Seconds of one run: an import of thousands must not hold up what else the worker does."""


def note_changed(ids: list[int]) -> None:
    """Remember which of these listings have to be matched again; what is not open for interest is not."""
    with transaction():
        session.execute(
            update(Introduction).where(or_(Introduction.need_id.in_(ids), Introduction.result_id.in_(ids)), *_GUESSES)
            .values(match_score=None, match_reasons=None).execution_options(synchronize_session=False)
        )
        waiting = select(DueMatching.listing_id).where(DueMatching.listing_id.in_(ids))
        due = select(Listing.id).where(Listing.id.in_(ids), _open(), Listing.id.not_in(waiting))
        now = clock.now()
        session.add_all(DueMatching(listing_id=number, asked_at=now) for number in session.scalars(due))


def suggest_due() -> int:
    """Match what waits, the longest waiting first, until the time is up; return how many listings were matched.

    A listing leaves the queue after its suggestions are made: if we die in between it is matched once more, and what
    is suggested already is not suggested again.
    """
    started, done = time.monotonic(), 0
    _score_some()
    while time.monotonic() - started < BUDGET:
        number = session.scalar(select(DueMatching.listing_id).order_by(DueMatching.asked_at, DueMatching.listing_id))
        if number is None:
            break
        suggest_for(number)
        with transaction():
            session.execute(delete(DueMatching).where(DueMatching.listing_id == number))
        session.expunge_all()
        done += 1
    return done


def suggest_for(number: int) -> list[Introduction]:
    """The strongest counterparts of this listing, as far as the cap of both allows."""
    listing = session.scalar(select(Listing).where(Listing.id == number, _open()))
    room = CAP - _standing([number]).get(number, 0) if listing is not None else 0
    if listing is None or room <= 0:
        return []
    strong = [match for match in matching.best(None, listing, LOOKED_AT) if match.score >= STRONG]
    standing = _standing([match.listing.id for match in strong])
    made: list[Introduction] = []
    for match in strong:
        there = match.listing
        if len(made) < room and standing.get(there.id, 0) < CAP and not _was_tried(listing, there):
            made += _suggested(listing, there)
    return made


def _score_some() -> None:
    """Note how well the suggested pairs fit that nobody has scored since they were suggested or changed."""
    unscored = select(Introduction).where(*_GUESSES, Introduction.match_score.is_(None)).order_by(Introduction.id)
    for guess in session.scalars(unscored.limit(SCORED)).all():
        match = matching.match_of(None, guess.need, guess.result)
        told = [reason for reason in match.reasons if reason.weight > 0]
        with transaction():
            guess.match_score = match.score
            guess.match_reasons = [
                list(packed({"0": reason.label, "1": reason.here, "2": reason.there}).values()) for reason in told
            ]


def _suggested(one: Listing, other: Listing) -> list[Introduction]:
    need, result = (one, other) if one.kind is Kind.NEED else (other, one)
    try:
        return [service.suggest(None, need, result, Origin.MATCH)]
    except MarketplaceError as refusal:  # it was closed, excluded or suggested by somebody a moment ago
        log.info("%s x %s is not suggested: %s", need.ref, result.ref, refusal)
        return []


_GUESSES = (Introduction.stage == Stage.SUGGESTED, Introduction.status == Status.ACTIVE)


def _open() -> ColumnElement[bool]:
    return Listing.state.in_(sorted(OPEN_FOR_INTEREST))


def _standing(ids: Sequence[int]) -> dict[int, int]:
    """Listing -> how many suggestions of ours it has open."""
    ours = (
        Introduction.created_by_id.is_(None), Introduction.stage == Stage.SUGGESTED,
        Introduction.status == Status.ACTIVE,
    )
    found: dict[int, int] = {}
    for column in (Introduction.need_id, Introduction.result_id):
        counts = select(column, func.count()).where(column.in_(ids), *ours).group_by(column)
        for number, count in session.execute(counts):
            found[number] = count
    return found


def _was_tried(one: Listing, other: Listing) -> bool:
    """Open or closed: only a broker suggests a pair twice."""
    pair = {one.id, other.id}
    tried = select(Introduction.id).where(Introduction.need_id.in_(pair), Introduction.result_id.in_(pair))
    return session.scalar(tried.limit(1)) is not None

"""What one person has to rate and what came of it, over all events: a fixed number of queries however many."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased, joinedload

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.events.models import HAS_PLACE, RUNS, Edition, Registration
from marketplace.ratings import service, talks
from marketplace.ratings.models import Mutual, Rating


@dataclass(frozen=True)
class Evening:
    """One event as its guest's list shows it."""

    edition: Edition
    asks_again: bool
    """Half a year on it is asked what became of the talks, no longer how they were."""
    open: int
    """Talks without an answer."""
    given: int
    mutual: int
    """Talks of which both see a cooperation."""


@dataclass(frozen=True)
class Agreement:
    """Somebody with whom both see a cooperation."""

    mutual: Mutual
    other: Registration
    stands: bool
    """Both still say so."""
    words: str | None
    """What the other wrote, as long as it stands."""


def evenings(actor: User, *, page: int = 1, size: int = 10) -> tuple[list[Evening], int]:
    """(one page of the events at which this person had a place and that have begun, the latest first; how many)."""
    mine = select(Registration).join(Registration.edition).where(
        Registration.user_id == actor.id, Registration.state.in_(sorted(HAS_PLACE)), Edition.state.in_(sorted(RUNS)),
        Edition.starts_at <= clock.now())
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    rows = session.scalars(mine.options(joinedload(Registration.edition)).order_by(
        Edition.starts_at.desc(), Registration.id.desc()).limit(size).offset((page - 1) * size)).all()
    held, agreed = talks.of_editions([one.edition for one in rows]), _agreements_at([one.id for one in rows])
    said: dict[int, list[Rating]] = {one.id: [] for one in rows}
    for rating in session.scalars(select(Rating).where(Rating.by_id.in_(said))):
        said[rating.by_id].append(rating)
    found = []
    for one in rows:
        theirs = {talk.other_of(one.id) for talk in held[one.edition_id] if one.id in (talk.one_id, talk.other_id)}
        given = {rating.about_id: rating for rating in said[one.id] if rating.about_id in theirs}
        again = {number: rating for number, rating in given.items() if service.is_asked_again(rating, one.edition)}
        left = sum(rating.later is None for rating in again.values()) if again else len(theirs) - len(given)
        found.append(Evening(one.edition, bool(again), left, len(given), agreed.get(one.id, 0)))
    return found, total


def agreements(actor: User, *, page: int = 1, size: int = 20) -> tuple[list[Agreement], int]:
    """(one page of those with whom this person and they both see a cooperation, the latest first; how many)."""
    mine = aliased(Registration)
    theirs = select(Mutual, mine.id).join(mine, or_(Mutual.one_id == mine.id, Mutual.other_id == mine.id)).where(
        mine.user_id == actor.id)
    total = session.scalar(select(func.count()).select_from(theirs.subquery())) or 0
    rows = session.execute(theirs.options(
        joinedload(Mutual.edition), joinedload(Mutual.one), joinedload(Mutual.other)
    ).order_by(Mutual.at.desc(), Mutual.id.desc()).limit(size).offset((page - 1) * size)).unique().all()
    numbers = {number for row in rows for number in (row[0].one_id, row[0].other_id)}
    said = {(one.by_id, one.about_id): one for one in session.scalars(
        select(Rating).where(Rating.by_id.in_(numbers), Rating.about_id.in_(numbers)))}
    return [_agreement(row[0], row[1], said) for row in rows], total


def _agreement(mutual: Mutual, own: int, said: Mapping[tuple[int, int], Rating]) -> Agreement:
    other = mutual.other if mutual.one_id == own else mutual.one
    here, back = said.get((own, other.id)), said.get((other.id, own))
    stands = here is not None and back is not None and here.is_hopeful and back.is_hopeful
    return Agreement(mutual, other, stands, back.note if back is not None and stands else None)


def _agreements_at(numbers: Collection[int]) -> dict[int, int]:
    """Registration -> how many others it and they both see a cooperation with."""
    found: dict[int, int] = {}
    for row in session.execute(select(Mutual.one_id, Mutual.other_id).where(
            or_(Mutual.one_id.in_(numbers), Mutual.other_id.in_(numbers)))):
        for number in (row.one_id, row.other_id):
            found[number] = found.get(number, 0) + 1
    return found

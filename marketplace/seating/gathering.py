"""What a seating is made from: registrations, wishes, exclusions of listings, matching scores, who met whom.

A fixed number of queries, however many come. The scores are the slow part; they are kept (SeatingFit), so that moving
somebody by hand need not wait for them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import Select, case, delete, func, insert, or_, select
from sqlalchemy.orm import aliased

from marketplace.db import session, transaction
from marketplace.events.models import Attendance, Edition, Registration
from marketplace.listings.models import (
    OPEN_FOR_INTEREST,
    PRIVATE_TO_ORGANISATION,
    WORLD_VISIBLE,
    Exclusion,
    Kind,
    Listing,
    State,
)
from marketplace.matching.crossing import crossed
from marketplace.seating.models import PlanState, Seat, SeatingFit, SeatingPlan
from marketplace.seating.permissions import hosts_of, leads
from marketplace.seating.problem import Guest, Pair, Problem, ordered
from marketplace.surveys.wishes import Wishes, wishes

MOST_LISTINGS = 800
"""Needs, and results, that are compared; more organisations bring fewer each."""
OF_ONE = (4, 40)
"""How many of one kind an organisation brings at least and at most."""
_UNDER_WAY = (*PRIVATE_TO_ORGANISATION, State.SUBMITTED, State.CHANGES_REQUESTED)
"""States in which what was made of an answer to the survey counts, though it is not published yet."""

Key = tuple[int, int]


def gather(
    edition: Edition, guests: Sequence[Registration], sizes: Sequence[int], *, number: int = 1,
    fixed: Mapping[int, int] | None = None, before: Mapping[int, int] | None = None,
) -> Problem:
    """The seating of round `number` as numbers."""
    return Problem(
        guests=guests_of(edition, guests), sizes=tuple(sizes), pairs=pairs_of(edition, [one.id for one in guests]),
        met=met_before(edition, guests), earlier=earlier_rounds(edition, number), fixed=dict(fixed or {}),
        before=dict(before or {}),
    )


def guests_of(edition: Edition, registrations: Sequence[Registration]) -> list[Guest]:
    said = wishes(edition.survey_id)
    excluding, hosts = _exclusions(registrations), hosts_of(edition)
    return [_guest(one, said.get(one.user_id, Wishes()), excluding, hosts) for one in registrations]


def _guest(
    one: Registration, said: Wishes, excluding: Mapping[int, set[int]], hosts: Collection[int]
) -> Guest:
    own = one.organisation_id
    avoids = said.avoid | frozenset(excluding.get(own, ()) if own else ())
    return Guest(
        key=one.id, organisation=own, kind=one.organisation.kind.value if one.organisation else "",
        leads=leads(one, hosts), wants=said.meet - {own}, avoids=frozenset(avoids) - {own},
    )


def _exclusions(registrations: Sequence[Registration]) -> dict[int, set[int]]:
    """Organisation -> those that a live listing of its own is kept from, as far as both come."""
    here = {one.organisation_id for one in registrations if one.organisation_id}
    rows = session.execute(
        select(Listing.organisation_id, Exclusion.organisation_id.label("excluded")).distinct()
        .join(Exclusion, Exclusion.listing_id == Listing.id)
        .where(Listing.organisation_id.in_(here), Exclusion.organisation_id.in_(here),
               Listing.state.in_(sorted({*WORLD_VISIBLE, *_UNDER_WAY, State.PAUSED})))
    )
    found: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        found[row.organisation_id].add(row.excluded)
    return found


# --- who met whom

def met_before(edition: Edition, registrations: Sequence[Registration]) -> dict[Key, int]:
    """Pairs of guests -> at how many tables of the series' earlier editions the two sat together."""
    by_user = {one.user_id: one.id for one in registrations}
    tables: dict[int, list[int]] = defaultdict(list)
    for row in session.execute(_seats_of_series(edition, list(by_user))):
        tables[row.table_id].append(by_user[row.user_id])
    return dict(Counter(_pairs(tables.values())))


def _seats_of_series(edition: Edition, users: Sequence[int]) -> Select[int, int]:
    """Who sat where at published tables before: those who came, where people were checked in."""
    came = aliased(Registration)
    checked = select(came.edition_id).where(came.state == Attendance.ATTENDED)
    return (
        select(Seat.table_id, Registration.user_id).join(SeatingPlan, SeatingPlan.id == Seat.plan_id)
        .join(Edition, Edition.id == SeatingPlan.edition_id)
        .join(Registration, Registration.id == Seat.registration_id)
        .where(
            Registration.user_id.in_(users), Edition.series_id == edition.series_id,
            Edition.starts_at < edition.starts_at, SeatingPlan.state == PlanState.PUBLISHED,
            or_(Registration.state == Attendance.ATTENDED, SeatingPlan.edition_id.not_in(checked)),
        )
    )


def earlier_rounds(edition: Edition, number: int) -> frozenset[Key]:
    """Who sits together in a round of this edition before round `number`."""
    if number == 1:
        return frozenset()
    tables: dict[int, list[int]] = defaultdict(list)
    for table, registration in session.execute(
        select(Seat.table_id, Seat.registration_id).join(SeatingPlan, SeatingPlan.id == Seat.plan_id)
        .where(SeatingPlan.edition_id == edition.id, SeatingPlan.round < number)
    ):
        tables[table].append(registration)
    return frozenset(_pairs(tables.values()))


def _pairs(tables: Iterable[Sequence[int]]) -> Iterator[Key]:
    return (ordered(*pair) for keys in tables for pair in combinations(keys, 2))


# --- what fits

def pairs_of(edition: Edition, keys: Collection[int]) -> dict[Key, Pair]:
    """What was kept of the matching scores, of those who come."""
    need, result = aliased(Listing), aliased(Listing)
    rows = session.execute(
        select(SeatingFit.one_id, SeatingFit.other_id, SeatingFit.fit, need.ref.label("need"),
               result.ref.label("result"))
        .join(need, need.id == SeatingFit.need_id).join(result, result.id == SeatingFit.result_id)
        .where(SeatingFit.edition_id == edition.id)
    )
    here = set(keys)
    return {
        (row.one_id, row.other_id): Pair(row.fit, row.need, row.result)
        for row in rows if row.one_id in here and row.other_id in here
    }


def score(edition: Edition, registrations: Sequence[Registration]) -> int:
    """Compare what those who come need with what the others have, and keep what fits; returns how many pairs do."""
    bringing = _bringing(edition, registrations)
    listings = _listings(bringing)
    needs = [one for one in listings if one.kind is Kind.NEED]
    results = [one for one in listings if one.kind is Kind.RESULT]
    best: dict[Key, dict[str, object]] = {}
    for one in crossed(needs, results):  # the best first
        for asking in bringing[one.need.id]:
            for offering in bringing[one.result.id]:
                if asking == offering:
                    continue
                key = ordered(asking, offering)
                best.setdefault(key, {
                    "edition_id": edition.id, "one_id": key[0], "other_id": key[1], "need_id": one.need.id,
                    "result_id": one.result.id, "fit": one.score,
                })
    with transaction():
        session.execute(delete(SeatingFit).where(SeatingFit.edition_id == edition.id))
        if best:
            session.execute(insert(SeatingFit), list(best.values()))
    return len(best)


def _bringing(edition: Edition, registrations: Sequence[Registration]) -> dict[int, list[int]]:
    """Listing -> the guests who stand for it: who made it of their answer, is its contact or wrote it; where none of
    these comes, everybody of its organisation."""
    said = wishes(edition.survey_id)
    by_user = {one.user_id: one for one in registrations}
    found: dict[int, list[int]] = {}
    for user, one in by_user.items():
        for number in said.get(user, Wishes()).listing_ids:
            found.setdefault(number, []).append(one.id)
    of_organisation: dict[int, list[int]] = defaultdict(list)
    for one in registrations:
        if one.organisation_id:
            of_organisation[one.organisation_id].append(one.id)
    for row in session.execute(_candidates(of_organisation, list(by_user))):
        stand = [by_user[user].id for user in (row.contact_id, row.created_by_id)
                 if user in by_user and by_user[user].organisation_id == row.organisation_id]
        found.setdefault(row.id, list(dict.fromkeys(stand)) or of_organisation[row.organisation_id])
    return found


def _candidates(organisations: Collection[int], users: Sequence[int]) -> Select[Any]:
    """Published listings of those who come: of each organisation the same number, those of the people here first."""
    most = min(OF_ONE[1], max(OF_ONE[0], MOST_LISTINGS // max(1, len(organisations))))
    theirs = case((or_(Listing.contact_id.in_(users), Listing.created_by_id.in_(users)), 0), else_=1)
    place = func.row_number().over(
        partition_by=(Listing.organisation_id, Listing.kind),
        order_by=(theirs, Listing.published_at.desc(), Listing.id.desc()),
    )
    ranked = select(
        Listing.id, Listing.organisation_id, Listing.contact_id, Listing.created_by_id, place.label("place")
    ).where(Listing.organisation_id.in_(organisations), Listing.state.in_(sorted(OPEN_FOR_INTEREST))).subquery()
    return select(ranked).where(ranked.c.place <= most).order_by(ranked.c.id)


def _listings(bringing: Mapping[int, list[int]]) -> Sequence[Listing]:
    live = sorted({*OPEN_FOR_INTEREST, *_UNDER_WAY})
    return session.scalars(
        select(Listing).where(Listing.id.in_(bringing), Listing.state.in_(live)).order_by(Listing.id)
    ).all()

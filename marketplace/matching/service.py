"""The best counterparts of a listing: candidates from the index, scored and explained one by one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from marketplace import clock, index, logs
from marketplace.db import session
from marketplace.finding.criteria import audience_filters
from marketplace.listings.documents import LISTINGS, PUBLIC
from marketplace.listings.models import OPEN_FOR_INTEREST, Kind, Listing
from marketplace.listings.permissions import organisation_token, tier_for, visible_among, visible_to
from marketplace.matching import answering, feedback
from marketplace.matching.answering import Answers
from marketplace.matching.embedding import parts_of, vector_of, vectors_of
from marketplace.matching.features import features
from marketplace.matching.meaning import Near, near
from marketplace.matching.profiles import Profile, key_terms, profile
from marketplace.matching.reasons import Reason, reasons
from marketplace.matching.scoring import score
from marketplace.organisations.permissions import Reader
from search import AnyOf, Filter, NoneOf, Refused, SearchError

log = logging.getLogger(__name__)
CANDIDATES = 20
"""How many are looked at closely for ten matches; for more, twice as many as are asked for."""
MOST = 50
LEAST = 10
"""Below this two listings share a word by chance."""
OLD = 730
"""Days after which what was published is old."""
READ = 1
"""The tier whose texts are compared: the same for every reader, so that a pair has one score."""


@dataclass(frozen=True)
class Match:
    listing: Listing
    score: float
    """0–100; of the pair, whoever asks and from whichever side."""
    reasons: list[Reason]


def best(actor: Reader, listing: Listing, limit: int = 10) -> list[Match]:
    """The counterparts that fit `listing` best among those published and visible to `actor`, the best first."""
    compared = profile(listing, READ)
    ours = compared if tier_for(actor, listing) >= READ else profile(listing, 0)
    candidates = _candidates(actor, listing, ours, max(CANDIDATES, 2 * limit))
    judgements = feedback.about(listing, candidates)
    said = feedback.said_of(listing, judgements)
    shown = [there for there in candidates if not feedback.is_hidden(actor, listing, there, said)]
    pairs = [pair for pair in _compared(listing, compared, shown, judgements) if pair.score.total >= LEAST]
    pairs.sort(key=lambda pair: (-pair.score.total, pair.there.id))
    return [_explained(actor, pair, ours) for pair in pairs[:limit]]


def match_of(actor: Reader, here: Listing, there: Listing) -> Match:
    """How well these two fit, with the reasons this reader may know."""
    ours = profile(here, READ)
    pair = _compared(here, ours, [there], feedback.about(here, [there]))[0]
    return _explained(actor, pair, ours if tier_for(actor, here) >= READ else profile(here, 0))


def explained(actor: Reader, listing: Listing, others: Sequence[Listing]) -> dict[int, Match]:
    """These counterparts, whatever their state, each compared with the listing as this reader may have it explained;
    by their ids, in a fixed number of queries."""
    compared = profile(listing, READ)
    ours = compared if tier_for(actor, listing) >= READ else profile(listing, 0)
    pairs = _compared(listing, compared, others, feedback.about(listing, others))
    return {pair.there.id: _explained(actor, pair, ours) for pair in pairs}


def score_of(one: Listing, other: Listing) -> float:
    """The score of a need and a result, in either order."""
    return _compared(one, profile(one, READ), [other], feedback.about(one, [other]))[0].score.total


class Pair:
    """A listing, a counterpart, and what comparing them gave."""

    def __init__(
        self, here: Listing, there: Listing, ours: Profile, theirs: Profile, close: Near | None = None,
        beyond: Mapping[str, float | None] | None = None, answers: Mapping[int, Answers] | None = None,
    ) -> None:
        self.here, self.there, self.theirs, self.answers = here, there, theirs, answers or {}
        if here.kind is Kind.NEED:
            self.features = features(here, there, ours, theirs, close, beyond)
        else:
            self.features = features(there, here, theirs, ours, close, beyond)
        self.score = score(self.features)


def _compared(
    here: Listing, ours: Profile, candidates: Sequence[Listing], judgements: Sequence[feedback.Judgement]
) -> list[Pair]:
    """Each candidate beside the listing; what is not in the listings themselves is read once for all."""
    close = _nearness(here, candidates)
    unlike = feedback.unlike_declined(here, candidates, judgements)
    answers = answering.of([one.organisation_id for one in (here, *candidates)])

    def beyond(there: Listing) -> dict[str, float | None]:
        return {
            "freshness": freshness(here, there), "declined": unlike.get(there.id),
            "answers": answering.of_pair(here.organisation_id, there.organisation_id, answers),
        }

    return [
        Pair(here, there, ours, profile(there, READ), close.get(there.id), beyond(there), answers)
        for there in candidates
    ]


def _nearness(here: Listing, candidates: Sequence[Listing]) -> dict[int, Near | None]:
    """Of the pair's meanings, by the candidate; empty without an embedder."""
    vectors = vectors_of([here, *candidates])
    if here.id not in vectors:
        return {}
    parts, ours = parts_of([here, *candidates]), vectors[here.id]
    if here.kind is Kind.NEED:
        return {there.id: near(ours, vectors.get(there.id), parts.get(here.id, ())) for there in candidates}
    return {there.id: near(vectors.get(there.id), ours, parts.get(there.id, ())) for there in candidates}


def freshness(one: Listing, other: Listing) -> float | None:
    """1 when both are of today, 0 when the older was published two years ago; None while one is not published."""
    if one.published_at is None or other.published_at is None:
        return None
    days = (clock.today() - min(one.published_at, other.published_at).date()).days
    return min(1.0, max(0.0, 1 - days / OLD))


def may_meet(one: Listing, other: Listing) -> bool:
    """A need and a result of two organisations, neither of which excludes the other."""
    if one.kind is other.kind or one.organisation_id == other.organisation_id:
        return False
    return not (
        any(e.organisation_id == other.organisation_id for e in one.exclusions)
        or any(e.organisation_id == one.organisation_id for e in other.exclusions)
    )


def _explained(actor: Reader, pair: Pair, ours: Profile) -> Match:
    theirs = pair.theirs if tier_for(actor, pair.there) >= READ else profile(pair.there, 0)
    told = reasons(pair.here, pair.there, ours, theirs, pair.features, pair.score, pair.answers)
    return Match(pair.there, pair.score.total, told)


def _candidates(actor: Reader, listing: Listing, asked: Profile, most: int) -> list[Listing]:
    """Visible, published counterparts that share most with the listing, or mean what it means."""
    try:
        found = _found(actor, listing, asked, most)
        rows = select(Listing).where(visible_among(actor, found))
    except SearchError as error:
        log.warning("matching falls back to the newest of the field: %s", logs.cause(error))
        rows = _newest_of_the_field(actor, listing)
    return [
        there for there in session.scalars(rows) if there.state in OPEN_FOR_INTEREST and may_meet(listing, there)
    ]


def _found(actor: Reader, listing: Listing, asked: Profile, most: int) -> list[int]:
    """Ids of candidates, each once: those that share its words, then those nearest in meaning."""
    filters = _filters(actor, listing)
    page = index.engine().similar(
        LISTINGS.name, key_terms(asked), filters=filters, limit=most,
        attributes=None if tier_for(actor, listing) >= READ else PUBLIC,
    )
    ids = [hit.id for hit in page.hits]
    vector = vector_of(listing)
    if vector is not None:
        try:
            near = index.engine().nearest(LISTINGS.name, vector, filters=filters, limit=most)
            ids += [hit.id for hit in near.hits]
        except Refused as error:  # the index is from before there were vectors
            log.info("matching goes on without nearness: %s", logs.cause(error))
    return list(dict.fromkeys(ids))


def _newest_of_the_field(actor: Reader, listing: Listing) -> Select[Listing]:
    return (
        select(Listing)
        .where(
            visible_to(actor), Listing.kind == listing.kind.counterpart, Listing.field == listing.field,
            Listing.state.in_(sorted(OPEN_FOR_INTEREST)),
        )
        .order_by(Listing.published_at.desc())
        .limit(CANDIDATES)
    )


def _filters(actor: Reader, listing: Listing) -> tuple[Filter, ...]:
    own = organisation_token(listing.organisation_id)
    excluded = [organisation_token(e.organisation_id) for e in listing.exclusions]
    return (
        *audience_filters(actor),
        AnyOf("kind", (listing.kind.counterpart.value,)),
        AnyOf("state", tuple(sorted(state.value for state in OPEN_FOR_INTEREST))),
        NoneOf("owner", (own, *excluded)),
        NoneOf("excluded", (own,)),
    )

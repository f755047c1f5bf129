""""Not relevant, because …": said of a pair by either side or by a broker. It hides the pair, and it trains.

Whom it hides the pair from: whoever said it (the whole organisation), the brokers and the world, so that nobody pushes
what one side will not have. The other side keeps seeing it, for it has not been asked; unless a broker said it, whose
judgement counts for everybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, bindparam, delete, or_, select

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.accounts.permissions import can_act
from marketplace.db import session, transaction
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.listings.models import Kind, Listing
from marketplace.matching.features import cosine
from marketplace.matching.models import MatchFeedback, Reason, Side
from marketplace.matching.terms import reading
from marketplace.organisations.permissions import Reader, editable_ids, organisation_ids
from marketplace.phrases import Label, say

REASONS = {
    Reason.WRONG_OBJECT: Label("对象不符", "A different object"),
    Reason.WRONG_FIELD: Label("领域不符", "A different field"),
    Reason.TOO_EARLY: Label("成熟度不够", "Too early for us"),
    Reason.TOO_LATE: Label("已过时或已失效", "Too late, or no longer valid"),
    Reason.ALREADY_HAVE_IT: Label("已有同类方案", "We have this already"),
    Reason.PRICE: Label("价格或预算不合适", "Price or budget"),
    Reason.KNOWN_PARTNER: Label("已知的合作方或竞争对手", "A known partner or competitor"),
    Reason.OTHER: Label("其他原因", "Another reason"),
}
OF_THE_SUBJECT = frozenset({Reason.WRONG_OBJECT, Reason.WRONG_FIELD})
"""Reasons that say something of the texts, and so of what is like them; the others are about this pair alone."""
LONGEST_NOTE = 500
_MOST = 1_000
"""Judgements that are read for a page of matches, the newest first."""

Said = Mapping[int, set[int | None]]
"""Counterpart -> the organisations that said it is not relevant; None stands for the brokers."""


def side_of(actor: Reader, one: Listing, other: Listing) -> tuple[Side, int | None] | None:
    """On whose behalf this person can judge the pair; None when on nobody's."""
    if not can_act(actor):
        return None
    own = set(editable_ids(actor))
    for listing in (one, other):
        if listing.organisation_id in own:
            return Side(listing.kind.value), listing.organisation_id
    return (Side.BROKER, None) if actor.is_reviewer else None


def not_relevant(actor: User | None, one: Listing, other: Listing, reason: str, note: str = "") -> MatchFeedback:
    """Say it, or say it anew with another reason."""
    side, organisation = require_side(actor, one, other)
    if reason not in REASONS:
        raise Invalid({"reason": say("Choose one of the reasons.")})
    if len(note) > LONGEST_NOTE:
        raise Invalid({"note": say("At most {max} characters.", max=LONGEST_NOTE)})
    need, result = _sorted(one, other)
    with transaction():
        session.execute(delete(MatchFeedback).where(*_this(need, result, organisation)))
        said = MatchFeedback(
            need_id=need.id, result_id=result.id, side=side, organisation_id=organisation, reason=Reason(reason),
            note=note.strip(), said_by_id=_id(actor), said_at=clock.now(),
        )
        session.add(said)
        audit.record(_id(actor), "match.not_relevant", "listing", need.id, result=result.ref, reason=reason)
    return said


def relevant_after_all(actor: User | None, one: Listing, other: Listing) -> None:
    """Take back what one's own side said."""
    _, organisation = require_side(actor, one, other)
    need, result = _sorted(one, other)
    with transaction():
        gone = session.execute(delete(MatchFeedback).where(*_this(need, result, organisation)))
        if not gone.rowcount:  # type: ignore[attr-defined]
            raise NotFound()
        audit.record(_id(actor), "match.relevant_after_all", "listing", need.id, result=result.ref)


def require_side(actor: Reader, one: Listing, other: Listing) -> tuple[Side, int | None]:
    """On whose behalf this person judges the pair; raises Forbidden when on nobody's."""
    if one.kind is other.kind or one.organisation_id == other.organisation_id:
        raise Invalid({"": say("Only a need and a result of two organisations are a match.")})
    side = side_of(actor, one, other)
    if side is None:
        raise Forbidden(say("Only the two sides and brokers say whether a match is relevant."))
    return side


def _id(actor: User | None) -> int | None:
    return actor.id if actor else None


def _sorted(one: Listing, other: Listing) -> tuple[Listing, Listing]:
    return (one, other) if one.kind is Kind.NEED else (other, one)


def _this(need: Listing, result: Listing, organisation: int | None) -> tuple[ColumnElement[bool], ...]:
    whose = MatchFeedback.organisation_id
    return (
        MatchFeedback.need_id == need.id, MatchFeedback.result_id == result.id,
        whose.is_(None) if organisation is None else whose == organisation,
    )


# --- what follows from it

@dataclass(frozen=True)
class Judgement:
    """What was said of one pair; `here` and `there` are the listings' ids, as the asker sees them."""

    here: int
    there: int
    organisation: int | None
    reason: Reason


def about(here: Listing, candidates: Collection[Listing]) -> list[Judgement]:
    """Everything that was said of this listing's pairs and of the candidates', in one query."""
    ours, theirs = MatchFeedback.need_id, MatchFeedback.result_id
    if here.kind is Kind.RESULT:
        ours, theirs = theirs, ours
    ids = bindparam(None, [there.id for there in candidates], expanding=True, type_=Integer)
    rows = session.execute(
        select(ours, theirs, MatchFeedback.organisation_id, MatchFeedback.reason)
        .where(or_(ours == here.id, theirs.in_(ids))).order_by(MatchFeedback.id.desc()).limit(_MOST)
    )
    return [Judgement(*row) for row in rows]


def said_of(here: Listing, judgements: Sequence[Judgement]) -> Said:
    """Which counterparts of this listing somebody called not relevant."""
    found: dict[int, set[int | None]] = defaultdict(set)
    for one in judgements:
        if one.here == here.id:
            found[one.there].add(one.organisation)
    return found


def is_hidden(actor: Reader, here: Listing, there: Listing, said: Said) -> bool:
    by = said.get(there.id)
    if not by:
        return False
    own = set(organisation_ids(actor))
    return None in by or bool(own & by) or not own & {here.organisation_id, there.organisation_id}


def ours(actor: Reader, listing: Listing) -> Sequence[MatchFeedback]:
    """What the actor's own side said of this listing's counterparts, the newest first."""
    if actor is None:
        return []
    whose = [MatchFeedback.organisation_id.in_(editable_ids(actor))]
    if actor.is_reviewer:
        whose.append(MatchFeedback.organisation_id.is_(None))
    one_side = MatchFeedback.need_id if listing.kind is Kind.NEED else MatchFeedback.result_id
    return session.scalars(
        select(MatchFeedback).where(one_side == listing.id, or_(*whose)).order_by(MatchFeedback.id.desc()).limit(_MOST)
    ).all()


def unlike_declined(
    here: Listing, candidates: Collection[Listing], judgements: Sequence[Judgement]
) -> dict[int, float]:
    """Candidate -> how unlike it is to what was declined for its subject: 0 when it reads the same. Of the pair, so
    both are asked: what `here` was offered before, and what the candidate was. Absent where nothing was declined."""
    subject = [one for one in judgements if one.reason in OF_THE_SUBJECT]
    if not subject:
        return {}
    ids = {number for one in subject for number in (one.here, one.there)}
    rows = session.execute(select(Listing.id, Listing.title).where(Listing.id.in_(ids)))
    titles = {row.id: row.title for row in rows}
    found: dict[int, float] = {}
    for one in subject:
        for there in candidates:
            if one.here == here.id:
                _keep(found, there.id, there.title, titles[one.there])
            if one.there == there.id:
                _keep(found, there.id, here.title, titles[one.here])
    return found


def _keep(found: dict[int, float], number: int, title: str, declined: str) -> None:
    alike = cosine(reading(((1.0, (title,)),)).units, reading(((1.0, (declined,)),)).units)
    found[number] = min(found.get(number, 1.0), 1 - alike)

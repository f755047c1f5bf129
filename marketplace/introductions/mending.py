"""Why others said no to a listing, counted, and what could be mended; for its authors and platform staff.

Nothing here tells who said it: no day, no order, the names of whoever closed taken out of their words. From three on
it is told since which month.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.db import session
from marketplace.introductions import vocabulary as words
from marketplace.introductions.advice import ADVICE
from marketplace.introductions.models import History, Introduction, ReasonCode, Side, Status
from marketplace.introductions.relaying import without_addresses
from marketplace.listings.fields import BY_NAME, Field
from marketplace.listings.models import Kind, Listing
from marketplace.listings.permissions import is_own
from marketplace.listings.tiers import HIDDEN, veil
from marketplace.organisations.permissions import Reader
from marketplace.phrases import Label

MOST_TEXTS = 30
ENOUGH = 3
"""So many no's have to be there before any time is told."""


@dataclass(frozen=True)
class Mend:
    """One reason, how often it was given, and what could be done."""

    code: ReasonCode
    count: int
    label: Label
    advice: Label
    field: Field | None
    said: tuple[str, ...]
    """In their words, in alphabetical order."""


@dataclass(frozen=True)
class Mending:
    rows: tuple[Mend, ...]
    """The most frequent first."""
    total: int
    since: Label | None
    """The month of the first; None while that could tell who it was."""


def mending(actor: Reader, listing: Listing) -> Mending | None:
    """For the listing's authors and platform staff; None for others, and where nobody has said no."""
    if not (is_own(actor, listing) or (actor is not None and actor.is_reviewer)):
        return None
    counted = session.execute(
        select(Introduction.reason_code, func.count(), func.min(History.effective_at)).join(History, _LAST)
        .where(*_said_no_to(listing)).group_by(Introduction.reason_code)
    ).all()
    total = sum(row[1] for row in counted)
    if not total:
        return None
    texts = _texts(listing)
    rows = [_mend(listing.kind, code, count, texts.get(code, ())) for code, count, _ in counted if code is not None]
    first: datetime = min(row[2] for row in counted)
    since = _month(first) if total >= ENOUGH else None
    return Mending(tuple(sorted(rows, key=lambda row: (-row.count, row.code))), total, since)


def _month(moment: datetime) -> Label:
    here = moment.astimezone(clock.PLACE)
    return Label(f"{here.year}年{here.month}月", f"{here:%B} {here.year}")


def _mend(kind: Kind, code: ReasonCode, count: int, said: tuple[str, ...]) -> Mend:
    advice = ADVICE[kind][code]
    field = BY_NAME[advice.field] if advice.field else None
    return Mend(code, count, words.REASON_CODES[code], advice.says, field, said)


_LAST = and_(History.introduction_id == Introduction.id, History.version == Introduction.version)


def _said_no_to(listing: Listing) -> tuple[ColumnElement[bool], ...]:
    """Closed for a reason by the other side, or by staff."""
    return (
        or_(Introduction.need_id == listing.id, Introduction.result_id == listing.id),
        Introduction.status == Status.CLOSED, Introduction.reason_code.is_not(None),
        or_(History.side.is_(None), History.side != Side(listing.kind.value)),
    )


def _texts(listing: Listing) -> dict[ReasonCode, tuple[str, ...]]:
    """What was said with them, without the names of who said it or of their organisation."""
    other = case((Introduction.need_id == listing.id, Introduction.result_id), else_=Introduction.need_id)
    rows = session.execute(
        select(Introduction.reason_code, Introduction.reason_text, Listing, History)
        .join(History, _LAST).join(Listing, Listing.id == other).options(joinedload(History.actor))
        .where(*_said_no_to(listing), Introduction.reason_text.is_not(None), Introduction.reason_text != "")
        .order_by(Introduction.id.desc()).limit(MOST_TEXTS)
    )
    found: dict[ReasonCode, set[str]] = defaultdict(set)
    for code, text, theirs, history in rows:
        told = veil(text or "", theirs.organisation)
        if history.actor is not None and len(history.actor.name) > 1:
            told = told.replace(history.actor.name, HIDDEN)
        found[code or ReasonCode.OTHER].add(without_addresses(told))
    return {code: tuple(sorted(said)) for code, said in found.items()}

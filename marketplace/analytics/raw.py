"""What the figures are made of, read from the database as whole numbers: a million small facts in a second or two.

A moment is a number of microseconds since 1970, a stage its number, a word its place in the list below. The ORM would
take a minute to bring half a million rows of history into the process; numbers that the database packs take one second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Connection, Select, String, case, cast, func, select, type_coerce

from marketplace.analytics.models import Fit
from marketplace.db import micros
from marketplace.introductions.models import CloseReason, History, Introduction, Origin, ReasonCode, Status
from marketplace.listings.models import Listing, State
from marketplace.listings.vocabulary import FIELDS
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Organisation

Numbers = np.ndarray[Any, np.dtype[np.int64]]
REASONS, CODES, ORIGINS = tuple(CloseReason), tuple(ReasonCode), tuple(Origin)
FIELD_CODES, STATES, KINDS = tuple(FIELDS), tuple(State), tuple(OrganisationKind)
MOVES = ("", "consent", "no_show", "meet", "discuss")
"""The moves that count by their name; all others count by where they lead."""
CONSENT, NO_SHOW = MOVES.index("consent"), MOVES.index("no_show")
MEETINGS = [MOVES.index(name) for name in ("no_show", "meet", "discuss")]
VERSIONS = 1 << 20
"""More moves than an introduction ever has."""
CLOSED = 2
NEED, RESULT = 1, 2


_KEY = cast(History.introduction_id, BigInteger) * VERSIONS + History.version


def moves(connection: Connection, introductions: Iterable[int] | None = None) -> Numbers:
    """Rows of (introduction and version, microseconds, move and stage and status) in the order of the moves."""
    status = case((History.status == Status.CLOSED, CLOSED), (History.status == Status.ON_HOLD, 1), else_=0)
    name = case(*((History.move == move, number) for number, move in enumerate(MOVES) if number), else_=0)
    query = select(
        _KEY, micros(History.effective_at), (name * 16 + type_coerce(History.to_stage, BigInteger)) * 4 + status,
    )
    if introductions is not None:
        query = query.where(History.introduction_id.in_(list(introductions)))
    found = numbers(connection, query, 3)
    return found[np.argsort(found[:, 0], kind="stable")]


def closings(connection: Connection, introductions: Iterable[int] | None = None) -> Numbers:
    """Rows of (introduction and version, place of the reason, place of the code; -1 for none)."""
    query = select(
        _KEY,
        type_coerce(History.reason, String), type_coerce(History.reason_code, String),
    ).where(History.reason.is_not(None))
    if introductions is not None:
        query = query.where(History.introduction_id.in_(list(introductions)))
    reasons, codes = _places(REASONS), _places(CODES)
    rows = [(key, reasons[reason], codes.get(code, -1)) for key, reason, code in connection.execute(query)]
    return _table(rows, 3)


def introductions(connection: Connection, ids: Iterable[int] | None = None) -> list[tuple[Any, ...]]:
    """(id, need, result, broker or 0, origin, event or None), by id."""
    query = select(
        Introduction.id, Introduction.need_id, Introduction.result_id, func.coalesce(Introduction.broker_id, 0),
        type_coerce(Introduction.origin, String), Introduction.origin_ref,
    ).order_by(Introduction.id)
    if ids is not None:
        query = query.where(Introduction.id.in_(list(ids)))
    return [tuple(row) for row in connection.execute(query)]


def listings(connection: Connection, since: datetime | None = None) -> list[tuple[Any, ...]]:
    """(id, kind, state, field, region, organisation, published µs or -1, changed, stamp), of those changed since. The
    stamp is another one as soon as any organisation has changed, for their versions only grow."""
    stamp = select(cast(func.count(Organisation.id), BigInteger) * VERSIONS + func.sum(Organisation.version))
    query = select(
        Listing.id, type_coerce(Listing.kind, String), type_coerce(Listing.state, String), Listing.field,
        Listing.region, Listing.organisation_id, func.coalesce(micros(Listing.published_at), -1), Listing.changed_at,
        stamp.scalar_subquery(),
    )
    if since is not None:
        query = query.where(Listing.changed_at >= since)
    return [tuple(row) for row in connection.execute(query)]


def organisations(connection: Connection) -> list[tuple[int, str]]:
    query = select(Organisation.id, type_coerce(Organisation.kind, String))
    return [(row[0], row[1]) for row in connection.execute(query)]


def fits(connection: Connection, since: datetime | None = None) -> list[tuple[Any, ...]]:
    """(listing, best score, scored), of those scored since."""
    query = select(Fit.listing_id, Fit.best, Fit.scored_at)
    if since is not None:
        query = query.where(Fit.scored_at >= since)
    return [tuple(row) for row in connection.execute(query)]


def tail(connection: Connection, after: int) -> list[tuple[Any, ...]]:
    """(id, introduction, version, recorded) of the rows of history after this one, by id."""
    query = select(History.id, History.introduction_id, History.version, History.recorded_at)
    return [tuple(row) for row in connection.execute(query.where(History.id > after).order_by(History.id))]


def newest(connection: Connection, many: int) -> list[tuple[Any, ...]]:
    """The last so many rows of history as in `tail`, by id."""
    query = select(History.id, History.introduction_id, History.version, History.recorded_at)
    return [tuple(row) for row in connection.execute(query.order_by(History.id.desc()).limit(many))][::-1]


def numbers(connection: Connection, query: Select[Any], columns: int) -> Numbers:
    rows = connection.execute(query).all()
    return np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * columns).reshape(-1, columns)


def _table(rows: Sequence[tuple[int, ...]], columns: int) -> Numbers:
    return np.array(rows, np.int64).reshape(-1, columns)


def _places(members: Sequence[Any]) -> dict[Any, int]:
    return {member.value: place for place, member in enumerate(members)}



"""All that figures are made of, held by each process in columns and kept up to date, so that a page need not read it.

Why here and not in a table of sums: every figure can be cut six ways and by any months, medians do not add up, and a
table written by the worker would lag behind the history it has to agree with. What is held is derived from history by
one function (courses.derive) for all introductions at the start, and for those alone that have moved ever after; so
there is nothing that a test of that function does not prove.

Held: some 200 bytes an introduction, 30 a stay, 40 a listing; 20 MB for 50,000 introductions. Read at the start: two
numbers and a code for each row of history (a second for half a million; serving.py does it before anybody asks).

Kept up to date, at every question, in three short queries:
- history is append-only, but on PostgreSQL a lower number may be committed after a higher one. So the rows of the last
  minutes are read again each time, and those not seen before are taken in, whatever their number;
- if a row that was seen is there no longer (a restored backup), all is read anew;
- listings that changed and fits that were scored are found by their times, again with minutes to spare.
All is read through a connection of our own: the request's may look at the database as it was a moment before another
thread brought the columns up to date.

Within somebody's open transaction (a session bound to a connection: the tests) nothing is kept from one to the next.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine

from marketplace.analytics import raw
from marketplace.analytics.courses import NEVER, Array, Columns, Courses, Stays, derive
from marketplace.db import session

SPARE = timedelta(minutes=10)
"""Longer than any transaction that writes history or listings stays open."""
SPARE_OF_FITS = timedelta(minutes=1)
"""The worker writes them one by one."""
RECENT = 2_000
"""Rows of history among which those of the last minutes are looked for at the start."""
MANY = 2_000
"""When more introductions than this have moved, reading everything is quicker."""


@dataclass(frozen=True)
class Cases(Columns):
    """A row for every introduction, in the order of Courses: what does not come from history."""

    id: Array
    need: Array
    result: Array
    broker: Array
    origin: Array
    event: Array
    """A place in State.events; 0 is none."""


@dataclass(frozen=True)
class Listings:
    """By the listing's number, which is the place in every array."""

    kind: Array
    state: Array
    field: Array
    region: Array
    organisation: Array
    published: Array
    best: Array
    """NaN until scored."""

    def grown(self, size: int) -> Listings:
        """With room for this many, and free to be written to."""
        blanks = {"published": NEVER, "best": np.nan}
        grown = {}
        for name, old in vars(self).items():
            new = np.full(max(size, len(old)), blanks.get(name, 0), old.dtype)
            new[: len(old)] = old
            grown[name] = new
        return Listings(**grown)


@dataclass(frozen=True)
class State:
    courses: Courses
    cases: Cases
    stays: Stays
    """The shortest first, those that go on at the end with the latest first."""
    listings: Listings
    kinds: Array
    """Of organisations, by their number: a place in raw.KINDS + 1."""
    events: tuple[str, ...]
    regions: tuple[str, ...]
    seen: dict[int, tuple[Any, ...]]
    """The rows of history of the last minutes: id -> (introduction, version, recorded)."""
    after: int
    """The row of history up to which nothing can be added any more."""
    changed: datetime
    scored: datetime
    stamp: int
    """Of all organisations."""


_held: list[tuple[Engine, State]] = []
_keeping = threading.Lock()


def current() -> State:
    """As of now."""
    bind = session.get_bind()
    if not isinstance(bind, Engine):
        return read(session.connection())
    with _keeping, bind.connect() as connection:
        held = _held[0][1] if _held and _held[0][0] is bind else None
        state = read(connection) if held is None else brought_up_to_date(held, connection)
        _held[:] = [(bind, state)]
    return state


def read(connection: Connection) -> State:
    """Everything, from the beginning."""
    newest = raw.newest(connection, RECENT)
    courses, stays = derive(raw.moves(connection), raw.closings(connection))
    nothing = np.empty(0, np.int64)
    blank = Listings(*(np.empty(0, kind) for kind in ("i1", "i1", "i1", "i4", "i4", "i8", "f4")))
    state = State(
        courses, Cases(*[nothing] * 6), _sorted(stays), blank, nothing, ("",), ("",), {}, 0, _BEGINNING, _BEGINNING, -1,
    )
    state = _with_recent(state, newest)
    state = replace(state, **_with_cases(state, raw.introductions(connection)))
    return _with_listings(state, connection)


def brought_up_to_date(state: State, connection: Connection) -> State:
    found = {row[0]: row[1:] for row in raw.tail(connection, state.after)}
    if any(found.get(number) != row for number, row in state.seen.items()):
        return read(connection)
    moved = {row[0] for number, row in found.items() if number not in state.seen}
    if len(moved) > MANY:
        return read(connection)
    if moved:
        state = _with_moves(state, connection, moved)
        state = _with_recent(state, [(number, *row) for number, row in found.items()])
    state = _with_listings(state, connection)
    latest = max(state.cases.need.max(initial=0), state.cases.result.max(initial=0))
    # A listing that says it changed long ago, as the demonstration's do, was not among the changed.
    return state if latest < len(state.listings.kind) else read(connection)


_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _with_moves(state: State, connection: Connection, moved: set[int]) -> State:
    """These introductions derived anew from the whole of their history."""
    courses, stays = derive(raw.moves(connection, moved), raw.closings(connection, moved))
    ids = np.fromiter(moved, np.int64)
    courses = state.courses.where(~np.isin(state.courses.id, ids)).joined(courses)
    stays = state.stays.where(~np.isin(state.stays.introduction, ids)).joined(stays)
    kept = replace(state, cases=state.cases.where(~np.isin(state.cases.id, ids)),
                   courses=courses.where(np.argsort(courses.id, kind="stable")), stays=_sorted(stays))
    return replace(kept, **_with_cases(kept, raw.introductions(connection, moved)))


def _with_recent(state: State, rows: Iterable[tuple[Any, ...]]) -> State:
    """Remember the rows that were recorded in the last minutes; nothing comes in before them any more."""
    rows = list(rows)
    # By the newest row and not by our clock: the demonstration records its rows in the past.
    limit = max((row[3] for row in rows), default=_BEGINNING) - SPARE
    after = max((row[0] for row in rows if row[3] < limit), default=rows[0][0] - 1 if rows else state.after)
    return replace(state, after=after, seen={row[0]: row[1:] for row in rows if row[0] > after})


def _with_cases(state: State, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    origins = {origin.value: place for place, origin in enumerate(raw.ORIGINS)}
    events = {event: place for place, event in enumerate(state.events)}
    table = np.array([
        (number, need, result, broker, origins[origin], events.setdefault(event or "", len(events)))
        for number, need, result, broker, origin, event in rows
    ], np.int64).reshape(-1, 6)
    cases = state.cases.joined(Cases(*table.T))
    cases = cases.where(np.argsort(cases.id, kind="stable"))
    # An introduction and its first move are written together, but not read in one query.
    known = np.isin(cases.id, state.courses.id)
    return {"cases": cases.where(known), "events": tuple(events),
            "courses": state.courses.where(np.isin(state.courses.id, cases.id))}


def _with_listings(state: State, connection: Connection) -> State:
    changed = raw.listings(connection, None if state.changed == _BEGINNING else state.changed - SPARE)
    scored = raw.fits(connection, None if state.scored == _BEGINNING else state.scored - SPARE_OF_FITS)
    stamp = changed[0][8] if changed else state.stamp
    kinds = state.kinds if stamp == state.stamp else _kinds(raw.organisations(connection))
    listings = state.listings.grown(max((row[0] for row in changed), default=0) + 1)
    regions = _take_in(listings, changed, {region: place for place, region in enumerate(state.regions)})
    for number, best, _ in scored:
        if number < len(listings.best):
            listings.best[number] = best
    return replace(
        state, kinds=kinds, stamp=stamp, listings=listings, regions=regions,
        changed=max((row[7] for row in changed), default=state.changed),
        scored=max((row[2] for row in scored), default=state.scored),
    )


def _kinds(rows: list[tuple[int, str]]) -> Array:
    kinds = np.zeros(max((row[0] for row in rows), default=0) + 1, np.int64)
    places = {kind.value: place for place, kind in enumerate(raw.KINDS, 1)}
    for number, kind in rows:
        kinds[number] = places[kind]
    return kinds


def _take_in(listings: Listings, rows: list[tuple[Any, ...]], regions: dict[str, int]) -> tuple[str, ...]:
    kinds = {"need": raw.NEED, "result": raw.RESULT}
    states = {state.value: place for place, state in enumerate(raw.STATES)}
    fields = {code: place for place, code in enumerate(raw.FIELD_CODES, 1)}
    if not rows:
        return tuple(regions)
    number, kind, state, field, region, organisation, published, _, _ = map(list, zip(*rows, strict=True))
    listings.kind[number] = [kinds[one] for one in kind]
    listings.state[number] = [states[one] for one in state]
    listings.field[number] = [fields.get(one, 0) for one in field]
    listings.region[number] = [regions.setdefault(one or "", len(regions)) for one in region]
    listings.organisation[number] = organisation
    listings.published[number] = published
    return tuple(regions)


def _sorted(stays: Stays) -> Stays:
    """Those that ended by how long they lasted; then those that go on, the latest first: they have lasted least."""
    goes_on = stays.lasted == NEVER
    return stays.where(np.lexsort((np.where(goes_on, -stays.since, stays.lasted), goes_on)))


def forget() -> None:
    """Let the next question read everything."""
    with _keeping:
        _held.clear()



"""Making the vectors of listings, a little at a time.

A change marks a listing's row as due (`mark`); the topic `vectors.due` is the promise that somebody works the due rows
off (`fill`), about a second's worth at a time so that the worker's other duties do not wait. An embedder that is down
fails that promise, which the outbox keeps for later; a text it refuses waits by itself and holds nobody up.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, insert, literal, or_, select, update

from marketplace import clock, index, logs, outbox
from marketplace.db import session, transaction
from marketplace.listings import vectors
from marketplace.listings.documents import LISTINGS
from marketplace.listings.models import WORLD_VISIBLE, Kind, Listing
from marketplace.listings.vectors import THE_ONE, ListingVector, VectorMean, VectorSpace
from marketplace.matching.meaning import Meaning, meanings, text_of
from search import Filter, Refused, SearchError
from search.embedding import EVERY, LEAST, Embedder

log = logging.getLogger(__name__)
TOPIC = "vectors.due"
SLICE = 1.0
"""Seconds after which a worker looks whether it has something else to do."""
GROWTH = 2
"""The middles are taken anew when there are so many times the vectors they were taken of."""
EARLY = 1_000
"""So many vectors make a first use of them worth a rebuild, while more are still to be made."""
LONGEST_WAIT = timedelta(days=1)
_PORTION = 5_000


def vectors_of(listings: Sequence[Listing]) -> dict[int, list[float]]:
    """listing id -> vector for `near`, in one query (none without an embedder). They are made of tier-0 text only,
    so a score may use them for any reader."""
    return vectors.of([listing.id for listing in listings])


def parts_of(listings: Sequence[Listing]) -> dict[int, Any]:
    """Of the needs among them, the vectors of their parts as a matrix, in one query."""
    found = vectors.parts_of([one.id for one in listings if one.kind is Kind.NEED])
    if not found:
        return {}
    import numpy

    return {number: numpy.asarray(rows, numpy.float32) for number, rows in found.items()}


def vector_of(listing: Listing) -> list[float] | None:
    return vectors.of([listing.id]).get(listing.id)


def neighbours(listing: Listing, filters: tuple[Filter, ...], limit: int) -> dict[int, float]:
    """Listing id -> nearness of those that mean most nearly the same, among what the filters let through: candidates
    that no word would have found. Empty without vectors, and when the index cannot say."""
    vector = vector_of(listing)
    if vector is None:
        return {}
    try:
        page = index.engine().nearest(LISTINGS.name, vector, filters=filters, limit=limit)
    except SearchError as error:
        log.warning("matching goes by words alone: %s", logs.cause(error))
        return {}
    return {hit.id: hit.score for hit in page.hits}


# --- what is due

def mark(ids: list[int]) -> None:
    """Part of the handler of `listing.changed`: those of which the public words have changed are due."""
    if not vectors.is_on():
        return
    name = vectors.embedder().name
    asked = select(Listing).where(Listing.id.in_(ids), Listing.state.in_(WORLD_VISIBLE))
    digests = {one.id: _digest(text_of(one)) for one in session.scalars(asked)}
    columns = select(ListingVector.listing_id, ListingVector.embedder, ListingVector.digest)
    known = {row.listing_id: (row.embedder, row.digest) for row in session.execute(
        columns.where(ListingVector.listing_id.in_(ids))
    )}
    due = [one for one, digest in digests.items() if known.get(one) != (name, digest)]
    if not due:
        return
    now = clock.now()
    with transaction():
        for one in due:
            if one not in known:
                session.execute(insert(ListingVector).values(listing_id=one, due_at=now))
        session.execute(_those(due).values(due_at=now, attempts=0, error=None))
        outbox.publish(TOPIC, THE_ONE)


def mark_every(*, anew: bool = False) -> int:
    """Every listing is due that has no vector of this embedder, or has changed since, or (`anew`) at all; returns how
    many are."""
    now, name = clock.now(), vectors.embedder().name
    with transaction():
        stale = update(ListingVector).values(due_at=now, attempts=0, error=None)
        if not anew:
            # Of what changed while no embedder was set up nobody told us.
            later = exists().where(Listing.id == ListingVector.listing_id, Listing.changed_at > ListingVector.made_at)
            stale = stale.where(ListingVector.due_at.is_(None), or_(ListingVector.embedder != name, later))
        session.execute(stale.execution_options(synchronize_session=False))
        known = exists().where(ListingVector.listing_id == Listing.id)
        moment = literal(now, ListingVector.due_at.type)
        missing = select(Listing.id, moment, literal(""), literal(""), literal(""), literal(0)).where(
            Listing.state.in_(WORLD_VISIBLE), ~known
        )
        columns = ["listing_id", "due_at", "embedder", "digest", "language", "attempts"]
        session.execute(insert(ListingVector).from_select(columns, missing))
    return due()


def due() -> int:
    """How many vectors wait to be made."""
    return session.scalar(select(func.count()).select_from(ListingVector).where(_is_due())) or 0


def refused() -> tuple[int, str]:
    """How many texts the embedder would not take, and what it said of one of them."""
    row = session.execute(
        select(func.count(), func.max(ListingVector.error)).where(ListingVector.error.is_not(None))
    ).one()
    return row[0], row[1] or ""


def standing() -> str:
    """How far it has come, for operators."""
    name = vectors.embedder().name
    made = session.scalar(select(func.count()).where(ListingVector.embedder == name, ListingVector.vector.is_not(None)))
    count, error = refused()
    return f"{made or 0} vectors, {due()} wait" + (f", {count} refused: {error}" if count else "")


def _is_due() -> ColumnElement[bool]:
    return ListingVector.due_at <= clock.now()


# --- making them

def fill(_: list[int]) -> None:
    """The handler of `vectors.due`: make some, and promise to go on while more are due."""
    if not vectors.is_on() or not _counts(vectors.embedder()):
        return
    until = time.monotonic() + SLICE
    while made := make_some():
        if time.monotonic() >= until:
            with transaction():
                outbox.publish(TOPIC, THE_ONE)
            break
    if not made:
        recentre()
    elif vectors.space() is None:  # the first of many: what is there need not wait for the last
        recentre(least=EARLY)


def make_some(*, last_first: bool = False) -> int:
    """Make a batch of the vectors that are due; returns how many rows are dealt with. Raises Unavailable when the
    embedder is; then all stay due. `last_first`: begin at the other end than the worker does."""
    embedder = vectors.embedder()
    order = ListingVector.listing_id.desc() if last_first else ListingVector.listing_id.asc()
    rows = session.execute(
        select(ListingVector.listing_id, ListingVector.due_at, ListingVector.attempts)
        .where(_is_due()).order_by(order).limit(embedder.batch)
    ).all()
    ids = [row.listing_id for row in rows]
    found = session.scalars(select(Listing).where(Listing.id.in_(ids), Listing.state.in_(WORLD_VISIBLE)))
    texts = {one.id: (text_of(one), one.language, one.kind is Kind.NEED) for one in found}
    session.rollback()  # the embedder may be slow; hold no lock meanwhile
    made = _made(embedder, {one: (text, in_parts) for one, (text, _, in_parts) in texts.items()})
    with transaction():
        if not _counts(embedder):
            return 0
        for row in rows:
            _store(row, texts.get(row.listing_id), made.get(row.listing_id), embedder)
        if vectors.space() is not None:
            outbox.publish("listing.changed", *(one for one in ids if not isinstance(made.get(one), Refused | None)))
    return len(rows)


def _made(embedder: Embedder, texts: dict[int, tuple[str, bool]]) -> dict[int, Meaning | Refused]:
    """What each text means, or why nobody knows: one that is refused does not keep the others from theirs."""
    if not texts:
        return {}
    try:
        return dict(zip(texts, meanings(embedder, *zip(*texts.values(), strict=True)), strict=True))
    except Refused as refused:
        if len(texts) == 1:
            return dict.fromkeys(texts, refused)
    return {one: made for key, text in texts.items() for one, made in _made(embedder, {key: text}).items()}


def take_up() -> None:
    """After the clock was set back: what would wait longer than anything waits is due now. Run by the clock."""
    now = clock.now()
    waits = or_(ListingVector.due_at > now + LONGEST_WAIT,
                and_(ListingVector.attempts == 0, ListingVector.due_at > now + clock.LEEWAY))
    with transaction():
        due = update(ListingVector).where(waits).values(due_at=now)
        session.execute(due.execution_options(synchronize_session=False))


def _store(
    row: Any, text: tuple[str, str, bool] | None, made: Meaning | Refused | None, embedder: Embedder
) -> None:
    # A change that came while we waited for the embedder has set a new date, and stays due.
    still = case((ListingVector.due_at == row.due_at, None), else_=ListingVector.due_at)
    values: dict[str, Any] = {"due_at": still, "attempts": 0, "error": None}
    if isinstance(made, Refused):
        wait = min(timedelta(hours=2 ** min(row.attempts, 5)), LONGEST_WAIT)
        values = {"due_at": clock.now() + wait, "attempts": row.attempts + 1, "error": str(made)[:2000]}
        log.warning("listing %d has no vector yet: %s", row.listing_id, logs.cause(made))
    elif made is not None and text is not None:
        values |= {
            "embedder": embedder.name, "digest": _digest(text[0]), "language": text[1],
            "vector": vectors.packed(made.whole), "made_at": clock.now(),
            "parts": b"".join(map(vectors.packed, made.parts)) or None,
        }
    session.execute(_those([row.listing_id]).values(**values))


def _those(ids: Sequence[int]) -> Any:
    change = update(ListingVector).where(ListingVector.listing_id.in_(ids))
    return change.execution_options(synchronize_session=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


# --- which embedder counts, and the middles

def look_after() -> None:
    """A timer: notice that the setting has changed, and that refused texts may be tried again."""
    if not take_over() and vectors.is_on() and due():
        promised = session.scalar(select(outbox.Entry.id).where(outbox.Entry.topic == TOPIC).limit(1))
        if promised is None:
            with transaction():
                outbox.publish(TOPIC, THE_ONE)


def take_over() -> bool:
    """Let the embedder that is set up be the one that counts; returns whether another did, or none, until now."""
    row, ours = _what_counts(), vectors.embedder()
    before = (row.embedder, row.dimensions) if row else ("none", 0)
    if before == (ours.name, ours.dimensions):
        return False
    in_the_index = bool(row and row.counted)
    with transaction():
        session.execute(delete(VectorMean))
        session.execute(delete(VectorSpace))
        if vectors.is_on():
            counts = {"id": THE_ONE, "embedder": ours.name, "dimensions": ours.dimensions}
            session.execute(insert(VectorSpace).values(**counts))
            mark_every()
            outbox.publish(TOPIC, THE_ONE)
    vectors.forget()
    log.warning("embedder=%s dimensions=%d takes the place of embedder=%s dimensions=%d; %d listings wait for a "
                "vector", ours.name, ours.dimensions, *before, due() if vectors.is_on() else 0)
    if in_the_index:
        log.warning("the index %s is rebuilt without the vectors of embedder=%s", LISTINGS.name, before[0])
        index.ask_for_rebuild(LISTINGS.name)
    return True


def recentre(*, anew: bool = False, least: int = LEAST) -> bool:
    """Take the middles of the languages, when there are enough more vectors than when it was done last (or anyway) and
    at least `least`, and have the index rebuilt with the vectors seen from there."""
    row, ours = _what_counts(), vectors.embedder()
    if row is None or row.embedder != ours.name:
        return False
    made = ListingVector.embedder == ours.name, ListingVector.vector.is_not(None)
    count = session.scalar(select(func.count()).where(*made)) or 0
    if count < max(least, 1 if anew else GROWTH * row.counted):
        return False
    means = _means(ours)
    with transaction():
        if not _counts(ours):
            return False
        session.execute(delete(VectorMean))
        session.execute(insert(VectorMean), [{"language": name, "mean": mean} for name, mean in means.items()])
        change = update(VectorSpace).values(counted=count).execution_options(synchronize_session=False)
        session.execute(change)
    vectors.forget()
    log.info("embedder=%s vectors=%d middles=%d; the index %s is rebuilt with them", ours.name, count, len(means),
             LISTINGS.name)
    index.ask_for_rebuild(LISTINGS.name)
    return True


def _means(embedder: Embedder) -> dict[str, bytes]:
    """The middle of each language of which there are enough vectors, and of all; memory is bounded by a portion."""
    import numpy

    sums: dict[str, Any] = {}
    counts: dict[str, int] = {}
    last = 0
    columns = select(ListingVector.listing_id, ListingVector.language, Listing.kind, ListingVector.vector).join(
        Listing, Listing.id == ListingVector.listing_id
    )
    made = columns.where(ListingVector.embedder == embedder.name, ListingVector.vector.is_not(None))
    while rows := session.execute(
        made.where(ListingVector.listing_id > last).order_by(ListingVector.listing_id).limit(_PORTION)
    ).all():
        named = [(row.language, vectors.side_of(row.language, row.kind), EVERY) for row in rows]
        for language in {name for names in named for name in names}:
            some = [vectors.unpacked(row.vector or b"") for row, names in zip(rows, named, strict=True)
                    if language in names]
            sums[language] = sums.get(language, 0) + numpy.sum(some, axis=0, dtype=numpy.float64)
            counts[language] = counts.get(language, 0) + len(some)
        last = rows[-1].listing_id
    session.rollback()
    return {
        language: (sums[language] / count).astype("<f4").tobytes()
        for language, count in counts.items() if count >= LEAST
    }


def _what_counts() -> Any:
    return session.execute(select(VectorSpace.embedder, VectorSpace.dimensions, VectorSpace.counted)).first()


def _counts(embedder: Embedder) -> bool:
    """Is it (still) the one whose vectors count?"""
    row = _what_counts()
    return row is not None and row.embedder == embedder.name

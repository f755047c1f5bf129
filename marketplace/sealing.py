"""The audit log's chain: each entry's hash covers its content and the hash before it, so that nothing can be changed,
left out, added between or put in another order without being found.

Entries are written unsealed, in the transaction of the act, and wait for nobody. The worker seals them some seconds
later, one process at a time. PostgreSQL gives out numbers before it commits, so an entry with a lower number may appear
after one with a higher: the chain therefore counts by itself (`seal`, without gaps) and takes whatever is committed and
not sealed yet, whenever that is. Nothing looks for "numbers above the last".

Address, device and details are hashed with a salt each, and the digest is what the chain covers. Erasing them puts the
digest in the salt's place: the chain still fits, and what was there cannot be guessed.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update

from marketplace import clock
from marketplace.audit import AuditEntry
from marketplace.db import dialect, in_transaction, session, transaction

log = logging.getLogger(__name__)
BATCH = 200
"""Entries sealed in one transaction: some ten milliseconds for other writers to wait on SQLite."""
START = "0" * 64
"""What the first entry has for the hash before it."""
LATE = timedelta(hours=1)
"""An entry not sealed after this long: no worker runs, or somebody keeps it from being sealed."""
SHOWN = 20
_SEALING = 0x79697365
"""The number of PostgreSQL's advisory lock under which the chain grows."""
_SALT, _DIGEST = "salt:", "digest:"
_table: Any = AuditEntry.__table__


@dataclass(frozen=True)
class Head:
    """The last link: who keeps it elsewhere can prove later that nothing before it was touched."""

    seal: int
    hash: str

    def __str__(self) -> str:
        return f"{self.hash}@{self.seal}"


@dataclass(frozen=True)
class Fault:
    """Where the chain does not hold. `entry` is None where the entry itself is missing."""

    kind: str
    """changed, missing, cut short, or another history."""
    seal: int
    """The place in the chain; of a gap, the first."""
    entry: int | None = None
    until: int | None = None
    """Of a gap, the last place."""


@dataclass
class Verdict:
    sealed: int = 0
    waiting: int = 0
    """Entries not sealed yet."""
    late: int = 0
    """Of those, how many have waited for more than an hour."""
    erased: int = 0
    """Entries whose address or details were erased: their digest is what was checked."""
    head: Head | None = None
    broken: int = 0
    faults: list[Fault] = field(default_factory=list)
    """The first of what is broken, in the order of the chain."""

    @property
    def is_whole(self) -> bool:
        return not self.broken

    def note(self, fault: Fault) -> None:
        self.broken += 1
        if len(self.faults) < SHOWN:
            self.faults.append(fault)


def seal_all(longest: timedelta = timedelta(seconds=20)) -> int:
    """Seal what is written and not sealed yet; return how many. Stops after a while: the worker has other work too."""
    done, until = 0, time.monotonic() + longest.total_seconds()
    while time.monotonic() < until:
        count = _seal_some()
        done += count
        if count < BATCH:
            break
    return done


def head() -> Head | None:
    """The last link of the chain as it stands in the database."""
    last = select(AuditEntry.seal, AuditEntry.hash).where(AuditEntry.seal.is_not(None))
    row = session.execute(last.order_by(AuditEntry.seal.desc()).limit(1)).first()
    return Head(row.seal, row.hash or "") if row is not None and row.seal is not None else None


def tell_head() -> None:
    """Write the head into the log lines, which are kept in another place than the database where it matters."""
    last = head()
    session.rollback()
    if last is not None:
        log.info("audit_head=%s", last)


def verify(known: Head | None = None) -> Verdict:
    """Follow the chain from its beginning. `known`, a head noted earlier, also tells a log that was cut short or
    written anew from one that is whole."""
    found = Verdict()
    previous, expected, seen = START, 1, known is None
    for row in _chain():
        seal = row.seal
        follows = seal == expected  # after a gap nobody knows what the hash before was
        if not follows:
            found.note(Fault("missing", expected, until=seal - 1))
        elif row.hash != _hash(row, seal, previous, _proven(row)):
            found.note(Fault("changed", seal, row.id))
        if known is not None and seal == known.seal:
            seen = True
            if row.hash != known.hash:
                found.note(Fault("another history", seal, row.id))
        found.sealed += 1
        found.erased += any((proof or "").startswith(_DIGEST) for proof in (row.origin_proof, row.details_proof))
        previous, expected = row.hash or "", seal + 1
        found.head = Head(seal, previous)
    if known is not None and not seen:
        found.note(Fault("cut short", known.seal))
    found.waiting, found.late = _waiting()
    return found


def blank_origins(before: datetime, limit: int = 20_000) -> int:
    """Erase network address and device of entries older than `before`; return how many. The chain still fits."""
    old = select(AuditEntry.id).where(AuditEntry.at < before)
    return _erase(old.where(AuditEntry.address.is_not(None)), origin=True, limit=limit) + _erase(
        old.where(AuditEntry.address.is_(None), AuditEntry.device.is_not(None)), origin=True, limit=limit)


def erase_origins_of(actor_id: int) -> int:
    """Erase from where a person acted, who goes. Also where nobody was signed in and the act was on their account."""
    there = AuditEntry.address.is_not(None) | AuditEntry.device.is_not(None)
    theirs = select(AuditEntry.id).where(there, AuditEntry.actor_id == actor_id)
    on_them = select(AuditEntry.id).where(
        there, AuditEntry.actor_id.is_(None), AuditEntry.subject_kind == "user", AuditEntry.subject_id == actor_id)
    return _erase(theirs, origin=True) + _erase(on_them, origin=True)


def erase_details(entry_ids: Sequence[int]) -> int:
    """Erase the details of entries, should a name stand in them that must go."""
    return sum(_erase(select(AuditEntry.id).where(AuditEntry.id.in_(entry_ids[start : start + BATCH])), origin=False)
               for start in range(0, len(entry_ids), BATCH))


def _seal_some() -> int:
    unsealed = select(_table).where(AuditEntry.seal.is_(None)).order_by(AuditEntry.id).limit(BATCH)
    waits = session.execute(unsealed.with_only_columns(AuditEntry.id).limit(1)).first() is not None
    _let_go()
    if not waits:
        return 0
    with transaction():
        _take_turn()
        last = head()
        number, previous = (last.seal, last.hash) if last is not None else (0, START)
        changes = []
        for row in session.execute(unsealed):
            number += 1
            origin, details = (_SALT + secrets.token_hex(8) for _ in range(2))
            previous = _hash(row, number, previous, (_digest(origin, _origin(row)), _digest(details, row.details)))
            changes.append({"key": row.id, "seal": number, "hash": previous, "origin_proof": origin,
                            "details_proof": details})
        if changes:
            _write(changes)
    return len(changes)


def _erase(chosen: Any, *, origin: bool, limit: int = 1_000_000) -> int:
    """Blank the origin, or else the details, of the chosen entries, of which none may be unsealed."""
    seal_all()
    ids = session.scalars(chosen.order_by(AuditEntry.id).limit(limit)).all()
    _let_go()
    erased = 0
    for start in range(0, len(ids), BATCH):
        with transaction():
            _take_turn()
            these = select(_table).where(AuditEntry.id.in_(ids[start : start + BATCH]), AuditEntry.seal.is_not(None))
            changes = [_blank(row, origin=origin) for row in session.execute(these)]
            if changes:
                _write(changes)
        erased += len(changes)
    return erased


def _blank(row: Row[Any], *, origin: bool) -> dict[str, Any]:
    if origin:
        proof = _digest(row.origin_proof, _origin(row))
        return {"key": row.id, "address": None, "device": None, "origin_proof": _DIGEST + proof}
    return {"key": row.id, "details": {}, "details_proof": _DIGEST + _digest(row.details_proof, row.details)}


def _write(changes: list[dict[str, Any]]) -> None:
    names = [name for name in changes[0] if name != "key"]
    change = update(_table).where(_table.c.id == bindparam("key")).values({name: bindparam(name) for name in names})
    session.connection().execute(change, changes)


def _take_turn() -> None:
    """One process at a time: on SQLite a transaction that writes is alone as it is."""
    if dialect() == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_SEALING)))


def _let_go() -> None:
    """End the reading so far: looking holds no lock."""
    if not in_transaction():
        session.rollback()


def _chain() -> Iterator[Row[Any]]:
    """The sealed entries in order, some at a time: neither memory nor a lock grows with the log."""
    after = 0
    while True:
        rows = session.execute(
            select(_table).where(AuditEntry.seal > after).order_by(AuditEntry.seal).limit(BATCH)
        ).all()
        _let_go()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1].seal


def _waiting() -> tuple[int, int]:
    unsealed = select(func.count()).select_from(AuditEntry).where(AuditEntry.seal.is_(None))
    late = unsealed.where(AuditEntry.at < clock.now() - LATE)
    return session.scalar(unsealed) or 0, session.scalar(late) or 0


def _hash(row: Row[Any], seal: int, previous: str, digests: tuple[str, str]) -> str:
    """Of one canonical text: the same on every database and in every release."""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    return sha256(_canonical([
        seal, row.id, at, row.actor_id, row.action, row.subject_kind, row.subject_id, row.introduction_ref, row.via,
        row.credential, row.request_id, *digests, previous,
    ])).hexdigest()


def _proven(row: Row[Any]) -> tuple[str, str]:
    """The digests of origin and details: computed from what is there, or what stayed when it was erased."""
    return _digest(row.origin_proof, _origin(row)), _digest(row.details_proof, row.details)


def _digest(proof: str | None, content: Any) -> str:
    if proof is None or not proof.startswith(_DIGEST):
        return sha256(_canonical([proof, content])).hexdigest()
    # What is erased is empty: something that stands there after all was put there.
    return proof.removeprefix(_DIGEST) if content in ({}, [None, None]) else "not empty"


def _origin(row: Row[Any]) -> list[str | None]:
    return [row.address, row.device]


def _canonical(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

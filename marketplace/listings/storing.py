"""Many listings at once, into the table and the outbox, a batch in a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from marketplace import clock, outbox, refs
from marketplace.db import session, transaction
from marketplace.listings.fields import BY_NAME
from marketplace.listings.models import Kind, Listing, ListingVersion, State, VersionState
from marketplace.listings.workflow import STATES
from marketplace.phrases import say

VALID_DAYS = {Kind.RESULT: 365, Kind.NEED: 183}
CHANGEABLE = frozenset({State.DRAFT, State.CHANGES_REQUESTED})
"""States in which any import may change a listing; one that publishes (an operator's) also changes published ones."""


@dataclass(frozen=True)
class Target:
    """Whose listings they become, and who brings them; None is the command line."""

    organisation_id: int
    actor_id: int | None = None


@dataclass(frozen=True)
class Entry:
    line: int
    row: dict[str, Any]
    external_id: str
    digest: str
    content: dict[str, Any]


@dataclass
class Stored:
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[Entry, str]] = field(default_factory=list)


def store_many(
    target: Target, kind: Kind, state: State, source: str, entries: Sequence[Entry], *, dry_run: bool = False
) -> Stored:
    """Add what is new, change what says something else than last time, leave the rest; tell the index of it all."""
    known = _known(target, source, [entry.external_id for entry in entries])
    outcome, new, changed = Stored(), [], []
    for entry in entries:
        before = known.get(entry.external_id)
        if before is None:
            new.append(entry)
        elif before.kind is not kind:
            outcome.refused.append((entry, say("{ref} has this external id and is of the other kind.", ref=before.ref)))
        elif before.content_digest == entry.digest and not _rises(before.state, state):
            outcome.unchanged += 1
        elif before.state in CHANGEABLE or (
            state is State.PUBLISHED and before.state in (State.SUBMITTED, State.PUBLISHED)
        ):
            changed.append((before, entry))
        else:
            outcome.refused.append(
                (
                    entry,
                    say(
                        "{ref} is {state} and is changed on its own page, not by an import.",
                        ref=before.ref,
                        state=STATES[before.state],
                    ),
                )
            )
    outcome.new, outcome.changed = len(new), len(changed)
    if dry_run or not (new or changed):
        return outcome
    with transaction():
        ids = _add(target, kind, state, source, new)
        for before, entry in changed:
            _change(before.id, state, entry, target)
        outbox.publish("listing.changed", *ids, *(before.id for before, _ in changed))
    return outcome


def _known(target: Target, source: str, external_ids: Sequence[str]) -> dict[str, Any]:
    columns = (Listing.id, Listing.ref, Listing.kind, Listing.state, Listing.content_digest, Listing.external_id)
    these = select(*columns).where(
        Listing.organisation_id == target.organisation_id,
        Listing.source == source,
        Listing.external_id.in_(external_ids),
    )
    return {row.external_id: row for row in session.execute(these)}


def _rises(before: State, wanted: State) -> bool:
    """Does the import mean to bring a listing further than it is, though its row has not changed?"""
    return (before is State.DRAFT and wanted is not State.DRAFT) or (
        before is State.SUBMITTED and wanted is State.PUBLISHED
    )


def _add(target: Target, kind: Kind, state: State, source: str, entries: Sequence[Entry]) -> list[int]:
    if not entries:
        return []
    now = clock.now()
    names = refs.take("R" if kind is Kind.RESULT else "N", len(entries))
    common = {
        "kind": kind,
        "state": state,
        "organisation_id": target.organisation_id,
        "created_by_id": target.actor_id,
        "contact_id": target.actor_id,
        "created_at": now,
        "changed_at": now,
        "source": source,
        "version": 1,
        "submitted_at": None if state is State.DRAFT else now,
        "published_at": now if state is State.PUBLISHED else None,
    }
    rows = [
        {
            **common,
            **_columns(kind, entry.content, {}, state),
            "ref": ref,
            "external_id": entry.external_id,
            "content_digest": entry.digest,
        }
        for ref, entry in zip(names, entries, strict=True)
    ]
    ids = list(session.scalars(insert(Listing).returning(Listing.id, sort_by_parameter_order=True), rows))
    if state is State.PUBLISHED:
        versions = [
            {**_version(target), "listing_id": number, "number": 1, "content": snapshot(entry.content)}
            for number, entry in zip(ids, entries, strict=True)
        ]
        session.execute(insert(ListingVersion), versions)
    return ids


def _change(number: int, state: State, entry: Entry, target: Target) -> None:
    listing = session.get_one(Listing, number)
    now = clock.now()
    for name, value in _columns(listing.kind, entry.content, listing.details, state).items():
        if value is not None or name not in ("valid_until",):
            setattr(listing, name, value)
    listing.content_digest, listing.changed_at = entry.digest, now
    if listing.state is not state and state is not State.DRAFT:
        listing.state = state
        listing.submitted_at = listing.submitted_at or now
    if state is State.PUBLISHED:
        listing.published_at = listing.published_at or now
        _new_version(number, entry, target)
    for translation in listing.translations:
        translation.is_stale = True


def _new_version(number: int, entry: Entry, target: Target) -> None:
    of_listing = ListingVersion.listing_id == number
    last = session.scalar(
        select(ListingVersion.number).where(of_listing).order_by(ListingVersion.number.desc()).limit(1)
    )
    session.execute(
        update(ListingVersion)
        .where(of_listing, ListingVersion.state == VersionState.IN_FORCE)
        .values(state=VersionState.SUPERSEDED)
    )
    session.add(
        ListingVersion(**_version(target), listing_id=number, number=(last or 0) + 1, content=snapshot(entry.content))
    )


def _version(target: Target) -> dict[str, Any]:
    now = clock.now()
    return {
        "state": VersionState.IN_FORCE,
        "created_at": now,
        "created_by_id": target.actor_id,
        "decided_at": now,
        "decided_by_id": target.actor_id,
    }


_EMPTY: dict[str, Any] = {
    "keywords": [],
    "ipc": [],
    "modes": [],
    "summary": "",
    "title": "",
    "anonymous": False,
    "language": "zh",
    "confidential_tier": 2,
}
_IDENTITY = frozenset({"source", "external_id"})
_COLUMNS = tuple(name for name, f in BY_NAME.items() if f.column and name not in _IDENTITY)


def _columns(kind: Kind, content: dict[str, Any], details: dict[str, Any], state: State) -> dict[str, Any]:
    """Content as the table's columns; every row has them all, so that a batch is one statement."""
    values = {name: content.get(name) for name in _COLUMNS}
    for name, empty in _EMPTY.items():
        if values[name] is None:
            values[name] = empty
    if values["valid_until"] is None:
        values["valid_until"] = clock.today() + timedelta(days=VALID_DAYS[kind])
    if values["price_amount"] is not None and values["price_currency"] is None:
        values["price_currency"] = "CNY"
    longer = {
        name: value for name, value in content.items() if not BY_NAME[name].column and value not in (None, "", [])
    }
    return {**values, "details": {**details, **longer}}


def snapshot(content: dict[str, Any]) -> dict[str, Any]:
    """Content as JSON keeps it."""
    return {name: _plain(value) for name, value in content.items() if value not in (None, "", [])}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value

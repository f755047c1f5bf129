"""Many listings at once, into the table and the outbox, a batch in a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from marketplace import clock, outbox, refs
from marketplace.db import session, transaction
from marketplace.listings import versions
from marketplace.listings.models import Kind, Listing, ListingVersion, State, VersionState
from marketplace.listings.moves import new_term
from marketplace.listings.workflow import STATES
from marketplace.phrases import say

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
        "kind": kind, "state": state, "organisation_id": target.organisation_id, "created_by_id": target.actor_id,
        "contact_id": target.actor_id, "created_at": now, "changed_at": now, "version": 1,
        "submitted_at": None if state is State.DRAFT else now,
        "published_at": now if state is State.PUBLISHED else None,
    }  # fmt: skip
    rows = [
        {**versions.columns(kind, entry.content), **common, "ref": ref, "source": source,
         "external_id": entry.external_id, "content_digest": entry.digest,
         "valid_until": _term(kind, state, entry.content.get("valid_until"))}
        for ref, entry in zip(names, entries, strict=True)
    ]  # fmt: skip
    ids = list(session.scalars(insert(Listing).returning(Listing.id, sort_by_parameter_order=True), rows))
    if state is State.PUBLISHED:
        who, when = target.actor_id, now
        decided = {"created_at": when, "created_by_id": who, "decided_at": when, "decided_by_id": who}
        first = {**decided, "state": VersionState.IN_FORCE, "number": 1}
        session.execute(
            insert(ListingVersion),
            [
                {**first, "listing_id": number, "content": versions.pack(versions.settled(kind, entry.content))}
                for number, entry in zip(ids, entries, strict=True)
            ],
        )
    return ids


def _change(number: int, state: State, entry: Entry, target: Target) -> None:
    """What the row says replaces what was said; fields the file has no column for stay."""
    listing = session.get_one(Listing, number)
    now = clock.now()
    before = versions.content_of(listing)
    versions.put(listing, {**before, **entry.content, "source": listing.source, "external_id": listing.external_id})
    versions.mark_translations(listing, before)
    listing.content_digest, listing.changed_at = entry.digest, now
    if listing.state is not state and state is not State.DRAFT:
        listing.state = state
        listing.submitted_at = listing.submitted_at or now
    listing.valid_until = _term(listing.kind, state, listing.valid_until)
    if state is State.PUBLISHED:
        listing.published_at = listing.published_at or now
        session.flush()
        versions.put_in_force(listing, target.actor_id, target.actor_id)


def _term(kind: Kind, state: State, given: date | None) -> date | None:
    """A listing's term begins when it is published."""
    return given or (new_term(kind) if state is State.PUBLISHED else None)

"""What people do with listings. With its parts (moves, sharing, renewal) the only writer of their tables.

Everybody calls `service.<verb>`; the parts are split off only to be read one subject at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from marketplace import audit, clock, outbox, refs
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.files import service as files
from marketplace.files.models import StoredFile
from marketplace.listings import versions
from marketplace.listings.completeness import disagreements, missing
from marketplace.listings.fields import BY_NAME
from marketplace.listings.lists import (
    counts_of_mine,
    in_rank_order,
    mine,
    needs_me,
    review_queue,
    seen_by,
    to_read_over,
)
from marketplace.listings.models import Kind, Listing, ListingVersion, State, VersionState
from marketplace.listings.moves import (
    approve,
    mark_matched,
    pause,
    publish,
    reject,
    renew,
    request_changes,
    resume,
    send_back,
    submit,
    take_back,
    told_when_stale,
    withdraw,
)
from marketplace.listings.permissions import (
    can_approve,
    can_create_for,
    can_edit,
    can_see,
    can_see_versions,
    is_own,
    tier_for,
    visible_to,
)
from marketplace.listings.renewal import expire_due
from marketplace.listings.sharing import (
    accept_translation,
    attach,
    detach,
    excluded,
    grant,
    revoke_grants,
    set_exclusions,
    set_translation,
)
from marketplace.listings.tiers import NAMED_FROM, View, view_at
from marketplace.listings.vocabulary import language_of
from marketplace.listings.workflow import PUBLISHED_ONCE, Action
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say

__all__ = [
    "accept_translation", "act", "approve", "attach", "change", "copy", "counts_of_mine", "create", "detach",
    "editing", "excluded", "expire_due", "get", "grant", "in_rank_order", "mark_matched", "mine", "needs_me", "pause",
    "proposed", "publish", "reading", "reject", "renew", "request_changes", "resume", "review_queue", "revoke_grants",
    "seen_by", "send_back", "set_exclusions", "set_translation", "submit", "take_back", "teaser", "to_read_over",
    "versions_of", "visible_refs", "withdraw",
]

MOVES: dict[str, Callable[..., Listing]] = {
    verb.__name__: verb for verb in (
        submit, approve, send_back, take_back, publish, request_changes, reject, pause, resume, mark_matched, renew,
        withdraw,
    )
}
DECISIONS = frozenset({"publish", "request_changes", "reject"})
"""Moves in which it matters which text their maker has read."""
LETTERS = {Kind.RESULT: "R", Kind.NEED: "N"}


def get(actor: Reader, ref: str) -> Listing:
    """The listing, if this reader may know of it; otherwise NotFound, never Forbidden."""
    written = ref.upper() if len(ref) < 40 and ref.isascii() and ref.isprintable() else ""
    listing = session.scalar(select(Listing).where(Listing.ref == written)) if written else None
    if listing is None or not can_see(actor, listing):
        raise NotFound
    return listing


def visible_refs(actor: Reader, refs: Sequence[str]) -> Sequence[str]:
    """Those of these listings that this reader may know of."""
    return session.scalars(select(Listing.ref).where(Listing.ref.in_(refs), visible_to(actor))).all()


def reading(actor: Reader, listing: Listing) -> View:
    """Exactly what this reader may read of it. That something of tier 2 or 3 was read is recorded."""
    tier = tier_for(actor, listing)
    inside = can_see_versions(actor, listing)
    view = view_at(listing, tier, files.of("listing", listing.id), inside=inside)
    read = list(view.confidential_part)
    if not is_own(actor, listing):
        if view.contact is not None:
            read.append("contact")
        if listing.anonymous and tier >= NAMED_FROM:
            read.append("name")
    if read:
        record_reading(actor, listing, tier, read)
    return view


def seen(actor: Reader, listing: Listing) -> bool:
    """Does this reader still know of it, after what they just did to it?"""
    return can_see(actor, listing)


def open_attachment(actor: Reader, listing: Listing, file_id: int) -> StoredFile:
    """A file of the listing that this reader may read; reading one of tier 2 or 3 is recorded."""
    tier = tier_for(actor, listing)
    readable = view_at(listing, tier, files.of("listing", listing.id)).attachments
    file = next((file for file in readable if file.id == file_id), None)
    if file is None:
        raise NotFound
    if file.tier >= 2:
        record_reading(actor, listing, tier, [f"file {file.id}", file.name])
    return file


def teaser(actor: Reader, listing: Listing) -> View:
    """What a list may show of it to this reader: nothing that would have to be recorded."""
    return view_at(listing, min(tier_for(actor, listing), 1))


def editing(actor: Reader, listing: Listing) -> dict[str, Any]:
    """The whole content as its authors left it, to be written on: a waiting change if there is one."""
    require(can_edit(actor, listing))
    content = versions.proposed_content(listing)
    if content.get("confidential"):
        record_reading(actor, listing, 3, ["confidential"])
    return content


def record_reading(actor: Reader, listing: Listing, tier: int, read: list[str]) -> None:
    """Note who read what of tiers 2 and 3, and the introduction that let them."""
    own = {m.organisation_id for m in actor.memberships} if actor is not None else set()  # type: ignore[attr-defined]
    through = [g for g in listing.grants if g.organisation_id in own and g.tier >= 2]
    widest = max(through, key=lambda g: g.tier) if through and not is_own(actor, listing) else None
    ref, organisation = (widest.introduction_ref, widest.organisation_id) if widest else (None, None)
    audit.record(actor.id if actor else None, "listing.read", "listing", listing.id, ref, tier=tier, read=read,
                 organisation=listing.organisation_id if is_own(actor, listing) else organisation)


def versions_of(actor: Reader, listing: Listing) -> list[ListingVersion]:
    """What it said and is to say, the newest first; to its authors and platform staff. Staff see no unfinished ones."""
    if not can_see_versions(actor, listing):
        raise NotFound
    found, unfinished = versions.all_of(listing), (VersionState.DRAFT, VersionState.KEPT)
    shown = found if is_own(actor, listing) else [v for v in found if v.state not in unfinished]
    if any(version.content.get("confidential") for version in shown):
        record_reading(actor, listing, 3, ["confidential"])
    return shown


def proposed(actor: Reader, listing: Listing) -> dict[str, Any]:
    """For those who decide: what it says and what a change that waits would make it say."""
    content = versions.proposed_content(listing)
    if content.get("confidential") and content["confidential"] != listing.confidential:
        record_reading(actor, listing, 3, ["confidential"])
    return content


def act(actor: Reader, listing: Listing, action: Action, said: str = "", version: int | None = None) -> Listing:
    """Make one move of the workflow's table, with the words it asks for and the version its reader looked at."""
    verb = MOVES[action.name]
    if action.name in DECISIONS:
        return verb(actor, listing, said, version) if action.asks else verb(actor, listing, version)
    return verb(actor, listing, said) if action.asks else verb(actor, listing)


def create(actor: User, organisation: Organisation, kind: Kind, content: Mapping[str, Any]) -> Listing:
    """A new draft. `content` is as listings.content.validate_content returns it; it may lack anything."""
    require(can_create_for(actor, organisation.id))
    with transaction():
        now = clock.now()
        listing = Listing(
            ref=refs.take(LETTERS[kind])[0], kind=kind, state=State.DRAFT, organisation=organisation,
            contact_id=actor.id, created_by_id=actor.id, created_at=now, changed_at=now,
        )
        _check(listing, content)
        versions.put(listing, {"language": language_of(content.get("title") or ""), **content})
        session.add(listing)
        session.flush()
        audit.record(actor.id, "listing.created", "listing", listing.id)
        outbox.publish("listing.changed", listing.id)
    return listing


def copy(actor: User, listing: Listing) -> Listing:
    """A new draft that begins with everything this listing says, except its number in another system."""
    require(can_create_for(actor, listing.organisation_id))
    content = {**versions.proposed_content(listing), "external_id": None, "source": None, "valid_until": None}
    return create(actor, listing.organisation, listing.kind, content)


def change(actor: User, listing: Listing, content: Mapping[str, Any], version: int | None) -> Listing:
    """Give fields new values. After publication, changes of substance wait for review while the old text stays on show.

    `version` is the one the writer started from (None: whatever is there now). Raises Conflict when somebody
    changed the listing since.
    """
    require(can_edit(actor, listing))
    if version is not None and listing.version != version:
        raise Conflict(say("Somebody else changed this listing while you were writing. Nothing was overwritten."))
    with told_when_stale():
        base = versions.proposed_content(listing)
        proposed = versions.settled(listing.kind, {**base, **content})
        if not versions.changed_fields(listing.kind, base, proposed):
            return listing
        _check(listing, proposed)
        if listing.state in PUBLISHED_ONCE:
            _change_published(actor, listing, proposed)
        else:
            before = versions.content_of(listing)
            versions.put(listing, proposed)
            versions.mark_translations(listing, before)
        listing.changed_at = clock.now()
        audit.record(actor.id, "listing.changed", "listing", listing.id)
        outbox.publish("listing.changed", listing.id)
    return listing


def _change_published(actor: User, listing: Listing, proposed: dict[str, Any]) -> None:
    """What may show at once shows at once; the rest waits as one version."""
    lacking = missing(listing.kind, proposed)
    if lacking:
        raise Invalid(lacking)
    if versions.in_force(listing) is None:
        # Published by an import, which keeps no first version.
        versions.put_in_force(listing, listing.created_by_id, None)
        session.flush()
    before = versions.content_of(listing)
    changed = versions.changed_fields(listing.kind, before, proposed)
    waiting = [name for name in changed if BY_NAME[name].review_again]
    versions.put(listing, {**proposed, **{name: before[name] for name in waiting}})
    versions.mark_translations(listing, before)
    versions.put_in_force(listing, actor.id, actor.id)
    session.flush()
    _let_wait(actor, listing, proposed if waiting else None)


def _let_wait(actor: User, listing: Listing, proposed: dict[str, Any] | None) -> None:
    """Make `proposed` the change that waits; None: nothing waits any more."""
    pending = listing.pending
    if proposed is None:
        if pending is not None:
            pending.state = VersionState.SUPERSEDED
    else:
        needs_admin = listing.organisation.requires_approval and not can_approve(actor, listing)
        if pending is None:
            pending = ListingVersion(listing_id=listing.id, number=versions.number_after_last(listing))
            session.add(pending)
        pending.state = VersionState.DRAFT if needs_admin else VersionState.IN_REVIEW
        pending.content = versions.pack(proposed)
        pending.created_at, pending.created_by_id = clock.now(), actor.id
    versions.forget_pending(listing)


def _check(listing: Listing, content: Mapping[str, Any]) -> None:
    """What one field alone cannot tell."""
    problems = disagreements(listing.kind, content)
    number = content.get("external_id")
    if number:
        owner = listing.organisation_id or listing.organisation.id
        same = select(Listing.ref).where(
            Listing.organisation_id == owner, Listing.source == (content.get("source") or ""),
            Listing.external_id == number, Listing.id != (listing.id or 0),
        )
        with session.no_autoflush:
            ref = session.scalar(same)
        if ref:
            problems["external_id"] = say("“{number}” is already the number of {ref}.", number=number, ref=ref)
    if problems:
        raise Invalid(problems)

"""The moves of listings/workflow.py, carried out: each a bare verb, its rule the row of the table with its name."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from marketplace import audit, clock, outbox
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, require
from marketplace.listings import versions
from marketplace.listings.completeness import missing
from marketplace.listings.fields import BY_NAME as FIELDS
from marketplace.listings.models import Kind, Listing, State, VersionState
from marketplace.listings.permissions import can_approve, is_own
from marketplace.listings.workflow import BY_NAME, STATES, Action
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Membership, Role
from marketplace.organisations.permissions import Reader
from marketplace.phrases import Phrase, say

TERM_IN_MONTHS = {Kind.RESULT: 12, Kind.NEED: 6}
LONGEST_REMARK = 2_000


@contextmanager
def told_when_stale() -> Iterator[None]:
    """A transaction in which losing a race to somebody else is a Conflict."""
    try:
        with transaction():
            yield
            session.flush()
    except (StaleDataError, IntegrityError):  # both may have written the same next version
        raise Conflict(say("Somebody else changed this listing at the same moment. Look at it again.")) from None


def submit(actor: Reader, listing: Listing) -> Listing:
    """Hand it to review; where the organisation wants an admin to look first, to the admin."""
    action = _allowed(actor, listing, "submit")
    by_admin = can_approve(actor, listing) or not listing.organisation.requires_approval
    if action.concerns_version(listing):
        require(by_admin, say("An admin of your organisation approves this change before it goes to review."))
        return _move_version(actor, listing, action, VersionState.IN_REVIEW)
    _require_complete(listing)
    if by_admin:
        return _move(actor, listing, action)
    with told_when_stale():
        _move(actor, listing, action, to=State.AWAITING_APPROVAL)
        _tell(_admins(listing), say("“{title}” awaits your approval.", title=listing.title), listing, actor)
    return listing


def approve(actor: Reader, listing: Listing) -> Listing:
    """On the organisation's behalf, hand it to review."""
    action = _allowed(actor, listing, "approve")
    if action.concerns_version(listing):
        return _move_version(actor, listing, action, VersionState.IN_REVIEW)
    _require_complete(listing)
    return _move(actor, listing, action)


def send_back(actor: Reader, listing: Listing, remark: str) -> Listing:
    """An admin wants the author to change something before review."""
    action = _allowed(actor, listing, "send_back")
    said = _said(remark, "remark")
    message = say("Your admin sent “{title}” back: {remark}", title=listing.title, remark=said)
    return _move(actor, listing, action, tell=message, remark=said)


def take_back(actor: Reader, listing: Listing) -> Listing:
    """Out of the queue again, to go on writing."""
    return _move(actor, listing, _allowed(actor, listing, "take_back"))


def publish(actor: Reader, listing: Listing, version: int | None = None) -> Listing:
    """Let everyone in its audience find it, or put its waiting change in force.

    `version` is the one the reviewer read; Conflict when the authors changed it since.
    """
    action = _allowed(actor, listing, "publish")
    _require_version(listing, version)
    if not listing.organisation.is_verified:
        raise Conflict(say("The organisation is not verified yet. An operator verifies it first."))
    if action.concerns_version(listing):
        message = say("The change of “{title}” is published.", title=listing.title)
        return _put_pending_in_force(actor, listing, action, message)
    message = say("“{title}” is published.", title=listing.title)
    term = listing.valid_until or new_term(listing.kind)
    return _move(actor, listing, action, tell=message, published_at=clock.now(), valid_until=term)


def request_changes(actor: Reader, listing: Listing, remark: str, version: int | None = None) -> Listing:
    """Ask the authors for changes; they may submit again."""
    action = _allowed(actor, listing, "request_changes")
    _require_version(listing, version)
    said = _said(remark, "remark")
    message = say("Review asks for changes to “{title}”: {remark}", title=listing.title, remark=said)
    if action.concerns_version(listing):
        return _move_version(actor, listing, action, VersionState.DRAFT, tell=message, remark=said)
    return _move(actor, listing, action, tell=message, remark=said)


def reject(actor: Reader, listing: Listing, reason: str, version: int | None = None) -> Listing:
    """Refuse it for good, or refuse its waiting change; the reason goes to the authors."""
    action = _allowed(actor, listing, "reject")
    _require_version(listing, version)
    said = _said(reason, "reason")
    if action.concerns_version(listing):
        message = say("The change of “{title}” was not accepted: {reason}", title=listing.title, reason=said)
        return _move_version(actor, listing, action, VersionState.REJECTED, tell=message, remark=said)
    message = say("“{title}” was not accepted: {reason}", title=listing.title, reason=said)
    return _move(actor, listing, action, tell=message, remark=said)


def pause(actor: Reader, listing: Listing) -> Listing:
    """Take it out of sight for a while; who is in an introduction with it keeps seeing it."""
    return _move(actor, listing, _allowed(actor, listing, "pause"))


def resume(actor: Reader, listing: Listing) -> Listing:
    """Show it again. A term that ended meanwhile begins anew."""
    action = _allowed(actor, listing, "resume")
    over = listing.valid_until is not None and listing.valid_until < clock.today()
    return _move(actor, listing, action, valid_until=new_term(listing.kind) if over else listing.valid_until)


def mark_matched(actor: Reader, listing: Listing) -> Listing:
    """It has found its counterpart: still to be seen, no longer open for interest."""
    return _move(actor, listing, _allowed(actor, listing, "mark_matched"))


def renew(actor: Reader, listing: Listing) -> Listing:
    """Another term from today."""
    return _move(actor, listing, _allowed(actor, listing, "renew"), valid_until=new_term(listing.kind))


def withdraw(actor: Reader, listing: Listing, reason: str) -> Listing:
    """Take it away for good; its content is kept for its authors."""
    action = _allowed(actor, listing, "withdraw")
    said = _said(reason, "reason")
    with told_when_stale():
        if listing.pending is not None:
            listing.pending.state = VersionState.SUPERSEDED
            versions.forget_pending(listing)
        message = say("“{title}” was withdrawn: {reason}", title=listing.title, reason=said)
        moved = _move(actor, listing, action, tell=message, remark=said)
        outbox.publish("listing.withdrawn", listing.id)
    return moved


def new_term(kind: Kind) -> date:
    """The end of a term that begins today."""
    today = clock.today()
    years, month = divmod(today.month - 1 + TERM_IN_MONTHS[kind], 12)
    year, month = today.year + years, month + 1
    return date(year, month, min(today.day, monthrange(year, month)[1]))


def _allowed(actor: Reader, listing: Listing, name: str) -> Action:
    """The move, if this person may make it and the listing is where it begins."""
    action = BY_NAME[name]
    done_already = listing.state is State.WITHDRAWN and action.to is State.WITHDRAWN and is_own(actor, listing)
    require(done_already or action.may(actor, listing))
    if not action.applies(listing):
        values = {"action": action.label, "state": STATES[listing.state]}
        raise Conflict(say("“{action}” is not possible now: the listing is “{state}”.", **values))
    return action


def _move(
    actor: Reader, listing: Listing, action: Action, *, to: State | None = None, tell: Phrase | None = None,
    **values: object,
) -> Listing:
    """Compare and set: the row changes only if it is still the one that was looked at."""
    with told_when_stale():
        now = clock.now()
        listing.state, listing.changed_at = to or action.to, now
        if action.name in ("submit", "approve"):
            listing.submitted_at = now
        for name, value in values.items():
            setattr(listing, name, value)
        session.flush()
        if action.name == "publish":
            versions.put_in_force(listing, listing.created_by_id, actor.id if actor else None)
        _record(actor, listing, action, tell)
    return listing


def _move_version(
    actor: Reader, listing: Listing, action: Action, to: VersionState, *, tell: Phrase | None = None,
    remark: str | None = None,
) -> Listing:
    pending = listing.pending
    assert pending is not None
    with told_when_stale():
        listing.changed_at = clock.now()  # the listing's version is what two reviewers of one change race for
        pending.state = to
        if to is not VersionState.IN_REVIEW:
            pending.remark, pending.decided_at = remark, clock.now()
            pending.decided_by_id = actor.id if actor else None
        session.flush()
        versions.forget_pending(listing)
        _record(actor, listing, action, tell)
    return listing


def _put_pending_in_force(actor: Reader, listing: Listing, action: Action, tell: Phrase) -> Listing:
    pending = listing.pending
    assert pending is not None
    with told_when_stale():
        before = versions.in_force(listing)
        if before is not None:
            before.state = VersionState.SUPERSEDED
        proposed = versions.unpack(listing.kind, pending.content)
        now = versions.content_of(listing)
        reviewed = {name: value for name, value in proposed.items() if FIELDS[name].review_again}
        versions.put(listing, {**now, **reviewed})
        versions.mark_translations(listing, now)
        listing.changed_at = clock.now()
        session.flush()
        pending.content = versions.pack(versions.content_of(listing))
        pending.state, pending.decided_at = VersionState.IN_FORCE, clock.now()
        pending.decided_by_id, pending.remark = (actor.id if actor else None), None
        versions.forget_pending(listing)
        _record(actor, listing, action, tell)
    return listing


def _record(actor: Reader, listing: Listing, action: Action, tell: Phrase | None) -> None:
    audit.record(actor.id if actor else None, f"listing.{action.name}", "listing", listing.id)
    outbox.publish("listing.changed", listing.id)
    if tell is not None:
        authors = [i for i in (listing.contact_id, listing.created_by_id) if i is not None]
        _tell(authors, tell, listing, actor)


def _require_complete(listing: Listing) -> None:
    content = versions.content_of(listing)
    problems = missing(listing.kind, content)
    for name in ("valid_until", "deadline"):
        day = content.get(name)
        if day is not None and day < clock.today():
            problems[name] = say("{day} is past. Choose a later day or leave it empty.", day=day.isoformat())
    if problems:
        raise Invalid(problems)


def _require_version(listing: Listing, version: int | None) -> None:
    if version is not None and version != listing.version:
        raise Conflict(say("The authors changed this while you were reading it. Read it again before you decide."))


def _said(text: str, name: str) -> str:
    text = (text or "").strip()
    if not text:
        raise Invalid({name: say("Say why, in a sentence: the authors read it.")})
    if len(text) > LONGEST_REMARK:
        raise Invalid({name: say("At most {max} characters; this has {count}.", max=LONGEST_REMARK, count=len(text))})
    return text


def _tell(people: list[int], message: Phrase, listing: Listing, actor: Reader) -> None:
    others = set(people) - {actor.id if actor else None}
    if others:
        messaging.notify(sorted(i for i in others if i is not None), message, f"/listings/{listing.ref}",
                         kind=messaging.Kind.LISTINGS)


def _admins(listing: Listing) -> list[int]:
    admins = select(Membership.user_id).where(
        Membership.organisation_id == listing.organisation_id, Membership.role == Role.ADMIN
    )
    return list(session.scalars(admins))

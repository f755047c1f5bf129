"""Who hears of a step in refining: the people of the company, its broker, or brokers who could take it."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.listings.models import Listing
from marketplace.listings.tiers import title_in
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Membership, Role
from marketplace.phrases import Label, Phrase
from marketplace.refining.models import Refinement


def company(refinement: Refinement, phrase: Phrase, actor: User | None, once: str | None = None) -> None:
    """Those who may decide for the company, and its mailbox."""
    people = select(Membership.user_id).where(
        Membership.organisation_id == refinement.listing.organisation_id,
        Membership.role.in_([Role.ADMIN, Role.EDITOR]),
    )
    _notify(refinement, set(session.scalars(people)), phrase, actor, once)
    fact = once or _fact(refinement)
    messaging.notify_mailbox(refinement.listing.organisation, phrase, path(refinement), once=f"{fact}:company")


def broker(refinement: Refinement, phrase: Phrase, actor: User | None, once: str | None = None) -> None:
    if refinement.broker_id is not None:
        _notify(refinement, {refinement.broker_id}, phrase, actor, once)


def brokers(refinement: Refinement, phrase: Phrase, actor: User | None, once: str | None = None) -> None:
    """Every broker who may take it, and the mailbox they share."""
    listing = refinement.listing
    partial = {listing.organisation_id, *(exclusion.organisation_id for exclusion in listing.exclusions)}
    concerned = select(Membership.user_id).where(Membership.organisation_id.in_(partial))
    free = select(User.id).where(User.is_broker, User.disabled_at.is_(None), User.id.not_in(concerned))
    _notify(refinement, set(session.scalars(free)), phrase, actor, once)
    messaging.notify_broker_mailbox(phrase, path(refinement), once=f"{once or _fact(refinement)}:brokers")


def title(listing: Listing) -> Label:
    """In both languages; an untitled draft by its number. Whoever hears of it may read it."""
    return Label(*(title_in(listing, language) or listing.ref for language in ("zh", "en")))


def path(refinement: Refinement) -> str:
    return f"/needs/{refinement.listing.ref}/refining"


def _fact(refinement: Refinement) -> str:
    """The step that was just made; every step raises the version."""
    return f"refinement:{refinement.id}:{refinement.version}"


def _notify(
    refinement: Refinement, people: set[int], phrase: Phrase, actor: User | None, once: str | None = None
) -> None:
    """With `once` it is a reminder."""
    others = people - ({actor.id} if actor is not None else set())
    if others:
        kind = messaging.Kind.REMINDERS if once else messaging.Kind.LISTINGS
        messaging.notify(sorted(others), phrase, path(refinement), kind=kind, once=once)

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


def company(refinement: Refinement, phrase: Phrase, actor: User | None) -> None:
    """Those who may decide for the company."""
    people = select(Membership.user_id).where(
        Membership.organisation_id == refinement.listing.organisation_id,
        Membership.role.in_([Role.ADMIN, Role.EDITOR]),
    )
    _notify(refinement, set(session.scalars(people)), phrase, actor)


def broker(refinement: Refinement, phrase: Phrase, actor: User | None) -> None:
    if refinement.broker_id is not None:
        _notify(refinement, {refinement.broker_id}, phrase, actor)


def brokers(refinement: Refinement, phrase: Phrase, actor: User | None) -> None:
    """Every broker who may take it."""
    listing = refinement.listing
    partial = {listing.organisation_id, *(exclusion.organisation_id for exclusion in listing.exclusions)}
    concerned = select(Membership.user_id).where(Membership.organisation_id.in_(partial))
    free = select(User.id).where(User.is_broker, User.disabled_at.is_(None), User.id.not_in(concerned))
    _notify(refinement, set(session.scalars(free)), phrase, actor)


def title(listing: Listing) -> Label:
    """In both languages; an untitled draft by its number. Whoever hears of it may read it."""
    return Label(*(title_in(listing, language) or listing.ref for language in ("zh", "en")))


def path(refinement: Refinement) -> str:
    return f"/needs/{refinement.listing.ref}/refining"


def _notify(refinement: Refinement, people: set[int], phrase: Phrase, actor: User | None) -> None:
    others = people - ({actor.id} if actor is not None else set())
    if others:
        messaging.notify(sorted(others), phrase, path(refinement), kind=messaging.Kind.LISTINGS)

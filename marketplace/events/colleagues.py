"""Registering the people one works with."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Invalid, NotFound
from marketplace.events import attending
from marketplace.events.models import Edition, Registration
from marketplace.organisations.models import Membership
from marketplace.organisations.permissions import organisation_ids
from marketplace.phrases import say

MOST = 20
"""At a time."""


def colleagues(actor: User, edition: Edition) -> list[tuple[User, Registration | None]]:
    """Everybody who shares an organisation with the actor and can be registered, and how they stand to the edition; by
    name."""
    with_us = select(Membership.user_id).where(Membership.organisation_id.in_(organisation_ids(actor)))
    people = session.scalars(select(User).where(
        User.id.in_(with_us), User.id != actor.id, User.disabled_at.is_(None), User.confirmed_at.is_not(None)
    ).order_by(User.name, User.id)).all()
    here = {one.user_id: one for one in session.scalars(select(Registration).where(
        Registration.edition_id == edition.id, Registration.user_id.in_([person.id for person in people])
    ))}
    return [(person, here.get(person.id)) for person in people]


def register_some(actor: User, edition: Edition, ids: Sequence[int]) -> list[Registration]:
    """All of them or none: who is no colleague is no mistake to pass over in silence."""
    if not ids:
        raise Invalid({"colleagues": say("Choose whom you want to register.")})
    if len(set(ids)) > MOST:
        raise Invalid({"colleagues": say("At most {max} at a time.", max=MOST)})
    with_us = {person.id: person for person, _ in colleagues(actor, edition)}
    if not set(ids) <= set(with_us):
        raise Invalid({"colleagues": say("Choose colleagues from the list.")})
    with transaction():
        return [attending.register(actor, edition, person=with_us[number]) for number in dict.fromkeys(ids)]


def cancel_one(actor: User, edition: Edition, registration_id: int) -> None:
    """Of those the actor has registered; nobody else learns whether there is such a registration."""
    theirs = session.get(Registration, registration_id)
    if theirs is None or theirs.edition_id != edition.id or theirs.registered_by_id != actor.id:
        raise NotFound
    attending.cancel(actor, edition, theirs.user)

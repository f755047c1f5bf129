"""Who may do what to an organisation, and what a person's memberships make them."""

from __future__ import annotations

from typing import TypeGuard, cast

from sqlalchemy import ColumnElement, or_, true

from marketplace.accounts.models import User
from marketplace.accounts.permissions import can_act
from marketplace.organisations.models import Invitation, Membership, Organisation, Role, State

Reader = User | None
"""None is a visitor who has not signed in."""


def memberships(actor: Reader) -> list[Membership]:
    return [] if actor is None else cast(list[Membership], actor.memberships)  # type: ignore[attr-defined]


def organisation_ids(actor: Reader) -> list[int]:
    """The organisations this person belongs to, whatever their role."""
    return [m.organisation_id for m in memberships(actor)]


def editable_ids(actor: Reader) -> list[int]:
    """The organisations whose listings this person may write."""
    return [m.organisation_id for m in memberships(actor) if m.role in (Role.ADMIN, Role.EDITOR)]


def role_in(actor: Reader, organisation_id: int) -> Role | None:
    return next((m.role for m in memberships(actor) if m.organisation_id == organisation_id), None)


def is_verified_member(actor: Reader) -> bool:
    """Does tier 1 open to this person: a member of a verified organisation, or platform staff?"""
    if actor is None or not actor.is_active:
        return False
    return actor.is_reviewer or any(m.organisation.is_verified for m in memberships(actor))


def can_administer(actor: Reader, organisation: Organisation) -> bool:
    return role_in(actor, organisation.id) is Role.ADMIN or (actor is not None and actor.is_operator)


def can_create(actor: Reader) -> TypeGuard[User]:
    return can_act(actor)


def can_see_members(actor: Reader, organisation: Organisation) -> bool:
    """Who works where is for colleagues, and for the platform staff who help them."""
    return role_in(actor, organisation.id) is not None or (actor is not None and actor.is_operator)


def can_remove(actor: Reader, membership: Membership) -> bool:
    """Administrators remove others; everybody may leave."""
    return can_administer(actor, membership.organisation) or (actor is not None and membership.user_id == actor.id)


def can_accept(actor: Reader, invitation: Invitation) -> TypeGuard[User]:
    """Only the person whose mailbox was asked."""
    return actor is not None and actor.is_active and actor.email == invitation.email


def can_verify(actor: Reader) -> bool:
    return actor is not None and actor.is_operator


def can_see(actor: Reader, organisation: Organisation) -> bool:
    """Verified organisations are public; the others exist for their members and for platform staff."""
    return (
        organisation.state is State.VERIFIED
        or (actor is not None and actor.is_reviewer)
        or role_in(actor, organisation.id) is not None
    )


def visible_to(actor: Reader) -> ColumnElement[bool]:
    """`can_see`, as SQL."""
    if actor is not None and actor.is_reviewer:
        return true()
    return or_(Organisation.state == State.VERIFIED, Organisation.id.in_(organisation_ids(actor)))

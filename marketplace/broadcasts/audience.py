"""Whom a need is told: those who asked for such news, may know of it, and have not been told of it before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import aliased

from marketplace import regions
from marketplace.accounts.models import User
from marketplace.broadcasts.models import Broadcast, Choice, Recipient, Subscription, What
from marketplace.db import session
from marketplace.listings.models import Listing
from marketplace.organisations.models import Membership, Organisation


def readers(broadcast: Broadcast) -> Select[Any]:
    """The numbers of the people it would go to now."""
    told = exists().where(Recipient.listing_id == broadcast.listing_id, Recipient.user_id == User.id)
    return select(User.id).where(*wanting(broadcast), ~told)


def wanting(broadcast: Broadcast) -> list[ColumnElement[bool]]:
    """Conditions on User: active, subscribed to news like this, not of an organisation that must not or need not know,
    and of those that the operator chose."""
    listing = broadcast.listing
    found = [User.disabled_at.is_(None), User.confirmed_at.is_not(None),
             exists().where(Subscription.user_id == User.id)]
    found += [_wants(what, codes) for what, codes in codes_of(listing).items()]
    belongs = exists().where(Membership.user_id == User.id)
    found.append(~belongs.where(Membership.organisation_id.in_(_kept_out(listing))))
    if broadcast.kinds or broadcast.regions:
        there = belongs.where(Organisation.id == Membership.organisation_id)
        if broadcast.kinds:
            there = there.where(Organisation.kind.in_(broadcast.kinds))
        if broadcast.regions:
            stems = [regions.stem(code) for code in broadcast.regions]
            there = there.where(or_(*(Organisation.region.startswith(stem, autoescape=True) for stem in stems)))
        found.append(there)
    return found


def codes_of(listing: Listing) -> dict[What, list[str]]:
    """By which choices it is found. Of an anonymous need the kind of its organisation is told nobody."""
    return {
        What.SUBTYPE: [listing.subtype] if listing.subtype else [],
        What.FIELD: [listing.field] if listing.field else [],
        What.REGION: regions.ancestors(listing.region) if listing.region else [],
        What.KIND: [] if listing.anonymous else [listing.organisation.kind.value],
    }


def counts_by_kind(broadcast: Broadcast) -> list[tuple[Any, int]]:
    """(kind of organisation, how many of the readers belong to one), the most first."""
    found = readers(broadcast).subquery()
    of_kind = (
        select(Organisation.kind, func.count(func.distinct(Membership.user_id)))
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.user_id.in_(select(found.c.id))).group_by(Organisation.kind)
    )
    return [(kind, number) for kind, number in sorted(session.execute(of_kind).all(), key=lambda row: -row[1])]


def without_organisation(broadcast: Broadcast) -> int:
    """How many of the readers belong to none."""
    found, member = readers(broadcast).subquery(), aliased(Membership)
    alone = select(func.count()).select_from(found).where(~exists().where(member.user_id == found.c.id))
    return session.scalar(alone) or 0


def still_wanting(broadcast: Broadcast, ids: Collection[int]) -> Sequence[User]:
    """Those of these people to whom it may go at this moment; who leaves meanwhile waits until their mail is queued,
    and then takes it back."""
    theirs = select(Subscription.user_id).where(Subscription.user_id.in_(ids)).order_by(Subscription.user_id)
    session.execute(theirs.with_for_update()).all()
    return session.scalars(select(User).where(User.id.in_(ids), *wanting(broadcast)).order_by(User.id)).all()


def _wants(what: What, codes: list[str]) -> ColumnElement[bool]:
    """Nothing chosen of this kind, or one of these."""
    chosen = exists().where(Choice.user_id == User.id, Choice.what == what)
    return or_(~chosen, chosen.where(Choice.code.in_(codes))) if codes else ~chosen


def _kept_out(listing: Listing) -> list[int]:
    return [listing.organisation_id, *(one.organisation_id for one in listing.exclusions)]


def reasons(broadcast: Broadcast, ids: Collection[int]) -> dict[int, dict[What, list[str]]]:
    """person -> the choices of theirs that the need fits; who is missing here wants all news."""
    fits = or_(false(), *(and_(Choice.what == what, Choice.code.in_(codes))
                 for what, codes in codes_of(broadcast.listing).items() if codes))
    found: dict[int, dict[What, list[str]]] = {}
    for row in session.scalars(select(Choice).where(Choice.user_id.in_(ids), fits).order_by(Choice.code)):
        found.setdefault(row.user_id, {}).setdefault(row.what, []).append(row.code)
    return found

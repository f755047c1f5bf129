"""Who may know of an introduction, and in what capacity somebody acts in it. What each capacity may do: moves.py."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select, true

from marketplace.accounts.models import User
from marketplace.introductions.models import Introduction, Side
from marketplace.introductions.moves import Who
from marketplace.listings.models import Listing
from marketplace.listings.permissions import shows_organisation
from marketplace.organisations.permissions import Reader, editable_ids, organisation_ids


def can_see(actor: Reader, introduction: Introduction) -> bool:
    """Members of the two sides, brokers and operators."""
    return actor is not None and (actor.is_reviewer or bool(member_sides(actor, introduction)))


def visible_to(actor: Reader) -> ColumnElement[bool]:
    """`can_see`, as SQL."""
    if actor is not None and actor.is_reviewer:
        return true()
    own = select(Listing.id).where(Listing.organisation_id.in_(organisation_ids(actor)))
    return or_(Introduction.need_id.in_(own), Introduction.result_id.in_(own))


def member_sides(actor: Reader, introduction: Introduction) -> list[Side]:
    """The sides this person belongs to, whatever their role there."""
    own = set(organisation_ids(actor))
    return [side for side in Side if introduction.listing_of(side).organisation_id in own]


def acting_sides(actor: Reader, introduction: Introduction) -> list[Side]:
    """The sides this person may move for: viewers may only look on."""
    own = set(editable_ids(actor))
    return [side for side in Side if introduction.listing_of(side).organisation_id in own]


def capacities(actor: User, introduction: Introduction) -> set[Who]:
    """In what capacity this person acts here. Nobody brokers a case of their own organisation."""
    if member_sides(actor, introduction):
        return {Who.SIDE} if acting_sides(actor, introduction) else set()
    found = {Who.OPERATOR} if actor.is_operator else set()
    if actor.is_broker and (introduction.broker_id == actor.id or introduction.needs_owner):
        found.add(Who.BROKER)
    return found


def can_broker(actor: Reader, need: Listing, result: Listing) -> bool:
    """May this person bring the two together as a third party?"""
    own = set(organisation_ids(actor))
    return actor is not None and actor.is_broker and not own & {need.organisation_id, result.organisation_id}


def can_use_desk(actor: Reader) -> bool:
    return actor is not None and actor.is_reviewer


def knows(actor: Reader, introduction: Introduction, side: Side) -> bool:
    """May this reader learn which organisation stands behind this side?"""
    return side in member_sides(actor, introduction) or shows_organisation(actor, introduction.listing_of(side))


def knows_people(actor: Reader, introduction: Introduction, side: Side) -> bool:
    """May this reader learn who acts for this side, and how to reach them? Staff may, but as a party to the case they
    are a party."""
    if actor is None:
        return False
    sides = member_sides(actor, introduction)
    return introduction.is_released or side in sides or (actor.is_reviewer and not sides)


def is_staff(actor: Reader, introduction: Introduction) -> bool:
    """A broker or operator who belongs to neither side."""
    return actor is not None and actor.is_reviewer and not member_sides(actor, introduction)

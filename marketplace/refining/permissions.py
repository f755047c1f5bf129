"""Who may see a refinement and who may do what in it.

The company that owns the need; brokers who belong neither to it nor to an organisation the need is hidden from: any of
them until one has taken it, that one from then on. Asking shows a draft to brokers, which nothing else does.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_, select

from marketplace.accounts.models import User
from marketplace.listings.models import PRIVATE_TO_ORGANISATION, Exclusion, Kind, Listing, State
from marketplace.listings.permissions import can_edit, is_own
from marketplace.organisations.permissions import Reader, organisation_ids
from marketplace.refining.models import Refinement, Step

ASKABLE = frozenset({State.DRAFT, State.SUBMITTED, State.CHANGES_REQUESTED, State.PUBLISHED, State.RENEWAL_DUE})
"""States in which refining a need may begin."""


def is_of_company(actor: Reader, listing: Listing) -> bool:
    return is_own(actor, listing)


def is_free_broker(actor: Reader, listing: Listing) -> bool:
    """A broker without a stake in the need."""
    own = set(organisation_ids(actor))
    return (
        actor is not None and actor.is_broker and actor.is_active and listing.organisation_id not in own
        and not any(e.organisation_id in own for e in listing.exclusions)
    )


def is_without_broker(refinement: Refinement) -> bool:
    """Nobody has taken it, or who has left the platform."""
    return refinement.broker is None or not refinement.broker.is_active


def is_its_broker(actor: Reader, refinement: Refinement) -> bool:
    return actor is not None and refinement.broker_id == actor.id and is_free_broker(actor, refinement.listing)


def can_see(actor: Reader, refinement: Refinement) -> bool:
    if is_of_company(actor, refinement.listing) or is_its_broker(actor, refinement):
        return True
    return refinement.is_open and is_without_broker(refinement) and is_free_broker(actor, refinement.listing)


def visible_to(actor: Reader) -> ColumnElement[bool]:
    """`can_see`, as SQL over Refinement joined with Listing."""
    own = organisation_ids(actor)
    ways: list[ColumnElement[bool]] = [Listing.organisation_id.in_(own)]
    if actor is not None and actor.is_broker and actor.is_active:
        ways.append(and_(
            or_(Refinement.broker_id == actor.id, and_(Refinement.step.in_(_OPEN), _without_broker())),
            Listing.organisation_id.not_in(own),
            Listing.id.not_in(select(Exclusion.listing_id).where(Exclusion.organisation_id.in_(own))),
        ))
    return or_(*ways)


_OPEN = (Step.ASKED, Step.WORKING, Step.PROPOSED)


def _without_broker() -> ColumnElement[bool]:
    gone = exists().where(User.id == Refinement.broker_id, User.disabled_at.is_not(None))
    return or_(Refinement.broker_id.is_(None), gone)


def can_answer(actor: Reader, refinement: Refinement) -> bool:
    """Fill in the questionnaire: the company, or its broker after a call."""
    return refinement.is_open and (can_edit(actor, refinement.listing) or is_its_broker(actor, refinement))


def can_take(actor: Reader, refinement: Refinement) -> bool:
    return refinement.is_open and is_without_broker(refinement) and is_free_broker(actor, refinement.listing)


def can_write(actor: Reader, refinement: Refinement) -> bool:
    """Write the refined text."""
    return refinement.step in (Step.WORKING, Step.PROPOSED) and is_its_broker(actor, refinement)


def can_decide(actor: Reader, refinement: Refinement) -> bool:
    """Approve the refined text or send it back."""
    return refinement.step is Step.PROPOSED and can_edit(actor, refinement.listing)


def can_end(actor: Reader, refinement: Refinement) -> bool:
    return refinement.is_open and (can_edit(actor, refinement.listing) or is_its_broker(actor, refinement))


def can_ask(actor: Reader, listing: Listing) -> bool:
    """Begin: the company for any of its needs, a broker for one that has been handed in."""
    if listing.kind is not Kind.NEED or listing.state not in ASKABLE:
        return False
    if is_of_company(actor, listing):
        return can_edit(actor, listing)
    return is_free_broker(actor, listing) and listing.state not in PRIVATE_TO_ORGANISATION

"""Who sees how a need's owner judges the answers, and who may judge.

The owner's own organisation; operators; and brokers who run one of the need's introductions. Never anybody of an
organisation behind one of the answers, whatever else they are on the platform, unless they belong to the owner too.
"""

from __future__ import annotations

from sqlalchemy import select

from marketplace.db import session
from marketplace.introductions.models import Introduction
from marketplace.listings.models import Kind, Listing
from marketplace.listings.permissions import can_edit, is_own
from marketplace.organisations.permissions import Reader, organisation_ids


def can_compare(actor: Reader, need: Listing) -> bool:
    """May this reader see the comparison?"""
    if actor is None or need.kind is not Kind.NEED:
        return False
    if is_own(actor, need):
        return True
    if not actor.is_reviewer or _has_answered(actor, need):
        return False
    return actor.is_operator or _runs_a_case(actor, need)


def can_judge(actor: Reader, need: Listing) -> bool:
    """May they set criteria, score, shortlist and decline? The owner's editors; viewers and staff look on."""
    return need.kind is Kind.NEED and can_edit(actor, need)


def _has_answered(actor: Reader, need: Listing) -> bool:
    """Does this person belong to an organisation behind an answer?"""
    own = organisation_ids(actor)
    if not own:
        return False
    theirs = select(Introduction.id).join(Listing, Listing.id == Introduction.result_id).where(
        Introduction.need_id == need.id, Listing.organisation_id.in_(own),
    )
    return session.scalar(theirs.limit(1)) is not None


def _runs_a_case(actor: Reader, need: Listing) -> bool:
    assert actor is not None
    run = select(Introduction.id).where(Introduction.need_id == need.id, Introduction.broker_id == actor.id)
    return session.scalar(run.limit(1)) is not None

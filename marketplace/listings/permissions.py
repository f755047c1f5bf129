"""Who may do what to a listing, and how much of it they may read.

The three answers about seeing, `can_see`, `visible_to` and `audiences`, must agree; so must `tier_for` and the tiers
at which documents.py puts text in the index. tests/listings/test_permissions.py holds them to it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, or_, select

from marketplace.accounts.models import User
from marketplace.listings.models import (
    PRIVATE_TO_ORGANISATION,
    WORLD_VISIBLE,
    Exclusion,
    Grant,
    Listing,
    State,
)
from marketplace.organisations.models import Role
from marketplace.organisations.permissions import (
    Reader,
    editable_ids,
    is_verified_member,
    organisation_ids,
    role_in,
)

EVERYONE = "everyone"
REVIEWERS = "reviewers"


def is_own(actor: Reader, listing: Listing) -> bool:
    return listing.organisation_id in organisation_ids(actor)


def can_see(actor: Reader, listing: Listing) -> bool:
    """May this reader know that the listing exists?

    Its own organisation always; platform staff from submission on; a party to an introduction while it lasts;
    everybody while it is published, except organisations it excludes.
    """
    if is_own(actor, listing):
        return True
    if actor is not None and actor.is_reviewer and listing.state not in PRIVATE_TO_ORGANISATION:
        return True
    own = set(organisation_ids(actor))
    if any(grant.organisation_id in own for grant in listing.grants):
        return True
    return listing.is_world_visible and not any(e.organisation_id in own for e in listing.exclusions)


def visible_to(actor: Reader) -> ColumnElement[bool]:
    """`can_see`, as SQL."""
    own = organisation_ids(actor)
    if not own:
        return _SHOWN_TO_STAFF if actor is not None and actor.is_reviewer else _SHOWN_TO_WORLD
    excluded = select(Exclusion.listing_id).where(Exclusion.organisation_id.in_(own))
    granted = select(Grant.listing_id).where(Grant.organisation_id.in_(own), Grant.revoked_at.is_(None))
    ways = [
        Listing.organisation_id.in_(own),
        Listing.id.in_(granted),
        and_(_SHOWN_TO_WORLD, Listing.id.not_in(excluded)),
    ]
    if actor is not None and actor.is_reviewer:
        ways.append(_SHOWN_TO_STAFF)
    return or_(*ways)


# Put together once: every list of listings asks for one of them.
_SHOWN_TO_WORLD = Listing.state.in_(sorted(WORLD_VISIBLE))
_SHOWN_TO_STAFF = Listing.state.not_in(sorted(PRIVATE_TO_ORGANISATION))


def visible_among(actor: Reader, ids: Collection[int]) -> ColumnElement[bool]:
    """Those of `ids` that are visible. Inside CASE no column can be looked up by an index, so SQLite, which has no
    statistics, finds the few rows by their ids instead of walking every published one."""
    among = bindparam(None, list(ids), expanding=True, type_=Integer)
    return and_(Listing.id.in_(among), case((visible_to(actor), 1), else_=0) == 1)


@dataclass(frozen=True)
class Audience:
    """The index filter: a document is found when it carries one of `any_of` in `audience`,
    or is for everyone and carries none of `none_of` in `excluded`."""

    any_of: tuple[str, ...]
    none_of: tuple[str, ...]


def audience_of(listing: Listing) -> tuple[list[str], list[str]]:
    """What the index notes of a listing: (audience, excluded)."""
    audience = [EVERYONE] if listing.is_world_visible else []
    if listing.state not in PRIVATE_TO_ORGANISATION:
        audience.append(REVIEWERS)
    organisations = {listing.organisation_id, *(grant.organisation_id for grant in listing.grants)}
    excluded = {e.organisation_id for e in listing.exclusions} - organisations
    audience += [organisation_token(i) for i in sorted(organisations)]
    return audience, [organisation_token(i) for i in sorted(excluded)]


def audiences(actor: Reader) -> Audience:
    """`can_see`, as the index filter."""
    own = tuple(organisation_token(i) for i in organisation_ids(actor))
    if actor is not None and actor.is_reviewer:
        # Staff see every listing from submission on, so an exclusion of their own organisation hides nothing.
        return Audience((EVERYONE, REVIEWERS, *own), ())
    return Audience((EVERYONE, *own), own)


def organisation_token(organisation_id: int) -> str:
    return f"organisation:{organisation_id}"


def tier_for(actor: Reader, listing: Listing) -> int:
    """How much of a visible listing this reader may read: 0 public … 3 after a signed NDA.

    Its own organisation reads all. Platform staff read all, to review it and to run the case; reads of tiers
    2 and 3 are logged for them as for everybody. Others: what was granted, else 1 for members of verified
    organisations, else 0.
    """
    if is_own(actor, listing) or (actor is not None and actor.is_reviewer):
        return 3
    own = set(organisation_ids(actor))
    granted = max((grant.tier for grant in listing.grants if grant.organisation_id in own), default=0)
    return max(granted, 1 if is_verified_member(actor) else 0)


def shows_organisation(actor: Reader, listing: Listing) -> bool:
    """An anonymous listing names nobody below tier 2."""
    return not listing.anonymous or tier_for(actor, listing) >= 2


def can_edit(actor: Reader, listing: Listing) -> bool:
    return listing.organisation_id in editable_ids(actor) and listing.state is not State.WITHDRAWN


def can_create_for(actor: Reader, organisation_id: int) -> bool:
    return organisation_id in editable_ids(actor)


def can_approve(actor: Reader, listing: Listing) -> bool:
    """Hand it to review on the organisation's behalf, where the organisation wants an admin to look first."""
    return role_in(actor, listing.organisation_id) is Role.ADMIN


def can_review(actor: User | None, listing: Listing) -> bool:
    """Brokers and operators review, but never the listings of an organisation they belong to."""
    return actor is not None and actor.is_reviewer and not is_own(actor, listing)


def can_mark_matched(actor: Reader, listing: Listing) -> bool:
    """Its authors, and the staff who run the case that made the match."""
    return can_edit(actor, listing) or (actor is not None and actor.is_reviewer)


def can_withdraw(actor: Reader, listing: Listing) -> bool:
    """Its authors; and operators, who must be able to take down what should not be on show."""
    operator = actor is not None and actor.is_operator and listing.state not in PRIVATE_TO_ORGANISATION
    return can_edit(actor, listing) or (operator and listing.state is not State.WITHDRAWN)


def can_see_versions(actor: Reader, listing: Listing) -> bool:
    """What a listing said before is between its authors and platform staff."""
    return is_own(actor, listing) or (actor is not None and actor.is_reviewer)


def can_translate(actor: Reader, listing: Listing) -> bool:
    return can_edit(actor, listing) or (can_review(actor, listing) and listing.state is not State.WITHDRAWN)

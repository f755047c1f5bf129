"""Who may send a need to thousands."""

from __future__ import annotations

from marketplace.broadcasts.models import Broadcast, State
from marketplace.listings.models import OPEN_FOR_INTEREST, Kind, Listing
from marketplace.organisations.permissions import Reader


def can_broadcast(actor: Reader) -> bool:
    return actor is not None and actor.is_active and actor.is_operator


def can_change(actor: Reader, broadcast: Broadcast) -> bool:
    """What has gone out to somebody stays as it was."""
    return can_broadcast(actor) and broadcast.state is State.DRAFT


def is_open(listing: Listing) -> bool:
    """May others still be told of it?"""
    return listing.kind is Kind.NEED and listing.state in OPEN_FOR_INTEREST

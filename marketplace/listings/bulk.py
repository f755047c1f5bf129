"""Many listings at once, only to be read.

What the session makes of a row, an object that knows what was changed in it, takes five times as long as reading it;
whoever goes through all listings there are does without.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

from sqlalchemy import select

from marketplace.db import session
from marketplace.listings.models import Exclusion, Grant, Listing, ListingTranslation
from marketplace.organisations.models import Organisation

_LEFT_OUT = frozenset({
    "contact_id", "created_by_id", "created_at", "changed_at", "submitted_at", "remark", "source", "external_id",
    "content_digest", "confidential",
})
"""Columns nobody finds a listing by: they are None here."""
_NOTHING = dict.fromkeys(_LEFT_OUT)
_LISTINGS = select(*(column for column in Listing.__table__.columns if column.name not in _LEFT_OUT))
_ORGANISATIONS = select(Organisation.id, Organisation.slug, Organisation.name, Organisation.name_en, Organisation.kind)
_TRANSLATIONS = select(*ListingTranslation.__table__.columns)
_EXCLUSIONS = select(Exclusion.listing_id, Exclusion.organisation_id)
_GRANTS = select(Grant.listing_id, Grant.organisation_id, Grant.tier).where(Grant.revoked_at.is_(None))


class Read(SimpleNamespace):
    """A listing's columns and what belongs to it."""

    is_world_visible = Listing.is_world_visible


def read(ids: Sequence[int]) -> list[Listing]:
    """Those listings of `ids` there are, in five queries: the columns that say something of them, `translations`,
    `exclusions`, `grants` and the `organisation` (its name, kind and address on the site). They are not in the session,
    and nothing can be asked of them that is not here."""
    listings = _objects(_LISTINGS.where(Listing.id.in_(ids)), Read, _NOTHING)
    translations = _by_listing(_TRANSLATIONS.where(ListingTranslation.listing_id.in_(ids)))
    exclusions = _by_listing(_EXCLUSIONS.where(Exclusion.listing_id.in_(ids)))
    grants = _by_listing(_GRANTS.where(Grant.listing_id.in_(ids)))
    owners = {listing.organisation_id for listing in listings}
    organisations = {one.id: one for one in _objects(_ORGANISATIONS.where(Organisation.id.in_(owners)))}
    for listing in listings:
        listing.organisation = organisations[listing.organisation_id]
        listing.translations = translations.get(listing.id, ())
        listing.exclusions = exclusions.get(listing.id, ())
        listing.grants = grants.get(listing.id, ())
    return cast(list[Listing], listings)


def _objects(
    query: Any, made: type[SimpleNamespace] = SimpleNamespace, more: Mapping[str, None] = MappingProxyType({}),
) -> list[SimpleNamespace]:
    result = session.execute(query)
    names = tuple(result.keys())
    return [made(**dict(zip(names, row, strict=True)), **more) for row in result]


def _by_listing(query: Any) -> dict[int, list[SimpleNamespace]]:
    found: dict[int, list[SimpleNamespace]] = defaultdict(list)
    for one in _objects(query):
        found[one.listing_id].append(one)
    return found

"""What a page says to machines, in the words of schema.org: a result is an Offer, a need is a Demand.

Made from the view that the page itself shows to a visitor, never from the row: nothing stands here that is not there.
"""

from __future__ import annotations

from typing import Any

from marketplace import regions
from marketplace.accounts import links
from marketplace.listings import vocabulary
from marketplace.listings.models import Kind
from marketplace.listings.tiers import View
from marketplace.organisations.models import Organisation

CONTEXT = "https://schema.org"


def of_listing(view: View, language: str) -> dict[str, Any]:
    told, given = view.in_language(language), view.fields
    address = links.to(f"/listings/{view.ref}")
    field = vocabulary.FIELDS.get(given.get("field", ""))
    said: dict[str, Any] = {
        "@context": CONTEXT, "@type": "Demand" if view.kind is Kind.NEED else "Offer", "@id": address, "url": address,
        "identifier": view.ref, "name": told.title, "description": told.summary,
        "category": field.in_language(language) if field else None,
        "validFrom": view.published_at.isoformat() if view.published_at else None,
        "validThrough": view.valid_until.isoformat() if view.valid_until else None,
        "itemOffered": {
            "@type": "Service" if view.kind is Kind.NEED else "Product", "name": told.title,
            "description": told.summary, "keywords": ", ".join(told.keywords),
        },
        "areaServed": _place(given.get("region"), language), **_price(given),
    }
    if view.organisation is not None:
        # schema.org has no word of its own for who demands; `seller` is what Offer and Demand share.
        said["seller"] = of_organisation(view.organisation, language, inside=True)
    return _without_gaps(said)


def of_organisation(organisation: Organisation, language: str, *, inside: bool = False) -> dict[str, Any]:
    """`inside`: as a part of something that has the context already."""
    address = links.to(f"/organisations/{organisation.slug}")
    names = [name for name in (organisation.name, organisation.name_en) if name]
    own = organisation.in_language(language)
    return _without_gaps({
        "@context": None if inside else CONTEXT, "@type": "Organization", "@id": address, "url": address, "name": own,
        "alternateName": next((name for name in names if name != own), None),
        "address": _place(organisation.region, language),
    })


def of_site(name: str) -> dict[str, Any]:
    return {
        "@context": CONTEXT, "@type": "WebSite", "@id": links.to("/"), "url": links.to("/"), "name": name,
        "potentialAction": {
            "@type": "SearchAction", "query-input": "required name=search_term",
            "target": {"@type": "EntryPoint", "urlTemplate": links.to("/search?q={search_term}")},
        },
    }


def _place(code: str | None, language: str) -> dict[str, Any] | None:
    return {"@type": "Place", "name": str(regions.name(code, language))} if code else None


def _price(given: Any) -> dict[str, Any]:
    if given.get("price_amount") is None:
        return {}
    return {"price": str(given["price_amount"]), "priceCurrency": given.get("price_currency") or "CNY"}


def _without_gaps(said: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_gaps(value) if isinstance(value, dict) else value
        for name, value in said.items() if value not in (None, "", [], {})
    }

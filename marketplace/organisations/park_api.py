"""The directory of members over the API, and the lists that parks keep of their own."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts import links
from marketplace.organisations import directory, parks
from marketplace.organisations.directory import Page, Wanted
from marketplace.organisations.models import Organisation
from marketplace.organisations.park_api_shapes import (
    DirectoryPage,
    DirectoryQuery,
    NewParkMember,
    ParkMemberChange,
    ParkMemberOut,
    ParkMembersOut,
    ParkMembersQuery,
    ParksOut,
)
from marketplace.organisations.park_models import ParkMember
from marketplace.organisations.schemas import OrganisationShape
from marketplace.web.guard import actor, public

bp = Blueprint("parks_api", __name__, url_prefix="/api/v1", description="Members, and parks' members of their own")


@bp.get("/members")
@bp.arguments(DirectoryQuery, location="query")
@bp.response(200, DirectoryPage)
@public
def members(query: dict[str, Any]) -> dict[str, Any]:
    """The directory of verified organisations, founding members first, then by name."""
    page = {name: query.pop(name) for name in ("page", "size")}
    parks.require_look(actor(), query["park"])
    wanted = Wanted(query.pop("q"), **query)
    found = directory.members(actor(), wanted, **page)
    return {"items": [_member(one, found) for one in found.items], "total": found.total, **page,
            "counts": {one.value: number for one, number in found.counts.items()}}


@bp.get("/parks")
@bp.response(200, ParksOut)
def every() -> dict[str, Any]:
    """The parks whose lists you may look into: your own and its partners; for the platform's staff all."""
    return {"items": [_park(one) for one in parks.looks_into(actor())]}


@bp.get("/parks/<slug>/members")
@bp.arguments(ParkMembersQuery, location="query")
@bp.response(200, ParkMembersOut)
def of_park(page: dict[str, Any], slug: str) -> dict[str, Any]:
    """The organisations that a park counts among its own, by name."""
    park = parks.get(actor(), slug)
    items, total = parks.some_members(actor(), park, **page)
    return {"park": _park(park), "items": items, "total": total, **page}


@bp.post("/parks/<slug>/members")
@bp.arguments(NewParkMember)
@bp.response(201, ParkMemberOut)
def add(given: dict[str, Any], slug: str) -> ParkMember:
    """Count an organisation among the park's own; its administrators are told."""
    return parks.add(actor(), parks.to_keep(actor(), slug), **given)


@bp.get("/parks/<slug>/members/<int:number>")
@bp.etag
@bp.response(200, ParkMemberOut)
def show(slug: str, number: int) -> ParkMember | dict[str, Any]:
    """One of them; its own administrators may read it too, without the note that the park keeps for itself."""
    row = parks.readable(actor(), slug, number)
    told = ("id", "organisation", "since", "steward", "version")
    return row if parks.can_look(actor(), row.park) else {name: getattr(row, name) for name in told}


@bp.put("/parks/<slug>/members/<int:number>")
@bp.etag
@bp.arguments(ParkMemberChange)
@bp.response(200, ParkMemberOut)
def change(given: dict[str, Any], slug: str, number: int) -> ParkMember:
    """Since when, who of the park answers for it, a note: send all of it."""
    parks.to_keep(actor(), slug)
    row = parks.member(actor(), slug, number)
    bp.check_etag(row, ParkMemberOut)
    parks.change(actor(), row, version=row.version, **given)
    return row


@bp.delete("/parks/<slug>/members/<int:number>")
@bp.response(204)
def remove(slug: str, number: int) -> None:
    """The park lets it go; or, for the organisation's administrators: it leaves the list."""
    parks.remove(actor(), parks.member(actor(), slug, number))


def _member(one: Organisation, found: Page) -> dict[str, Any]:
    steward = one.steward if found.shows_stewards else None
    return {
        **{name: getattr(one, field.attribute or name) for name, field in OrganisationShape().dump_fields.items()},
        "is_verified": one.is_verified, "member_from": one.member_from,
        "steward": steward.name if steward else None, "parks": [park.slug for park in found.parks.get(one.id, [])],
        "url": links.to(f"/organisations/{one.slug}"), "badge_url": links.to(f"/members/{one.slug}/badge.svg"),
    }


def _park(one: Organisation) -> dict[str, Any]:
    mention = {name: getattr(one, name) for name in ("slug", "name", "name_en", "kind", "is_verified")}
    return {**mention, "may_keep": parks.can_keep(actor(), one)}

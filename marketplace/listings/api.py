"""Results and needs, over JSON."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.listings import service
from marketplace.listings.completeness import completeness
from marketplace.listings.content import validate_content
from marketplace.listings.lists import Chosen
from marketplace.listings.models import Kind, Listing
from marketplace.listings.permissions import can_see_versions
from marketplace.listings.schemas import (
    ListingChange,
    ListingOut,
    ListingsOut,
    ListingsQuery,
    NewListing,
    Said,
)
from marketplace.listings.tiers import View
from marketplace.listings.versions import proposed_content
from marketplace.listings.workflow import ACTIONS, Action, possible
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import editable_ids, memberships
from marketplace.phrases import say
from marketplace.web.guard import actor, public

bp = Blueprint("listings_api", __name__, url_prefix="/api/v1", description="Results and needs")
ADDRESSES = {action.address: action for action in ACTIONS}


class PreconditionFailed(Conflict):
    status = 412


@bp.get("/listings")
@bp.arguments(ListingsQuery, location="query")
@bp.response(200, ListingsOut)
@public
def every(query: dict[str, Any]) -> dict[str, Any]:
    """What you may know of, the latest change first; with mine=true, your organisations' own in every state."""
    page, size = query["page"], query["size"]
    chosen = Chosen(query.get("kind"), [query["state"]] if "state" in query else [], query.get("organisation"))
    chosen_list = service.mine if query["mine"] else service.seen_by
    rows, total = chosen_list(actor(), chosen, page=page, size=size)
    shown = [teaser_json(service.teaser(actor(), row)) for row in rows]
    return {"total": total, "page": page, "size": size, "listings": shown}


@bp.post("/listings")
@bp.arguments(NewListing)
@bp.response(201, ListingOut)
def create(new: dict[str, Any]) -> ResponseReturnValue:
    """A new draft for one of your organisations."""
    kind, organisation = new.pop("kind"), _organisation(new.pop("organisation", None))
    listing = service.create(actor(), organisation, kind, _content(kind, new))
    response = _one(listing)
    response.status_code = 201
    response.headers["Location"] = url_for("listings_api.show", ref=listing.ref)
    return response


@bp.get("/listings/<ref>")
@bp.response(200, ListingOut)
@public
def show(ref: str) -> ResponseReturnValue:
    """Exactly what you may read of it. Reads of tiers 2 and 3 are recorded."""
    return _one(service.get(actor(), ref)).make_conditional(request)


@bp.patch("/listings/<ref>")
@bp.arguments(ListingChange)
@bp.response(200, ListingOut)
def change(new: dict[str, Any], ref: str) -> ResponseReturnValue:
    """Change some fields. After publication, changes of substance wait for review while the old text stays."""
    listing = service.get(actor(), ref)
    _require_match(listing)
    version = new.pop("version", None)
    service.change(actor(), listing, _content(listing.kind, new), version)
    return _one(listing)


@bp.post("/listings/<ref>/<action>")
@bp.arguments(Said, required=False)
@bp.response(200, ListingOut)
def move(said: dict[str, Any], ref: str, action: str) -> ResponseReturnValue:
    """Make a move of the workflow.

    submit, approve, send-back, take-back, publish, request-changes, reject, pause, resume, mark-matched, renew or
    withdraw.
    """
    listing = service.get(actor(), ref)
    if action not in ADDRESSES:
        raise NotFound(say("There is no such action. These exist: {actions}.", actions=", ".join(ADDRESSES)))
    _require_match(listing)
    _make(listing, ADDRESSES[action], said)
    return _one(listing)


def _make(listing: Listing, action: Action, said: dict[str, Any]) -> None:
    try:
        service.act(actor(), listing, action, said.get("remark") or said.get("reason") or "", said.get("version"))
    except Invalid as problem:
        # One name for it in this API, whatever the page's form calls it.
        raise Invalid({"remark" if name == "reason" else name: text for name, text in problem.fields.items()}) from None


def _content(kind: Kind, raw: dict[str, Any]) -> dict[str, Any]:
    content, errors = validate_content(kind, raw)
    if errors:
        raise Invalid(errors)
    return content


def _organisation(slug: str | None) -> Organisation:
    mine = [m.organisation for m in memberships(actor()) if m.organisation_id in editable_ids(actor())]
    if slug is None and len(mine) == 1:
        return mine[0]
    chosen = next((organisation for organisation in mine if organisation.slug == slug), None)
    if chosen is None:
        slugs = ", ".join(organisation.slug for organisation in mine) or "–"
        wanted = say("Send the slug of an organisation you may write for: {slugs}.", slugs=slugs)
        raise Invalid({"organisation": wanted})
    return chosen


def _require_match(listing: Listing) -> None:
    """If-Match guards against overwriting what one has not read; an ETag begins with the listing's version."""
    if "If-Match" not in request.headers:
        return
    tags = {(tag or "").partition(".")[0] for tag in request.if_match.as_set()}
    if not request.if_match.star_tag and str(listing.version) not in tags:
        raise PreconditionFailed(say("It has changed since you read it. Load it again and repeat your change."))


def _one(listing: Listing) -> Response:
    view = service.reading(actor(), listing)
    body = listing_json(view, listing)
    response = jsonify(ListingOut().dump(body))
    response.set_etag(f"{listing.version}.{view.tier}.{len(view.attachments)}")
    return response


def teaser_json(view: View) -> dict[str, Any]:
    return {
        **view.fields, "ref": view.ref, "kind": view.kind, "state": view.state, "organisation": view.organisation,
        "published_at": view.published_at, "changed_at": view.changed_at,
        "url": url_for("listings.show", ref=view.ref, _external=True),
    }


def listing_json(view: View, listing: Listing) -> dict[str, Any]:
    """The view as JSON; what only its authors and staff are told is added for them."""
    files = [
        {"id": f.id, "name": f.name, "size": f.size, "media_type": f.media_type, "tier": f.tier,
         "url": url_for("listings.attachment", ref=view.ref, file_id=f.id, _external=True)}
        for f in view.attachments
    ]
    body = {
        **teaser_json(view), "tier": view.tier, "version": view.version, "words": view.words, "contact": view.contact,
        "attachments": files, "withheld": list(view.withheld),
        "actions": [action.address for action in possible(actor(), listing)],
    }
    if can_see_versions(actor(), listing):
        body["remark"] = listing.pending.remark if listing.pending else listing.remark
        body["completeness"] = completeness(listing.kind, proposed_content(listing)).score
        if listing.pending is not None:
            body["waiting"] = listing.pending.state.value
    return body



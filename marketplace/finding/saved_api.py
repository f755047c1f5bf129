"""Saved searches, over JSON."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from marketplace.accounts import links
from marketplace.errors import Conflict
from marketplace.finding import asking, feeds, saved
from marketplace.finding.models import Frequency, SavedSearch
from marketplace.finding.saved_schemas import NewSaved, SavedChange, SavedList, SavedOut
from marketplace.web.guard import actor
from marketplace.web.language import current

bp = Blueprint("saved_searches_api", __name__, url_prefix="/api/v1", description="Searches you keep asking")


class PreconditionFailed(Conflict):
    status = 412


@bp.get("/searches")
@bp.response(200, SavedList)
def every() -> dict[str, Any]:
    """Yours, those with something new first."""
    return {"searches": [_json(one) for one in saved.mine(actor())]}


@bp.post("/searches")
@bp.arguments(NewSaved)
@bp.response(201, SavedOut)
def create(new: dict[str, Any]) -> ResponseReturnValue:
    """Keep asking something. Without a name it gets one from what it asks, without a frequency no mail is sent."""
    criteria = new["criteria"]
    name = new.get("name") or asking.name_for(criteria, current())
    made = saved.save(actor(), criteria, name, new.get("frequency", Frequency.NEVER))
    response = _one(made)
    response.status_code = 201
    response.headers["Location"] = url_for("saved_searches_api.show", number=made.id)
    return response


@bp.get("/searches/<int:number>")
@bp.response(200, SavedOut)
def show(number: int) -> ResponseReturnValue:
    """One of yours, with how much is new. Reading it here does not count as looking."""
    return _one(saved.get(actor(), number)).make_conditional(request)


@bp.patch("/searches/<int:number>")
@bp.arguments(SavedChange)
@bp.response(200, SavedOut)
def change(new: dict[str, Any], number: int) -> ResponseReturnValue:
    """Another name, or another frequency. What it asks stays: save another for that."""
    one = saved.get(actor(), number)
    _require_match(one)
    saved.change(actor(), one, name=new.get("name", one.name), frequency=new.get("frequency", one.frequency),
                 version=new.get("version"))
    return _one(one)


@bp.delete("/searches/<int:number>")
@bp.response(204)
def delete(number: int) -> None:
    """Its feed and its mails end with it."""
    one = saved.get(actor(), number)
    _require_match(one)
    saved.remove(actor(), one)


def _require_match(one: SavedSearch) -> None:
    """An ETag begins with the version."""
    if "If-Match" in request.headers and not request.if_match.star_tag:
        tags = {(tag or "").partition(".")[0] for tag in request.if_match.as_set()}
        if str(one.version) not in tags:
            raise PreconditionFailed(saved.STALE)


def _one(one: SavedSearch) -> Response:
    kept = saved.one(actor(), one)
    response = jsonify(SavedOut().dump(_json(kept)))
    response.set_etag(f"{one.version}.{kept.new}.{int(one.seen_at.timestamp())}.{one.feed_token[:6]}")
    return response


def _json(kept: saved.Kept) -> dict[str, Any]:
    one = kept.saved
    asked = {name: value for name, value in asking.stored(kept.criteria).items() if name != "shape"}
    return {
        "id": one.id, "name": one.name, "frequency": one.frequency, "criteria": asked, "new": kept.new,
        "created_at": one.created_at, "seen_at": one.seen_at, "version": one.version,
        "url": url_for("saved.look", number=one.id, _external=True), "feed": links.to(feeds.address_of(one)),
    }

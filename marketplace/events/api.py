"""Events over JSON."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts import links
from marketplace.events import attending, service
from marketplace.events.api_shapes import EventPage, EventShape, EventsQuery
from marketplace.events.models import Attendance, Edition
from marketplace.events.permissions import can_see_video
from marketplace.organisations.models import Organisation
from marketplace.web.guard import actor, public
from marketplace.web.language import words

bp = Blueprint("events_api", __name__, url_prefix="/api/v1", description="Events")


@bp.get("/events")
@bp.arguments(EventsQuery, location="query")
@bp.response(200, EventPage)
@public
def find(query: dict[str, Any]) -> dict[str, Any]:
    """The events you may see, the latest first; with over=false those to come, the next first."""
    series = service.get_series(query["series"]) if "series" in query else None
    page = {"page": query["page"], "size": query["size"]}
    items, total = service.find(actor(), series, query.get("strand"), over=query.get("over"), **page)
    own = attending.mine(actor(), items)
    return {"items": [_json(one, own.get(one.id)) for one in items], "total": total, **page}


@bp.get("/events/<ref>")
@bp.etag
@bp.response(200, EventShape)
@public
def show(ref: str) -> dict[str, Any]:
    """One event."""
    edition = service.get(actor(), ref)
    return _json(edition, attending.mine(actor(), [edition]).get(edition.id))


def _json(edition: Edition, own: Attendance | None) -> dict[str, Any]:
    as_they_are = ("ref", "strand", "state", "starts_at", "ends_at", "moved_from", "capacity", "places_left",
                   "takes_registrations", "needs_approval", "open_to_outsiders")
    in_words = ("title", "summary", "place")
    address = links.to(edition.url)
    return {
        **{name: getattr(edition, name) for name in as_they_are},
        **{name: words(getattr(edition, name)) for name in in_words},
        "series": {"slug": edition.series.slug, "name": words(edition.series)},
        "video_url": edition.video_url if can_see_video(actor(), edition, own) else None,
        "organiser": _named(edition.series.organisation), "buyer": _named(edition.buyer),
        "hosts": [_named(host.organisation) for host in edition.hosts],
        "guests": [_named(guest.organisation) or {"slug": None, "name": guest.name} for guest in edition.guests],
        "url": address, "calendar_url": f"{address}/calendar.ics", "cover_url": f"{address}/cover.svg",
    }


def _named(organisation: Organisation | None) -> dict[str, Any] | None:
    return {"slug": organisation.slug, "name": words(organisation)} if organisation else None

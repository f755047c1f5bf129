"""Notices over the API."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts import links
from marketplace.messaging import preferences, service
from marketplace.messaging.kinds import Kind
from marketplace.messaging.models import Notice
from marketplace.messaging.schemas import NoticePage, NoticeQuery, NoticeShape, PreferencesShape, ReadRequest
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("messaging_api", __name__, url_prefix="/api/v1", description="What the marketplace has told you")
COUNTED = 1_000


@bp.get("/notices")
@bp.arguments(NoticeQuery, location="query")
@bp.response(200, NoticePage)
def notices(query: dict[str, Any]) -> dict[str, Any]:
    """Your notices, the newest first."""
    page = {"page": query["page"], "size": query["size"]}
    items, total = service.notices(actor(), unread_only=query["unread"], kind=query["kind"], **page)
    unread = service.unread_count(actor(), COUNTED)
    return {"items": [_json(one) for one in items], "total": total, "unread": unread, **page}


@bp.get("/notices/<int:notice_id>")
@bp.etag
@bp.response(200, NoticeShape)
def notice(notice_id: int) -> dict[str, Any]:
    """One of yours. Reading it here does not mark it as read."""
    return _json(service.notice(actor(), notice_id))


@bp.post("/notices/<int:notice_id>/read")
@bp.response(200, NoticeShape)
def read_notice(notice_id: int) -> dict[str, Any]:
    """Mark it as read; again changes nothing."""
    return _json(service.read_notice(actor(), notice_id))


@bp.post("/notices/read")
@bp.arguments(ReadRequest)
@bp.response(204)
def read_notices(given: dict[str, Any]) -> None:
    """Mark all as read, or all that are about one page."""
    if given["page"] is None:
        service.read_all_notices(actor())
    else:
        service.read_about(actor(), given["page"])


@bp.get("/notices/preferences")
@bp.etag
@bp.response(200, PreferencesShape)
def wanted() -> dict[str, Any]:
    """Kind → how often it is mailed to you: at_once, daily, weekly, never."""
    return _preferences()


@bp.patch("/notices/preferences")
@bp.etag
@bp.arguments(PreferencesShape)
@bp.response(200, PreferencesShape)
def want(given: dict[str, Any]) -> dict[str, Any]:
    """Change some of them; `your_turn` cannot be `never`."""
    bp.check_etag(_preferences(), PreferencesShape)
    preferences.choose(actor(), {Kind(name): how for name, how in given.items()})
    return _preferences()


def _preferences() -> dict[str, Any]:
    return {kind.value: how for kind, how in preferences.of(actor()).items()}


def _json(one: Notice) -> dict[str, Any]:
    return {"id": one.id, "kind": one.kind, "text": words(one.phrase), "url": links.to(one.url),
            "created_at": one.created_at, "read_at": one.read_at}

"""News of needs over the API: what one asks for; for operators, telling a need to all who asked for such."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts import links
from marketplace.accounts.scopes import Scope, scoped
from marketplace.broadcasts import news, service, showing
from marketplace.broadcasts.api_shapes import (
    BroadcastOut,
    BroadcastPage,
    BroadcastPreview,
    BroadcastsQuery,
    NewBroadcast,
    NewsOut,
    SendBroadcast,
    WantedNews,
)
from marketplace.broadcasts.models import Broadcast, What
from marketplace.broadcasts.service import Counts
from marketplace.listings.tiers import view_at
from marketplace.web.guard import actor
from marketplace.web.language import current

bp = Blueprint("broadcasts_api", __name__, url_prefix="/api/v1", description="News of needs, and telling them")
COUNTS = ("chosen", "waiting", "mailed", "skipped", "opened", "interested")
BRIEF = ("ref", "state", "created_at", "begun_at", "ended_at")
WHOLE = ("kinds", "regions", "note_zh", "note_en", "version")


@bp.get("/news/preferences")
@bp.etag
@bp.response(200, NewsOut)
def wanted() -> dict[str, Any]:
    """Which needs you want to hear of. Nothing is sent to you unless you have asked."""
    return _preferences()


@bp.put("/news/preferences")
@bp.etag
@bp.arguments(WantedNews)
@bp.response(200, NewsOut)
@scoped(Scope.ACCOUNT)
def want(given: dict[str, Any]) -> dict[str, Any]:
    """Ask for news of needs like these; an empty list narrows nothing."""
    bp.check_etag(_preferences(), NewsOut)
    news.ask(actor(), {What(name): codes for name, codes in given.items()})
    return _preferences()


@bp.delete("/news/preferences")
@bp.response(204)
@scoped(Scope.ACCOUNT)
def leave() -> None:
    """No more of it, from this moment; what is queued for you does not leave either."""
    news.leave(actor())


@bp.get("/broadcasts")
@bp.arguments(BroadcastsQuery, location="query")
@bp.response(200, BroadcastPage)
def every(page: dict[str, Any]) -> dict[str, Any]:
    """For operators: the broadcasts, the newest first, with how far each has come and what came of it."""
    items, total = service.every(actor(), **page)
    counts = service.counts([one.id for one in items])
    return {"items": [_brief(one, counts[one.id]) for one in items], "total": total, **page}


@bp.post("/broadcasts")
@bp.arguments(NewBroadcast)
@bp.response(201, BroadcastOut)
def plan(given: dict[str, Any]) -> dict[str, Any]:
    """Prepare to tell a need. Nothing leaves before you send it."""
    return _whole(service.plan(actor(), **given))


@bp.get("/broadcasts/<ref>")
@bp.etag
@bp.response(200, BroadcastOut)
def show(ref: str) -> dict[str, Any]:
    """One broadcast."""
    return _whole(service.get(actor(), ref))


@bp.put("/broadcasts/<ref>")
@bp.etag
@bp.arguments(NewBroadcast)
@bp.response(200, BroadcastOut)
def change(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Change what has not been sent yet: send all of it."""
    broadcast = service.get(actor(), ref)
    bp.check_etag(_whole(broadcast), BroadcastOut)
    service.change(actor(), broadcast, version=broadcast.version, **given)
    return _whole(broadcast)


@bp.get("/broadcasts/<ref>/preview")
@bp.response(200, BroadcastPreview)
def preview(ref: str) -> dict[str, Any]:
    """How many it would reach if it were sent now, who, and why they."""
    found = service.preview(actor(), service.get(actor(), ref))
    people = [{"name": one.person.name, "why": showing.choices(one, current())} for one in found.people]
    return {"total": found.total, "by_kind": [{"kind": kind, "people": n} for kind, n in found.by_kind],
            "without_organisation": found.alone, "people": people}


@bp.post("/broadcasts/<ref>/send")
@bp.arguments(SendBroadcast)
@bp.response(202, BroadcastOut)
def send(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Choose everybody it goes to, now. Mails leave a few at a time; `counts` says how far it has come."""
    broadcast = service.get(actor(), ref)
    service.send(actor(), broadcast, given["version"])
    return _whole(broadcast)


@bp.post("/broadcasts/<ref>/stop")
@bp.response(200, BroadcastOut)
def stop(ref: str) -> dict[str, Any]:
    """Nobody else is written to."""
    broadcast = service.get(actor(), ref)
    service.stop(actor(), broadcast)
    return _whole(broadcast)


def _preferences() -> dict[str, Any]:
    chosen = news.of(actor())
    codes = chosen or {}
    return {"wanted": chosen is not None, **{what.value: codes.get(what, []) for what in What}}


def _brief(one: Broadcast, counts: Counts) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in BRIEF}, "listing": one.listing.ref,
        "title": view_at(one.listing, 0).in_language(current()).title, "url": links.to(f"/broadcasts/{one.ref}"),
        "counts": {name: getattr(counts, name) for name in COUNTS},
    }


def _whole(one: Broadcast) -> dict[str, Any]:
    answers = [{"introduction": ref, "at": at} for ref, at in service.answers(one)]
    return {**_brief(one, service.counts([one.id])[one.id]), **{name: getattr(one, name) for name in WHOLE},
            "answers": answers}

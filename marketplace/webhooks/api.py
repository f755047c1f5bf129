"""Webhooks over the API: an organisation's below its address, the platform's at /webhooks."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_smorest import Blueprint

from marketplace.web.guard import actor
from marketplace.webhooks import service
from marketplace.webhooks.models import Delivery, Endpoint, Outcome
from marketplace.webhooks.schemas import (
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    NewSecret,
    NewWebhook,
    WebhookChange,
    WebhookList,
    WebhookMade,
    WebhookOut,
)

bp = Blueprint("webhooks_api", __name__, url_prefix="/api/v1", description="Programs of your own that are told")
OF_ORGANISATION, OF_PLATFORM = "/organisations/<slug>/webhooks", "/webhooks"
NO_SLUG = {"slug": None}


@bp.get(OF_ORGANISATION)
@bp.get(OF_PLATFORM, defaults=NO_SLUG, endpoint="platforms_every")
@bp.response(200, WebhookList)
def every(slug: str | None) -> dict[str, Any]:
    """The addresses that are told, in the order in which they were registered."""
    return {"items": [_json(one) for one in service.endpoints(actor(), service.owner(actor(), slug))]}


@bp.post(OF_ORGANISATION)
@bp.post(OF_PLATFORM, defaults=NO_SLUG, endpoint="platforms_register")
@bp.arguments(NewWebhook)
@bp.response(201, WebhookMade)
def register(new: dict[str, Any], slug: str | None) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Tell an address of these facts from now on. The answer has the secret that signs, this once."""
    endpoint, secret = service.register(actor(), service.owner(actor(), slug), **new)
    of = "webhooks_api.show" if slug else "webhooks_api.platforms_show"
    place = url_for(of, slug=slug, number=endpoint.id)
    return {**_json(endpoint), "secret": secret}, 201, {"Location": place, "Cache-Control": "no-store"}


@bp.get(f"{OF_ORGANISATION}/<int:number>")
@bp.get(f"{OF_PLATFORM}/<int:number>", defaults=NO_SLUG, endpoint="platforms_show")
@bp.etag
@bp.response(200, WebhookOut)
def show(slug: str | None, number: int) -> dict[str, Any]:
    """One address, and how it does."""
    return _json(_endpoint(slug, number))


@bp.patch(f"{OF_ORGANISATION}/<int:number>")
@bp.patch(f"{OF_PLATFORM}/<int:number>", defaults=NO_SLUG, endpoint="platforms_change")
@bp.arguments(WebhookChange)
@bp.response(200, WebhookOut)
def change(new: dict[str, Any], slug: str | None, number: int) -> dict[str, Any]:
    """Another address, or other facts."""
    endpoint = _endpoint(slug, number)
    service.change(actor(), endpoint, **new)
    return _json(endpoint)


@bp.delete(f"{OF_ORGANISATION}/<int:number>")
@bp.delete(f"{OF_PLATFORM}/<int:number>", defaults=NO_SLUG, endpoint="platforms_delete")
@bp.response(204)
def delete(slug: str | None, number: int) -> None:
    """It is told nothing any more; its log goes with it."""
    service.remove(actor(), _endpoint(slug, number))


@bp.post(f"{OF_ORGANISATION}/<int:number>/secret")
@bp.post(f"{OF_PLATFORM}/<int:number>/secret", defaults=NO_SLUG, endpoint="platforms_rotate")
@bp.response(200, NewSecret)
def rotate(slug: str | None, number: int) -> tuple[dict[str, Any], int, dict[str, str]]:
    """A new secret, shown this once. For a day both sign, the new one first."""
    endpoint = _endpoint(slug, number)
    secret = service.rotate(actor(), endpoint)
    return {"secret": secret, "former_until": endpoint.former_until}, 200, {"Cache-Control": "no-store"}


@bp.post(f"{OF_ORGANISATION}/<int:number>/pause")
@bp.post(f"{OF_PLATFORM}/<int:number>/pause", defaults=NO_SLUG, endpoint="platforms_pause")
@bp.response(200, WebhookOut)
def pause(slug: str | None, number: int) -> dict[str, Any]:
    """Send nothing for now. What waits goes on waiting; what happens meanwhile is not noted."""
    endpoint = _endpoint(slug, number)
    service.pause(actor(), endpoint)
    return _json(endpoint)


@bp.post(f"{OF_ORGANISATION}/<int:number>/resume")
@bp.post(f"{OF_PLATFORM}/<int:number>/resume", defaults=NO_SLUG, endpoint="platforms_resume")
@bp.response(200, WebhookOut)
def resume(slug: str | None, number: int) -> dict[str, Any]:
    """Switch it on again: what happens from now on is sent."""
    endpoint = _endpoint(slug, number)
    service.resume(actor(), endpoint)
    return _json(endpoint)


@bp.post(f"{OF_ORGANISATION}/<int:number>/test")
@bp.post(f"{OF_PLATFORM}/<int:number>/test", defaults=NO_SLUG, endpoint="platforms_test")
@bp.response(202, DeliveryOut)
def test(slug: str | None, number: int) -> dict[str, Any]:
    """Send a delivery of the fact `test`. Ask for it again to see what came of it."""
    return _delivery(service.send_test(actor(), _endpoint(slug, number)))


@bp.get(f"{OF_ORGANISATION}/<int:number>/deliveries")
@bp.get(f"{OF_PLATFORM}/<int:number>/deliveries", defaults=NO_SLUG, endpoint="platforms_log")
@bp.arguments(DeliveryQuery, location="query")
@bp.response(200, DeliveryPage)
def log(query: dict[str, Any], slug: str | None, number: int) -> dict[str, Any]:
    """What was sent to it in the last 30 days and what waits, the newest first."""
    page = {"page": query["page"], "size": query["size"]}
    items, total = service.deliveries(actor(), _endpoint(slug, number), query["outcome"], **page)
    return {"items": [_delivery(one) for one in items], "total": total, **page}


@bp.get(f"{OF_ORGANISATION}/<int:number>/deliveries/<delivery>")
@bp.get(f"{OF_PLATFORM}/<int:number>/deliveries/<delivery>", defaults=NO_SLUG, endpoint="platforms_one_delivery")
@bp.etag
@bp.response(200, DeliveryOut)
def one_delivery(slug: str | None, number: int, delivery: str) -> dict[str, Any]:
    """One delivery and what came of its last try."""
    return _delivery(service.delivery(actor(), _endpoint(slug, number), delivery))


@bp.post(f"{OF_ORGANISATION}/<int:number>/deliveries/<delivery>/redeliver")
@bp.post(f"{OF_PLATFORM}/<int:number>/deliveries/<delivery>/redeliver", defaults=NO_SLUG,
         endpoint="platforms_redeliver")
@bp.response(202, DeliveryOut)
def redeliver(slug: str | None, number: int, delivery: str) -> dict[str, Any]:
    """Send it once more, under the same number."""
    row = service.delivery(actor(), _endpoint(slug, number), delivery)
    service.redeliver(actor(), row)
    return _delivery(row)


def _endpoint(slug: str | None, number: int) -> Endpoint:
    return service.get(actor(), service.owner(actor(), slug), number)


def _json(one: Endpoint) -> dict[str, Any]:
    names = ("id", "url", "facts", "standing", "disabled_because", "failures", "failing_since", "created_at", "version")
    return {**{name: getattr(one, name) for name in names}, "former_until": service.former_until(one)}


def _delivery(one: Delivery) -> dict[str, Any]:
    names = ("number", "fact", "ref", "outcome", "created_at", "attempts", "tried_at", "status", "milliseconds",
             "problem", "answer", "body")
    due = one.due_at if one.outcome is Outcome.WAITING else None
    return {**{name: getattr(one, name) for name in names}, "due_at": due}

"""What waits for each address: facts become deliveries here, each once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, or_, select

from marketplace import clock, outbox
from marketplace.accounts import links
from marketplace.db import session
from marketplace.organisations.models import Organisation
from marketplace.organisations.models import State as OrganisationState
from marketplace.webhooks.models import Delivery, Endpoint, Fact, Outcome, Standing

TOPIC = "webhook.due"
OLD_NEWS = timedelta(days=7)
"""What we hear of later than this is told to nobody."""
_PLACES = {"listing": "/listings/{ref}", "introduction": "/introductions/{ref}",
           "message": "/introductions/{ref}#messages"}


@dataclass(frozen=True)
class Happened:
    """One fact; the platform may know of it, and so may `organisations`."""

    fact: Fact
    occasion: str
    """A name of its own, that begins with what it is about: listing:7:2."""
    ref: str
    version: int
    """Of the listing or introduction, when the fact was noted."""
    at: datetime
    organisations: frozenset[int]


def tell(happened: Sequence[Happened]) -> None:
    """Let it wait for every address that asked for it and has not been told. In the open transaction."""
    news = [one for one in happened if one.at > clock.now() - OLD_NEWS]
    concerned = {organisation for one in news for organisation in one.organisations}
    endpoints = session.scalars(_listening(concerned)).all() if news else []
    if not endpoints:
        return
    known = {(row.endpoint_id, row.occasion) for row in session.execute(
        select(Delivery.endpoint_id, Delivery.occasion).where(
            Delivery.endpoint_id.in_([endpoint.id for endpoint in endpoints]),
            Delivery.occasion.in_([one.occasion for one in news]),
        )
    )}
    rows = [
        _row(endpoint, one) for one in news for endpoint in endpoints
        if _wants(endpoint, one) and (endpoint.id, one.occasion) not in known
    ]
    add(rows)


def add(rows: Sequence[dict[str, Any]]) -> None:
    """Put deliveries into the queue and promise to look at it at once."""
    if rows:
        session.execute(insert(Delivery), rows)
        outbox.publish(TOPIC, *sorted({row["endpoint_id"] for row in rows}))


def look_again(endpoint: Endpoint) -> None:
    """Promise to look at what waits for it at once."""
    session.flush()
    outbox.publish(TOPIC, endpoint.id)


def test_of(endpoint: Endpoint) -> dict[str, Any]:
    """A delivery that says nothing but that deliveries arrive."""
    now, number = clock.now(), uuid4().hex
    page = f"/organisations/{endpoint.organisation.slug}/webhooks" if endpoint.organisation else "/operator/webhooks"
    body = {"id": number, "fact": Fact.TEST, "ref": None, "version": endpoint.version, "when": _moment(now),
            "link": links.to(f"{page}/{endpoint.id}"), "api": None}
    return _delivery(endpoint, Fact.TEST, f"test:{number}", "", body)


def _listening(organisations: set[int]) -> Any:
    """Those of operators, and of these organisations as long as they are verified."""
    verified = select(Organisation.id).where(
        Organisation.id.in_(organisations), Organisation.state == OrganisationState.VERIFIED
    )
    whose = or_(Endpoint.organisation_id.is_(None), Endpoint.organisation_id.in_(verified))
    return select(Endpoint).where(Endpoint.standing == Standing.ACTIVE, whose).order_by(Endpoint.id)


def _wants(endpoint: Endpoint, one: Happened) -> bool:
    may = endpoint.organisation_id is None or endpoint.organisation_id in one.organisations
    return may and one.fact in endpoint.facts and one.at >= endpoint.listens_since


def _row(endpoint: Endpoint, one: Happened) -> dict[str, Any]:
    place = _PLACES[one.occasion.partition(":")[0]].format(ref=one.ref)
    body = {"id": uuid4().hex, "fact": one.fact, "ref": one.ref, "version": one.version, "when": _moment(one.at),
            "link": links.to(place), "api": links.to(f"/api/v1{place.partition('#')[0]}")}
    return _delivery(endpoint, one.fact, one.occasion, one.ref, body)


def _delivery(endpoint: Endpoint, fact: Fact, occasion: str, ref: str, body: dict[str, Any]) -> dict[str, Any]:
    now = clock.now()
    return {
        "number": body["id"], "endpoint_id": endpoint.id, "occasion": occasion, "fact": fact, "ref": ref,
        "body": json.dumps(body, separators=(",", ":")), "created_at": now, "due_at": now, "attempts": 0,
        "outcome": Outcome.WAITING,
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")

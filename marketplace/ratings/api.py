"""What people say of their talks at events, over JSON."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts import links
from marketplace.events import service as events
from marketplace.events.models import Edition, Registration
from marketplace.ratings import overview, schemas, service
from marketplace.ratings.models import Later, Verdict
from marketplace.ratings.service import Asked, Said
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("ratings_api", __name__, url_prefix="/api/v1", description="What you say of your talks at events")
OF_EVENT = "/events/<ref>/ratings"


@bp.get("/ratings")
@bp.arguments(schemas.EveningsQuery, location="query")
@bp.response(200, schemas.EveningsOut)
def every(page: dict[str, int]) -> dict[str, Any]:
    """The events you came to, the latest first, and how many talks you have yet to rate."""
    items, total = overview.evenings(actor(), **page)
    names = ("asks_again", "open", "given", "mutual")
    return {"items": [{**{name: getattr(one, name) for name in names}, "event": _event(one.edition),
                       "url": links.to(f"{one.edition.url}/ratings")} for one in items], "total": total, **page}


@bp.get("/ratings/mutual")
@bp.arguments(schemas.AgreementsQuery, location="query")
@bp.response(200, schemas.AgreementsOut)
def mutual(page: dict[str, int]) -> dict[str, Any]:
    """With whom you and they both see a cooperation, at all events, the latest first."""
    items, total = overview.agreements(actor(), **page)
    return {"items": [{
        **_person(one.other), "event": _event(one.mutual.edition), "stands": one.stands, "words": one.words,
        "at": one.mutual.at, "effective_at": one.mutual.effective_at, "introduction": one.mutual.introduction_ref,
    } for one in items], "total": total, **page}


@bp.get(OF_EVENT)
@bp.etag
@bp.response(200, schemas.TalkRatingsOut)
def of_event(ref: str) -> dict[str, Any]:
    """Your talks at an event: with whom, what you said, and what was mutual. Empty before it begins."""
    edition = events.get(actor(), ref)
    return {"event": _event(edition),
            "items": [_talk(one, edition) for one in service.asked(service.mine(actor(), edition), edition)]}


@bp.get(f"{OF_EVENT}/<int:registration>")
@bp.etag
@bp.response(200, schemas.TalkRatingOut)
def show(ref: str, registration: int) -> dict[str, Any]:
    """One of them."""
    edition = events.get(actor(), ref)
    return _talk(service.about(service.mine(actor(), edition), edition, registration), edition)


@bp.put(f"{OF_EVENT}/<int:registration>")
@bp.arguments(schemas.TalkRatingIn)
@bp.response(200, schemas.TalkRatingOut)
def rate(given: dict[str, Any], ref: str, registration: int) -> dict[str, Any]:
    """Say how it was. Nobody reads your answer; where both see a cooperation, an introduction is opened or moves on."""
    edition, said = events.get(actor(), ref), Said(Verdict(given["verdict"]), given["note"] or None)
    return _talk(service.rate_one(service.mine(actor(), edition), edition, registration, said), edition)


@bp.put(f"{OF_EVENT}/<int:registration>/later")
@bp.arguments(schemas.TalkLaterIn)
@bp.response(200, schemas.TalkRatingOut)
def rate_again(given: dict[str, Any], ref: str, registration: int) -> dict[str, Any]:
    """Half a year on, say what became of a talk that took place; 409 before it is asked."""
    edition, said = events.get(actor(), ref), Later(given["later"])
    return _talk(service.rate_one_again(service.mine(actor(), edition), edition, registration, said), edition)


def _talk(one: Asked, edition: Edition) -> dict[str, Any]:
    rating, agreed = one.rating, one.mutual
    names = ("verdict", "note", "given_at", "later")
    return {
        **_person(one.other), **{name: getattr(rating, name, None) for name in names}, "met_at": one.talk.met_at,
        "table": one.talk.table_number, "mutual": agreed is not None, "words": one.words,
        "asks_again": rating is not None and service.is_asked_again(rating, edition),
        "introduction": agreed.introduction_ref if agreed else None,
    }


def _event(edition: Edition) -> dict[str, Any]:
    return {"ref": edition.ref, "title": words(edition.title), "starts_at": edition.starts_at}


def _person(other: Registration) -> dict[str, Any]:
    organisation = other.organisation
    return {"registration": other.id, "name": other.user.name,
            "organisation": words(organisation) if organisation else None}

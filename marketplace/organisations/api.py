"""Organisations, and the person a token speaks for with theirs, over JSON."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts.models import User
from marketplace.organisations import service
from marketplace.organisations.models import Organisation
from marketplace.organisations.schemas import Me, OrganisationPage, OrganisationQuery, OrganisationShape
from marketplace.web.guard import actor, public

bp = Blueprint("organisations_api", __name__, url_prefix="/api/v1", description="Organisations and their members")


@bp.get("/organisations")
@bp.arguments(OrganisationQuery, location="query")
@bp.response(200, OrganisationPage)
@public
def find(query: dict[str, Any]) -> dict[str, Any]:
    """The organisations you may see, by name."""
    page = {"page": query["page"], "size": query["size"]}
    items, total = service.find(actor(), query["q"], query["kind"], **page)
    return {"items": items, "total": total, **page}


@bp.get("/organisations/<slug>")
@bp.etag
@bp.response(200, OrganisationShape)
@public
def show(slug: str) -> Organisation:
    """One organisation."""
    return service.get(actor(), slug)


@bp.get("/me")
@bp.etag
@bp.response(200, Me)
def me() -> User:
    """Whom your token speaks for, and the organisations they belong to."""
    person: User = actor()
    return person

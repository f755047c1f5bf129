"""Why a result and a need belong together, over JSON."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.listings import service as listings
from marketplace.matching import feedback, views
from marketplace.matching.schemas import MatchesQuery, MatchesShape, NotRelevantForm
from marketplace.web.guard import actor, public
from marketplace.web.language import words

bp = Blueprint("matching_api", __name__, url_prefix="/api/v1", description="Why a result and a need belong together")


@bp.get("/listings/<ref>/matches")
@bp.arguments(MatchesQuery, location="query")
@bp.response(200, MatchesShape)
@public
def matches(asked: dict[str, int], ref: str) -> dict[str, Any]:
    """The best counterparts, each with the reasons in the words of both."""
    found = views.counterparts(listings.get(actor(), ref), asked["limit"])
    return {"matches": [
        {
            "ref": one.row.ref, "title": one.row.plain_title, "score": one.score,
            "reasons": [
                {"label": words(r.label), "here": words(r.here), "there": words(r.there), "weight": r.weight}
                for r in one.reasons
            ],
        }
        for one in found
    ]}


@bp.put("/listings/<ref>/matches/<other>/not-relevant")
@bp.arguments(NotRelevantForm)
@bp.response(204)
def not_relevant(said: dict[str, str], ref: str, other: str) -> None:
    """Say, for one's organisation or as a broker, that a match is not relevant and why; said again, it replaces what
    was said. The pair is hidden from one's own side, from brokers and from the world."""
    here, there = listings.get(actor(), ref), listings.get(actor(), other)
    feedback.not_relevant(actor(), here, there, said["reason"], said["note"])


@bp.delete("/listings/<ref>/matches/<other>/not-relevant")
@bp.response(204)
def relevant_after_all(ref: str, other: str) -> None:
    """Take it back."""
    feedback.relevant_after_all(actor(), listings.get(actor(), ref), listings.get(actor(), other))

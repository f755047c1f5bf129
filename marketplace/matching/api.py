"""Why a result and a need belong together, over JSON."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.listings import service as listings
from marketplace.matching import views
from marketplace.matching.schemas import MatchesQuery, MatchesShape
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

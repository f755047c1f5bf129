"""Search and suggestions, over JSON."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_smorest import Blueprint

from marketplace.finding import service as finding
from marketplace.finding.criteria import Criteria
from marketplace.finding.limits import searching, suggesting
from marketplace.finding.schemas import FoundSchema, SearchSchema, SuggestionsSchema, SuggestSchema
from marketplace.finding.service import Found, Row
from marketplace.finding.suggesting import suggest as suggest_to
from marketplace.web.guard import actor, public
from marketplace.web.language import current

bp = Blueprint("search_api", __name__, url_prefix="/api/v1", description="Search and suggestions")


@bp.get("/search")
@bp.arguments(SearchSchema(), location="query")
@bp.response(200, FoundSchema)
@searching
@public
def search(criteria: Criteria) -> Response:
    """What you may find. A token widens it: members of verified organisations also search the longer texts."""
    # Plain dictionaries straight to JSON: dumping a hundred objects through a schema costs as much as the search.
    return jsonify(found_as_json(finding.find(actor(), criteria, current()), current()))


@bp.get("/suggest")
@bp.arguments(SuggestSchema(), location="query")
@bp.response(200, SuggestionsSchema)
@suggesting
@public
def suggest(asked: dict[str, str]) -> dict[str, Any]:
    """Terms, titles and organisations that begin with `q` or have a word that does, group by group."""
    return {"suggestions": suggest_to(actor(), asked["q"])}


def found_as_json(found: Found, language: str) -> dict[str, Any]:
    facets = {
        group.name: [
            {
                "value": choice.value, "label": choice.label.in_language(language), "count": choice.count,
                **({"parent": parent} if parent else {}),
            }
            for choice, parent in group.every()
        ]
        for group in found.groups
    }
    return {
        "total": found.total, "page": found.criteria.page, "size": found.criteria.size, "took_ms": found.took_ms,
        "engine": found.engine, "degraded": found.degraded, "dropped": list(found.dropped),
        "hits": [_hit(row, language) for row in found.rows], "facets": facets,
    }


def _hit(row: Row, language: str) -> dict[str, Any]:
    return {
        "ref": row.ref, "kind": row.kind.value, "title": row.plain_title,
        "snippet": "".join([text for text, _ in row.why]),
        "organisation": row.organisation.in_language(language) if row.organisation else None,
        "score": round(row.score, 4),
    }

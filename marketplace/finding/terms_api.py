"""The table of equal terms over JSON, for operators to read."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.finding import terms
from marketplace.finding.term_schemas import TermsPage, TermsQuery
from marketplace.web.guard import actor

bp = Blueprint("terms_api", __name__, url_prefix="/api/v1", description="The table of equal terms")


@bp.get("/terms")
@bp.arguments(TermsQuery, location="query")
@bp.response(200, TermsPage)
def find(query: dict[str, Any]) -> dict[str, Any]:
    """The groups of equal terms that search goes by; operators only."""
    page = {"page": query["page"], "size": query["size"]}
    groups, total = terms.find(actor(), query["q"], query["field"], **page)
    return {"items": groups, "total": total, **page}

"""Figures over the API."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from flask_smorest import Blueprint

from marketplace.analytics import asking, service, telling
from marketplace.analytics.schemas import FunnelQuery, FunnelShape
from marketplace.web.guard import actor, public

bp = Blueprint("analytics_api", __name__, url_prefix="/api/v1", description="Figures anybody can recompute")


@bp.get("/figures/funnel")
@bp.arguments(FunnelQuery, location="query")
@bp.response(200, FunnelShape)
@public
def funnel(query: dict[str, Any]) -> Response:
    """Cohorts by the month in which interest was expressed, and how long introductions stay in each stage.

    Everything is counted from the rows of `/introductions/{ref}/history`; docs/api.md says how. For brokers and
    operators; where the operator has opened the figures to everybody, others get numbers of five and more.
    """
    found, whole = service.funnel_for(actor(), asking.question(query))
    # Written at once: a cut by broker over three years has ten thousand small objects.
    return Response(orjson.dumps(telling.told(found, whole)), mimetype="application/json")

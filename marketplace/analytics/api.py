"""Figures over the API."""

from __future__ import annotations

from flask_smorest import Blueprint

bp = Blueprint("analytics_api", __name__, url_prefix="/api/v1", description="Figures anybody can recompute")

"""Refining over the API."""

from __future__ import annotations

from flask_smorest import Blueprint

bp = Blueprint("refining_api", __name__, url_prefix="/api/v1", description="Refining a need before it goes out")

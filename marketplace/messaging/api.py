"""Notices over the API."""

from __future__ import annotations

from flask_smorest import Blueprint

bp = Blueprint("messaging_api", __name__, url_prefix="/api/v1", description="What the marketplace has told you")

"""Comparing over the API."""

from __future__ import annotations

from flask_smorest import Blueprint

bp = Blueprint("comparing_api", __name__, url_prefix="/api/v1", description="All answers to a need side by side")

"""Casework over the API."""

from __future__ import annotations

from flask_smorest import Blueprint

bp = Blueprint("casework_api", __name__, url_prefix="/api/v1", description="Meetings, tasks and documents of a case")

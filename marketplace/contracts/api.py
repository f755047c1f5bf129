"""Contracts over the API."""

from __future__ import annotations

from flask_smorest import Blueprint

bp = Blueprint("contracts_api", __name__, url_prefix="/api/v1", description="From a contract to its outcome")

"""Refining as pages."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("refining", __name__)

"""Comparing as pages."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("comparing", __name__)

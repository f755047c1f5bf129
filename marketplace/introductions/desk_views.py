"""The broker's desk and the board as pages."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("desk", __name__)

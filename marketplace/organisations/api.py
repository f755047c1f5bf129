"""Organisations and their members, over JSON."""

from flask_smorest import Blueprint

bp = Blueprint("organisations_api", __name__, url_prefix="/api/v1", description="Organisations and their members")

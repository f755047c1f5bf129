"""Tokens and the person they speak for, over JSON."""

from flask_smorest import Blueprint

bp = Blueprint("accounts_api", __name__, url_prefix="/api/v1", description="Tokens and the person they speak for")

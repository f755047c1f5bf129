"""From interest to use, over JSON."""

from flask_smorest import Blueprint

bp = Blueprint("introductions_api", __name__, url_prefix="/api/v1", description="From interest to use")

"""Search and suggestions over JSON."""

from flask_smorest import Blueprint

bp = Blueprint("search_api", __name__, url_prefix="/api/v1", description="Search")

"""Why a result and a need belong together, over JSON."""

from flask_smorest import Blueprint

bp = Blueprint("matching_api", __name__, url_prefix="/api/v1", description="Why a result and a need belong together")

"""Results and needs, over JSON."""

from flask_smorest import Blueprint

bp = Blueprint("listings_api", __name__, url_prefix="/api/v1", description="Results and needs")

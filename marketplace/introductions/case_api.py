"""What is said and agreed to in one case, over JSON."""

from __future__ import annotations

from flask_smorest import Blueprint

bp = Blueprint("case_api", __name__, url_prefix="/api/v1/introductions/<ref>",
               description="Messages, consents and the NDA of a case")

"""Home and figures as pages."""

from flask import Blueprint

bp = Blueprint("analytics", __name__)

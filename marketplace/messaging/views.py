"""Messages and notices as pages."""

from flask import Blueprint

bp = Blueprint("messaging", __name__)

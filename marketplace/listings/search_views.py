"""The search page and suggestions."""

from flask import Blueprint

bp = Blueprint("search", __name__)

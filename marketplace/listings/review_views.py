"""The review queue, as reviewers see it."""

from flask import Blueprint

bp = Blueprint("review", __name__)

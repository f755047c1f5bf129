"""Introductions as pages."""

from flask import Blueprint

bp = Blueprint("introductions", __name__)

"""Spreadsheets in and out, as pages."""

from flask import Blueprint

bp = Blueprint("import", __name__)

"""Files as downloads. The addresses belong to the rooms the files are kept for; they check, then deliver."""

from __future__ import annotations

from flask import Blueprint, Response, send_file

from marketplace.files import service
from marketplace.files.models import StoredFile

bp = Blueprint("files", __name__)


def deliver(file: StoredFile) -> Response:
    """The bytes, always to be saved and never shown by the browser in our name."""
    response = send_file(
        service.path_of(file), mimetype=file.media_type, as_attachment=True, download_name=file.name,
        etag=file.digest, max_age=0,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, no-store"
    return response

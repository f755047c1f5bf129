"""Files for the browser. The addresses belong to the rooms the files are kept for; they check, then deliver."""

from __future__ import annotations

from flask import Blueprint, Response, request, send_file

from marketplace.files import service
from marketplace.files.models import StoredFile
from marketplace.files.types import SHOWN

bp = Blueprint("files", __name__)
bp.add_app_template_test(lambda file: file.media_type in SHOWN, "shown_by_browsers")
POLICY = "; ".join((
    "sandbox", "default-src 'none'", "style-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'",
    "frame-ancestors 'none'",
))
"""A file is nobody's page: whatever is in it has no origin, runs nothing, fetches nothing and sends nothing. The
styles are those with which browsers lay out a picture they show."""


def deliver(file: StoredFile) -> Response:
    """The bytes, part by part as they are asked for: to be saved, or with `?look` shown if a picture or a PDF."""
    saved = "look" not in request.args or file.media_type not in SHOWN
    response = send_file(
        service.opened(file), mimetype=file.media_type.partition(";")[0], as_attachment=saved, download_name=file.name,
        max_age=0, conditional=False, etag=file.digest,
    )
    response.content_length = file.size
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    response.make_conditional(request, accept_ranges=True, complete_length=file.size)
    return response

"""Changing an object over the API only as one has read it: by its `version`, or by its ETag in If-Match."""

from __future__ import annotations

from hashlib import sha256

from flask import Response, request

from marketplace.errors import Conflict, Invalid
from marketplace.phrases import say

CHANGED = say("It has changed since you read it. Load it again and repeat your change.")


class PreconditionFailed(Conflict):
    status = 412


def tagged(response: Response, version: int) -> Response:
    """With an ETag that begins with the version and changes with all that is told."""
    response.set_etag(f"{version}.{sha256(response.get_data()).hexdigest()[:16]}")
    return response


def require_read(version: int, sent: int | None) -> None:
    """Refuse whoever changes what is at `version` now and has read another, or does not say which; `sent` is what the
    body says."""
    if "If-Match" in request.headers:
        tags = {(tag or "").partition(".")[0] for tag in request.if_match.as_set()}
        if not request.if_match.star_tag and str(version) not in tags:
            raise PreconditionFailed(CHANGED)
    elif sent is None:
        raise Invalid({"version": say("Send the version you have read, or its ETag in If-Match.")})
    if sent is not None and sent != version:
        raise Conflict(CHANGED)

"""Every request has a number, which its answer, its log lines and its errors carry, and leaves one line in the log.

The line names the route and not the address, which may hold a name or a link that acts for somebody.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from time import perf_counter
from typing import Any

from flask import Flask, Response, g, has_request_context, request
from sqlalchemy import Engine, event

from marketplace import context, logs
from marketplace.web.guard import STATIC

log = logging.getLogger("marketplace.access")
HEADER = "X-Request-ID"
SOUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
"""What we take from a proxy as a request's number; anything else gets one of ours."""
QUIET = {*STATIC, "health.alive", "health.ready", "metrics.show"}
"""Asked for all the time by machines, and always the same: told of only when it fails."""
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

Measure = Callable[[str, str, int, float, int], None]
"""Called with method, route, status, seconds and queries."""


def install(app: Flask, measure: Measure) -> None:
    """Before everything else that looks at requests, so that it sees them first and their answers last."""
    if not event.contains(Engine, "before_cursor_execute", _count):
        event.listen(Engine, "before_cursor_execute", _count)

    @app.before_request
    def begin() -> None:
        g.began, g.asked = perf_counter(), 0
        given = request.headers.get(HEADER, "")
        context.amend(request_id=given if SOUND.fullmatch(given) else secrets.token_hex(8))

    @app.after_request
    def end(response: Response) -> Response:
        if number := context.current().request_id:
            response.headers[HEADER] = number
        seconds = perf_counter() - g.get("began", perf_counter())
        method, queries = request.method if request.method in METHODS else "other", g.get("asked", 0)
        measure(method, route(), response.status_code, seconds, queries)
        level = logging.DEBUG if request.endpoint in QUIET and response.status_code < 400 else logging.INFO
        logs.fact(log, level, method=method, route=route(), status=response.status_code, ms=seconds * 1000,
                  queries=queries)
        return response


def route() -> str:
    """Which of our addresses was asked for, without what stands in it; "none" where there is no such."""
    return request.url_rule.rule if request.url_rule else "none"


def _count(*_: Any) -> None:
    if has_request_context():
        g.asked = g.get("asked", 0) + 1

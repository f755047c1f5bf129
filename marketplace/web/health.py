"""Is it alive, is it ready: for supervisors and load balancers."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint
from sqlalchemy import text

from marketplace import clock, index, outbox
from marketplace.db import session
from marketplace.web.guard import public
from search import SearchError

bp = Blueprint("health", __name__)
LATE = timedelta(seconds=30)
"""A worker beats every few seconds; one silent for this long is taken for dead."""


@bp.get("/healthz")
@public
def alive() -> tuple[dict[str, str], int]:
    return {"status": "ok"}, 200


@bp.get("/readyz")
@public
def ready() -> tuple[dict[str, object], int]:
    """503 until the database, the search engine and a worker all answer."""
    parts: dict[str, str] = {"database": _database(), "engine": _engine(), "worker": "unknown"}
    if parts["database"] == "ok":
        parts["worker"] = _worker()
    sound = all(state == "ok" for state in parts.values())
    return {"status": "ok" if sound else "not ready", **parts}, 200 if sound else 503


def _database() -> str:
    try:
        session.execute(text("SELECT 1 FROM worker_beats LIMIT 1"))
    except Exception as error:  # whatever is wrong, this page is where it must show
        session.rollback()
        return f"down: {type(error).__name__}"
    return "ok"


def _engine() -> str:
    try:
        index.engine().ping()
    except SearchError as error:
        return f"down: {type(error).__name__}"
    return "ok"


def _worker() -> str:
    last = outbox.last_beat()
    if last is None:
        return "never seen"
    silent = clock.now() - last
    return "ok" if silent < LATE else f"silent for {int(silent.total_seconds())} s"

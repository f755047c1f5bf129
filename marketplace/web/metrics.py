"""/metrics, for Prometheus: what the web processes counted together, and how the rest stands, from the rows.

It says how busy a marketplace is, so it is for who sends METRICS_TOKEN; without that setting there is no such page.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from marketplace.errors import NotFound
from marketplace.web.guard import public

bp = Blueprint("metrics", __name__)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where processes that count together write; its name is prometheus_client's. Set by whatever starts them."""
FRESH = 10.0
"""Seconds for which what was read from the rows is good enough."""
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Gauges = Callable[[], Iterable[Metric]]


class Counted:
    """What this process counts of its requests. Several processes write into one folder and are read as one."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.requests = Counter(
            "yinqiao_requests", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "yinqiao_request_seconds", "Time until a request was answered", ("route",), registry=registry,
            buckets=BUCKETS,
        )
        self.queries = Counter("yinqiao_queries", "Statements sent to the database", ("route",), registry=registry)
        self.registry = registry

    def note(self, method: str, route: str, status: int, seconds: float, queries: int) -> None:
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)
        self.queries.labels(route).inc(queries)

    def everybodys(self) -> CollectorRegistry:
        """What all processes counted: those of the folder, or this one alone."""
        if FOLDER not in os.environ:
            return self.registry
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together


class Standing(Collector):
    """How outbox, index, timers, mail and cases stand; read from the rows at most every few seconds."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self._read: Sequence[Metric] = ()
        self._until = 0.0
        self._reading = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        with self._reading:
            if time.monotonic() >= self._until:
                self._read = self._now()
                self._until = time.monotonic() + FRESH
            read = self._read
        yield from read

    def _now(self) -> list[Metric]:
        up = GaugeMetricFamily("yinqiao_database_up", "Does the database answer?")
        try:
            found = list(self._gauges())
        except Exception:  # what the processes counted is to be had all the same
            up.add_metric((), 0)
            return [up]
        up.add_metric((), 1)
        return [up, *found]


def install(app: Flask, token: str | None, gauges: Gauges) -> Callable[[str, str, int, float, int], None]:
    """Serve the page if there is a token for it; returns what is to be called with each request."""
    if token is None:
        return lambda *_: None
    counted = Counted()
    standing = CollectorRegistry()
    standing.register(Standing(gauges))
    app.extensions["metrics"] = (token, counted, standing)
    return counted.note


@bp.get("/metrics")
@public
def show() -> Response:
    if "metrics" not in current_app.extensions:
        raise NotFound
    token, counted, standing = current_app.extensions["metrics"]
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        refusal = "Send METRICS_TOKEN as a bearer token.\n"
        return Response(refusal, 401, {"WWW-Authenticate": "Bearer"}, mimetype="text/plain")
    body = generate_latest(counted.everybodys()) + generate_latest(standing)
    return Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")

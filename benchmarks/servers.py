"""The site under gunicorn as `yinqiao serve` runs it, and beside it one that only hands out the same bytes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load import HOST
from benchmarks.place import Place
from marketplace import serving

WORKERS = 2
BYTES = "YINQIAO_BENCH_BYTES"
"""Names the file of bytes that `bare` hands out."""


def bare() -> object:
    """A Flask application of one view."""
    from flask import Flask, Response

    app = Flask(__name__)
    body = Path(os.environ[BYTES]).read_bytes()

    @app.get("/same")
    def same() -> Response:
        return Response(body, content_type="application/json")

    return app


@contextmanager
def serve(place: Place, application: str, log: Path, **environment: str) -> Iterator[int]:
    """The port it listens on. `log` gets each request's server time in microseconds, one a line."""
    port = _free_port()
    command = serving.gunicorn(f"{HOST}:{port}", WORKERS)
    command[command.index("marketplace.serving:application()")] = application
    command += ["--access-logfile", str(log), "--access-logformat", "%(D)s"]
    process = subprocess.Popen(
        command, env={**place.environment, "PYTHONPATH": str(Path(__file__).resolve().parents[1]), **environment},
        stdout=subprocess.DEVNULL, stderr=sys.stderr,
    )
    try:
        _wait_until_it_listens(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def server_times(log: Path) -> list[float]:
    """Milliseconds of each request, as gunicorn measured the application."""
    return [int(line) / 1000 for line in log.read_text().split()]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode}")
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start within 30 s")

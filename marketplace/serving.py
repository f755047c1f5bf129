"""Web and worker as one thing to start and to stop."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from flask import Flask
from gunicorn.http import message  # type: ignore[import-untyped]

from marketplace import config, db
from marketplace.analytics import service as analytics
from marketplace.app import create_app

log = logging.getLogger(__name__)
THREADS = 4
LONGEST_ADDRESS = 65_536
"""Bytes of a request's first line. gunicorn's own most, 8,190, is 900 Chinese characters; a search may have 2,000."""
GRACE = 30.0
"""Seconds that requests and a batch in hand have to finish."""
LONGEST_PAUSE = 30.0
HEALTHY = 60.0
"""A process that lived this long did not die of its start: the next pause is short again."""
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def application() -> Flask:
    """What gunicorn's workers run: gunicorn 'marketplace.serving:application()'."""
    logs()
    message.MAX_REQUEST_LINE = LONGEST_ADDRESS
    app = create_app(config.read())
    threading.Thread(target=_warm, daemon=True).start()
    return app


def _warm() -> None:
    """Have the figures' columns in memory before somebody opens the page: for half a million moves two seconds."""
    try:
        analytics.warm()
    except Exception as error:  # a database that is not there yet is no reason not to serve
        log.info("figures are read when they are asked for: %r", error)
    finally:
        db.session.remove()


def logs() -> None:
    """One line a fact on standard error: when, how grave, where, what."""
    form = "%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"
    logging.basicConfig(format=form, datefmt="%Y-%m-%dT%H:%M:%S%z", level=logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)


@dataclass
class Process:
    """A child that is started again when it dies, ever more patiently while it keeps dying at once."""

    name: str
    command: list[str]
    failures: int = 0
    started: float = 0.0
    start_at: float = 0.0
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.started = time.monotonic()
        self.child = subprocess.Popen(self.command, preexec_fn=_end_with_parent)  # noqa: S603
        log.info("process=%s pid=%d started", self.name, self.child.pid)

    def look_after(self) -> None:
        """Start it when it is not running and its pause is over."""
        now = time.monotonic()
        if self.child is None:
            if now >= self.start_at:
                self.start()
            return
        code = self.child.poll()
        if code is None:
            return
        self.failures = 0 if now - self.started > HEALTHY else self.failures + 1
        pause = min(0.5 * 2**self.failures, LONGEST_PAUSE)
        log.error("process=%s died code=%d; starting it again in %.1f s", self.name, code, pause)
        self.child, self.start_at = None, now + pause

    def stop(self) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()

    def wait(self, until: float) -> None:
        if self.child is None:
            return
        try:
            self.child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.error("process=%s pid=%d did not stop in time; killed", self.name, self.child.pid)
            self.child.kill()
            self.child.wait()


@dataclass
class Supervisor:
    processes: list[Process]
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Keep every process running until SIGTERM or SIGINT, then end them all, the batch in hand finished."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            while not self.stopping.is_set():
                for process in self.processes:
                    process.look_after()
                self.stopping.wait(0.2)
        finally:
            for process in self.processes:
                process.stop()
            until = time.monotonic() + GRACE
            for process in self.processes:
                process.wait(until)


def web(host: str, port: int, workers: int) -> Process:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = [
        sys.executable, "-m", "gunicorn", "marketplace.serving:application()", "--bind", address,
        "--worker-class", "gthread", "--workers", str(workers), "--threads", str(THREADS),
        "--graceful-timeout", "20", "--no-control-socket", "--log-level", "warning",
        "--limit-request-line", str(LONGEST_ADDRESS),
    ]
    if os.access("/dev/shm", os.W_OK):  # noqa: S108  a worker's heartbeat must not wait for a disk
        command += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    return Process("web", command)


def worker() -> Process:
    return Process("worker", [sys.executable, "-m", "marketplace", "worker"])


def is_free(host: str, port: int) -> bool:
    """Can we listen there?"""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
    return True


def _end_with_parent() -> None:
    """Ask Linux to end this child when its parent is killed, so that no process keeps the port or the index."""
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    except (OSError, AttributeError):
        return

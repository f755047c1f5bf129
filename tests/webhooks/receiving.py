"""A receiver of webhooks on this machine, which behaves as a test tells it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Arrived:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    url: str = ""
    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    takes: float = 0.0
    """Seconds before it answers."""
    refuses: Callable[[Arrived], bool] = lambda _: False
    """Which it answers with 500."""
    arrived: list[Arrived] = field(default_factory=list)

    @property
    def numbers(self) -> list[str]:
        return [one.headers["Yinqiao-Delivery"] for one in self.arrived]

    @property
    def facts(self) -> list[str]:
        return [one.headers["Yinqiao-Fact"] for one in self.arrived]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            one = Arrived(self.path, dict(self.headers), self.rfile.read(length))
            receiver.arrived.append(one)
            time.sleep(receiver.takes)
            self.send_response(500 if receiver.refuses(one) else receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(receiver.body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/yinqiao"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

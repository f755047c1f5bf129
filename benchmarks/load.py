"""A small HTTP client and the figures of what it saw. It only ever speaks to 127.0.0.1."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

CLIENTS = 4
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Figures:
    p50: float
    p95: float
    """Milliseconds."""
    per_second: float = 0.0

    def __str__(self) -> str:
        rate = f"  {self.per_second:8.0f}/s" if self.per_second else ""
        return f"p50 {self.p50:7.2f} ms  p95 {self.p95:7.2f} ms{rate}"


def figures(milliseconds: Sequence[float], per_second: float = 0.0) -> Figures:
    ranked = sorted(milliseconds)
    return Figures(ranked[len(ranked) // 2], ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))], per_second)


def timed(call: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


class Client:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=30)

    def get(self, path: str) -> bytes:
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}: {body[:200]!r}")
        return body


def at_once(port: int, paths: Sequence[str], seconds: float) -> float:
    """Requests a second of CLIENTS kept connections asking for `paths` in turn; run it in its own process."""
    requests = [f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode() for path in paths]
    until = time.perf_counter() + seconds

    def client(number: int) -> int:
        first = number * len(requests) // CLIENTS
        return _ask_until(port, requests[first:] + requests[:first], until)

    with ThreadPoolExecutor(CLIENTS) as threads:
        started = time.perf_counter()
        return sum(threads.map(client, range(CLIENTS))) / (time.perf_counter() - started)


def _ask_until(port: int, requests: list[bytes], until: float) -> int:
    """Bare sockets: the client shares the machine with the server and must cost it little."""
    done = 0
    with socket.create_connection((HOST, port), timeout=30) as connection:
        while time.perf_counter() < until:
            connection.sendall(requests[done % len(requests)])
            received = connection.recv(65536)
            head, _, body = received.partition(b"\r\n\r\n")
            while not _:
                received += connection.recv(65536)
                head, _, body = received.partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head[:100])
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            missing = length - len(body)
            while missing > 0:
                missing -= len(connection.recv(min(missing, 65536)))
            done += 1
    return done


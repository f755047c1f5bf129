"""Embedders for tests: one that knows what a few words mean, and a server that answers as it is told."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from search.embedding import Kind, Vector, checked

MEANINGS = (
    ("battery", "电池", "accumulator", "energy storage", "储能"),
    ("membrane", "膜", "filtration"),
    ("robot", "机器人", "gripper"),
    ("solar", "photovoltaic", "光伏"),
)


class KnowsAFewWords:
    """A direction for each meaning, one for each language, and a little of each text's own."""

    name, dimensions, batch = "few words", 8, 4

    def __init__(self, name: str = "few words") -> None:
        self.name = name
        self.asked: list[tuple[str, Kind]] = []
        self.problem: Exception | None = None

    def embed(self, texts: Sequence[str], kind: Kind = "passage") -> list[Vector]:
        self.asked += [(text, kind) for text in texts]
        if self.problem is not None:
            raise self.problem
        return checked([self._vector(text.lower()) for text in texts], len(texts), self)  # type: ignore[arg-type]

    def _vector(self, text: str) -> list[float]:
        own = sum(map(ord, text)) % 97 / 970
        means = [float(sum(word in text for word in words)) for words in MEANINGS]
        return [*means, 2.0 if text.isascii() else 0.0, 0.0 if text.isascii() else 2.0, own, 0.1]


Answer = tuple[int, bytes]


class Server:
    """An imitation of an embeddings server: keeps what it was asked, answers what `answers` gives in turn, else a
    vector a text."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.requests: list[tuple[dict[str, str], Any]] = []
        self.answers: list[Answer | Callable[[BaseHTTPRequestHandler], None]] = []
        self.url = ""

    def vectors(self, texts: list[str]) -> Answer:
        rows = [{"index": at, "embedding": [math.cos(len(text) + n) for n in range(self.dimensions)]}
                for at, text in enumerate(texts)]
        return 200, json.dumps({"data": rows[::-1]}).encode()


@contextmanager
def server(dimensions: int = 4) -> Iterator[Server]:
    there = Server(dimensions)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            there.requests.append((dict(self.headers), body))
            answer = there.answers.pop(0) if there.answers else there.vectors(body["input"])
            if callable(answer):
                answer(self)
                return
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, *arguments: object) -> None:
            """Keep the test's output clean."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.handle_error = lambda *_: None  # type: ignore[method-assign]  # who was too slow finds nobody there any more
    there.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield there
    finally:
        http.shutdown()
        http.server_close()

"""The embedder on any server that speaks OpenAI's `/v1/embeddings`."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Sequence
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, ProtocolError

from search import Refused, Unavailable
from search.embedding import Kind, Vector, checked, plain

_MOST_BYTES = 64 << 20
_PIECE = 1 << 16
_QUOTED = 200
_BUSY, _SERVER_FAULT = 429, 500
_ABOUT_THE_TEXT = (400, 413, 422)
_LONGEST_PAUSE = 5.0


class HttpEmbedder:
    """Texts are sent in batches. A batch is tried `attempts` times within `timeout` seconds in all; after one that took
    longer they are half as large. A query is tried once, within `query_timeout`, since somebody waits for it."""

    def __init__(
        self, url: str, model: str, dimensions: int, key: str | None = None, *, query_prefix: str = "",
        passage_prefix: str = "", batch: int = 32, timeout: float = 10.0, query_timeout: float = 0.5,
        attempts: int = 4, back_off: float = 0.25,
    ) -> None:
        self.name = " ".join(filter(None, (model, query_prefix.strip(), passage_prefix.strip())))
        self.dimensions, self.batch = dimensions, batch
        self._url, self._model = _endpoint(url), model
        self._prefixes = {"query": query_prefix, "passage": passage_prefix}
        self._timeouts = {"query": query_timeout, "passage": timeout}
        self._attempts = {"query": 1, "passage": attempts}
        self._back_off, self._key = back_off, key
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._pool = urllib3.PoolManager(retries=False)

    def __repr__(self) -> str:
        return f"HttpEmbedder({self._url!r}, {self._model!r}, {self.dimensions})"

    def embed(self, texts: Sequence[str], kind: Kind = "passage") -> list[Vector]:
        given = [self._prefixes[kind] + plain(text) for text in texts]
        found: list[Vector] = []
        for start in range(0, len(given), self.batch):
            some = given[start:start + self.batch]
            found += checked(_vectors(self._ask(some, kind)), len(some), self)
        return found

    def _ask(self, texts: list[str], kind: Kind) -> bytes:
        body = json.dumps({"model": self._model, "input": texts, "encoding_format": "float"}).encode()
        until = time.monotonic() + self._timeouts[kind]
        for attempt in range(1, self._attempts[kind] + 1):
            pause = self._back_off * 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311 - it spreads, no more
            try:
                status, answer, wished = self._post(body, until)
            except (HTTPError, OSError) as error:
                problem = f"cannot be reached: {_without_address(error)}"
                if time.monotonic() >= until and kind == "passage":
                    # A slow server may yet manage fewer at a time; whoever gave us these will give them again.
                    self.batch = max(1, min(self.batch, len(texts)) // 2)
            else:
                if status == 200:
                    return answer
                problem = f"answered {status}: {self._without_key(_quoted(answer))}"
                if status in _ABOUT_THE_TEXT:
                    raise Refused(f"the embedder at {self._url} {problem}")
                if status != _BUSY and status < _SERVER_FAULT:
                    break
                pause = max(pause, wished)
            if attempt == self._attempts[kind] or time.monotonic() + pause >= until:
                break
            time.sleep(pause)
        raise Unavailable(f"the embedder at {self._url} {problem}")

    def _without_key(self, text: str) -> str:
        """Servers repeat a key they do not know; logs must not."""
        return text.replace(self._key, "…") if self._key else text

    def _post(self, body: bytes, until: float) -> tuple[int, bytes, float]:
        """(status, answer, seconds the server asks us to wait), however slowly the server dribbles it out."""
        left = max(0.05, until - time.monotonic())
        response = self._pool.request(
            "POST", self._url, body=body, headers=self._headers, timeout=urllib3.Timeout(total=left),
            redirect=False, preload_content=False,
        )
        whole = bytearray()
        try:
            while piece := response.read1(_PIECE):
                whole += piece
                if len(whole) > _MOST_BYTES:
                    raise ProtocolError(f"it sends more than {_MOST_BYTES >> 20} MB")
                if time.monotonic() > until:
                    raise ProtocolError("it did not end its answer in time")
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return response.status, bytes(whole), _seconds(response.headers.get("Retry-After"))


def _endpoint(url: str) -> str:
    """Where to ask, whether or not the address given says the path as well."""
    bare = url.rstrip("/")
    if bare.endswith("/embeddings"):
        return bare
    return f"{bare}/embeddings" if bare.endswith("/v1") else f"{bare}/v1/embeddings"


def _vectors(answer: bytes) -> list[Any]:
    """The vectors in the order of the texts; the server says which is whose, and need not keep the order."""
    try:
        rows = json.loads(answer)["data"]
        by_place = {row.get("index", at): row["embedding"] for at, row in enumerate(rows)}
        if len(by_place) != len(rows) or any(place not in by_place for place in range(len(rows))):
            raise ValueError("the places it gives the vectors are not those of the texts")
        return [by_place[place] for place in range(len(rows))]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unavailable(
            f"the embedder's answer is not a list of embeddings ({type(error).__name__}: {error}); it begins: "
            f"{_quoted(answer)}"
        ) from None


def _seconds(value: str | None) -> float:
    try:
        asked = float(value or 0)
    except ValueError:
        return 0.0
    return min(max(asked, 0.0), _LONGEST_PAUSE) if math.isfinite(asked) else 0.0


def _quoted(answer: bytes) -> str:
    text = " ".join(answer[:4 * _QUOTED].decode("utf-8", "replace").split())
    return text[:_QUOTED] + ("…" if len(text) > _QUOTED else "") or "nothing"


def _without_address(error: Exception) -> str:
    """What went wrong; urllib3 repeats objects and addresses that help nobody."""
    return str(error).rpartition(": ")[2] or type(error).__name__

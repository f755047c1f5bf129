"""An embeddings server that is down, slow or wrong costs a clear message and nothing else."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from embedders import Server, server

from search import Refused, Unavailable
from search.embedding_http import HttpEmbedder

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
KEY = "sk-very-secret"


@pytest.fixture
def there() -> Iterator[Server]:
    with server() as one:
        yield one


def asking(url: str, **more: object) -> HttpEmbedder:
    return HttpEmbedder(url, "model-a", 4, KEY, **{"timeout": 2.0, "back_off": 0.001, **more})  # type: ignore[arg-type]


def numbers(*rows: list[float], **more: object) -> tuple[int, bytes]:
    data = [{"index": at, "embedding": row, **more} for at, row in enumerate(rows)]
    return 200, json.dumps({"data": data}).encode()


def test_texts_are_sent_in_batches_and_vectors_come_back_in_order(there: Server) -> None:
    texts = ["a" * number for number in range(1, 6)]
    found = asking(there.url, batch=2).embed(texts)
    assert [len(body["input"]) for _, body in there.requests] == [2, 2, 1]
    expected = [[math.cos(len(text) + n) for n in range(4)] for text in texts]
    for vector, raw in zip(found, expected, strict=True):
        assert vector == pytest.approx([number / math.hypot(*raw) for number in raw])


def test_the_request_names_the_model_and_carries_the_key_and_the_prefixes(there: Server) -> None:
    embedder = asking(f"{there.url}/v1/", query_prefix="query: ", passage_prefix="passage: ")
    embedder.embed(["锂"], "query")
    embedder.embed(["锂"])
    (headers, asked), (_, read) = there.requests
    assert headers["Authorization"] == f"Bearer {KEY}" and asked["model"] == "model-a"
    assert (asked["input"], read["input"]) == (["query: 锂"], ["passage: 锂"])
    assert KEY not in repr(embedder) and embedder.name == "model-a query: passage:"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(there: Server, status: int) -> None:
    there.answers = [(status, b"busy")] * 2
    assert len(asking(there.url).embed(["text"])) == 1
    assert len(there.requests) == 3


def test_a_server_that_stays_busy_is_unavailable_and_said_to_be_so(there: Server) -> None:
    there.answers = [(503, b"loading the model")] * 4
    with pytest.raises(Unavailable, match="503: loading the model"):
        asking(there.url).embed(["text"])


def test_a_query_is_tried_once(there: Server) -> None:
    there.answers = [(503, b"")] * 2
    with pytest.raises(Unavailable):
        asking(there.url).embed(["text"], "query")
    assert len(there.requests) == 1


def test_a_wrong_key_is_said_but_not_repeated(there: Server) -> None:
    there.answers = [(401, f"wrong key {KEY}".encode())]
    with pytest.raises(Unavailable, match="401: wrong key …") as caught:
        asking(there.url).embed(["text"])
    assert KEY not in str(caught.value) and len(there.requests) == 1


def test_a_text_the_server_cannot_take_is_refused(there: Server) -> None:
    there.answers = [(413, b"too long")]
    with pytest.raises(Refused, match="too long"):
        asking(there.url).embed(["text"])


def test_a_server_that_is_down_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        asking("http://127.0.0.1:9", attempts=2).embed(["text"])


def test_a_slow_server_is_not_waited_for(there: Server) -> None:
    there.answers = [lambda _: time.sleep(1.5)]
    started = time.monotonic()
    with pytest.raises(Unavailable, match="cannot be reached"):
        asking(there.url, query_timeout=0.1).embed(["text"], "query")
    assert time.monotonic() - started < 1


def test_a_server_too_slow_for_a_batch_is_given_smaller_ones(there: Server) -> None:
    whole = there.vectors
    there.vectors = lambda texts: (time.sleep(0.05 * len(texts)), whole(texts))[1]  # type: ignore[method-assign]
    embedder, texts = asking(there.url, batch=16, timeout=0.3), ["text"] * 16
    failures = 0
    while True:
        try:
            assert len(embedder.embed(texts[:embedder.batch])) == embedder.batch
            break
        except Unavailable:
            failures += 1
    assert 0 < failures <= 3 and 2 <= embedder.batch <= 8


def test_an_answer_that_dribbles_is_not_waited_for(there: Server) -> None:
    def dribble(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(30):
            time.sleep(0.05)
            handler.wfile.write(b" ")
            handler.wfile.flush()

    there.answers = [dribble]
    started = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        asking(there.url, query_timeout=0.2).embed(["text"], "query")
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(("answer", "error", "says"), [
    ((200, b"<!DOCTYPE html><title>Sign in</title>"), Unavailable, "begins: <!DOCTYPE html><title>Sign in"),
    ((200, b""), Unavailable, "begins: nothing"),
    ((200, b'{"object": "list"}'), Unavailable, "not a list of embeddings"),
    ((200, b'{"data": [1, 2]}'), Unavailable, "not a list of embeddings"),
    ((200, b"[" * 100_000), Unavailable, "not a list of embeddings"),
    ((302, b""), Unavailable, "answered 302"),
    (numbers([1.0] * 4), Unavailable, "1 vectors for 2 texts"),
    (numbers([1.0] * 4, [1.0] * 4, [1.0] * 4), Unavailable, "3 vectors for 2 texts"),
    (numbers([1.0] * 4, [1.0] * 4, index=1), Unavailable, "not those of the texts"),
    (numbers([1.0] * 8, [1.0] * 8), Unavailable, "8 numbers instead of 4.*EMBEDDER_DIMENSIONS"),
    (numbers([math.nan] * 4, [1.0] * 4), Refused, "no finite number"),
    (numbers([1e308] * 4, [1.0] * 4), Refused, "without direction"),
    ((200, b'{"data": [{"embedding": [1e999, 0, 0, 0]}, {"embedding": [1, 0, 0, 0]}]}'), Refused, "no finite number"),
])
def test_an_answer_that_is_no_answer_is_named(
    there: Server, answer: tuple[int, bytes], error: type[Exception], says: str
) -> None:
    there.answers = [answer]
    with pytest.raises(error, match=says):
        asking(there.url).embed(["one", "two"])
    assert len(asking(there.url).embed(["one", "two"])) == 2, "the next answer is taken again"

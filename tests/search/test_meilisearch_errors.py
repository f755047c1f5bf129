"""How the adapter takes it when a Meilisearch server is busy, slow, old, strict or not there at all."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from search import Query, Refused, Unavailable
from search.meilisearch import MeilisearchEngine
from tests.search.conftest import SERVED
from tests.search.imitation import Imitation, fault, task

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def test_a_write_waits_for_its_task(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.answers["GET", "/tasks/7"] = [(200, task("enqueued")), (200, task("processing")), (200, task("succeeded"))]
    meilisearch.upsert("listings", [{"id": 1, "title": "x"}])
    assert len(server.sent("GET", "/tasks/7")) == 3


def test_a_task_that_failed_for_what_it_was_given_is_refused(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.answers["GET", "/tasks/7"] = [(200, task("failed", **fault("invalid_document_id")))]
    with pytest.raises(Refused, match="invalid_document_id"):
        meilisearch.upsert("listings", [{"id": 1, "title": "x"}])


@pytest.mark.parametrize("answer", [
    task("failed", **fault("internal", "internal")), task("canceled"), task("failed", **fault("index_not_found")),
])
def test_a_task_that_failed_for_the_servers_own_reasons_may_be_tried_later(
    server: Imitation, meilisearch: MeilisearchEngine, answer: dict[str, Any],
) -> None:
    server.answers["GET", "/tasks/7"] = [(200, answer)]
    with pytest.raises(Unavailable):
        meilisearch.upsert("listings", [{"id": 1, "title": "x"}])


def test_a_task_that_does_not_end_is_unavailable(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.answers["GET", "/tasks/7"] = [(200, task("processing"))] * 1000
    with pytest.raises(Unavailable, match="takes over"):
        meilisearch.upsert("listings", [{"id": 1, "title": "x"}])


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again(server: Imitation, meilisearch: MeilisearchEngine, status: int) -> None:
    server.answers["POST", "/multi-search"] = [(status, {}), (status, b"<html>")]
    assert meilisearch.search("listings", Query()).total == 0
    assert len(server.sent("POST", "/multi-search")) == 3


def test_a_server_that_stays_busy_is_unavailable(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.answers["POST", "/multi-search"] = [(503, {})] * 3
    with pytest.raises(Unavailable, match="503"):
        meilisearch.search("listings", Query())


def test_a_request_the_server_refuses_is_not_repeated(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.answers["POST", "/multi-search"] = [(400, fault("invalid_search_filter"))]
    with pytest.raises(Refused, match="invalid_search_filter"):
        meilisearch.search("listings", Query())
    assert len(server.sent("POST", "/multi-search")) == 1


def test_an_index_the_server_does_not_have_is_not_there_yet(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.answers["GET", "/indexes/listings/settings"] = [(404, fault("index_not_found"))]
    with pytest.raises(Unavailable, match="no such index"):
        meilisearch.search("listings", Query())
    server.answers["GET", "/indexes/listings"] = [(404, fault("index_not_found"))]
    assert not meilisearch.exists("listings")
    assert meilisearch.exists("listings")


def test_a_server_that_is_not_there_is_unavailable() -> None:
    engine = MeilisearchEngine("http://127.0.0.1:9", attempts=2, back_off=0.001)
    with pytest.raises(Unavailable, match="cannot be reached"):
        engine.ping()


def test_an_answer_that_is_no_json_is_unavailable(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.answers["GET", "/health"] = [(200, b"<html>a proxy</html>")]
    with pytest.raises(Unavailable):
        meilisearch.ping()


def test_a_swap_is_not_sent_twice_unless_the_server_has_not_begun(
    server: Imitation, meilisearch: MeilisearchEngine,
) -> None:
    server.answers["POST", "/swap-indexes"] = [(429, {})]
    meilisearch.swap("listings", "new")
    assert server.sent("POST", "/swap-indexes") == [[{"indexes": ["listings", "new"]}]] * 2
    server.answers["POST", "/swap-indexes"] = [(502, {})]
    with pytest.raises(Unavailable):
        meilisearch.swap("listings", "new")
    assert len(server.sent("POST", "/swap-indexes")) == 3


def test_making_what_exists_and_dropping_what_does_not_are_no_faults(
    server: Imitation, meilisearch: MeilisearchEngine,
) -> None:
    server.answers["GET", "/tasks/7"] = [(200, task("failed", **fault("index_already_exists")))]
    meilisearch.create("listings", SERVED)
    server.answers["GET", "/tasks/7"] = [(200, task("failed", **fault("index_not_found")))]
    meilisearch.drop("listings")
    server.answers["DELETE", "/indexes/listings"] = [(404, fault("index_not_found"))]
    meilisearch.drop("listings")


# --- patience


def test_a_server_that_says_when_to_come_back_is_believed(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.headers["Retry-After"] = "0.3"
    server.answers["POST", "/multi-search"] = [(429, {})]
    started = time.monotonic()
    assert meilisearch.search("listings", Query()).total == 0
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("wish", ["3600", "Wed, 21 Oct 2026 07:28:00 GMT", "-5", "soon", ""])
def test_nobody_waits_an_hour_for_an_answer(server: Imitation, wish: str) -> None:
    engine = MeilisearchEngine(server.url, attempts=3, back_off=0.001, patience=0.5)
    server.headers["Retry-After"] = wish
    server.answers["GET", "/health"] = [(503, {})] * 3
    started = time.monotonic()
    with pytest.raises(Unavailable, match="503"):
        engine.ping()
    assert time.monotonic() - started < 0.5


def test_attempts_end_when_patience_does(server: Imitation) -> None:
    engine = MeilisearchEngine(server.url, attempts=100, back_off=0.05, patience=0.4)
    server.answers["GET", "/health"] = [(500, {})] * 100
    started = time.monotonic()
    with pytest.raises(Unavailable):
        engine.ping()
    assert time.monotonic() - started < 0.6
    assert 2 < len(server.sent("GET", "/health")) < 10


def test_a_request_that_timed_out_is_not_asked_again(server: Imitation) -> None:
    engine = MeilisearchEngine(server.url, timeout=0.2, attempts=3, back_off=0.001)  # type: ignore[arg-type]

    def slowly(query: dict[str, Any]) -> list[dict[str, Any]]:
        time.sleep(0.6)
        return []

    server.hits = slowly
    with pytest.raises(Unavailable, match="in time"):
        engine.search("listings", Query())
    assert len(server.sent("POST", "/multi-search")) == 1


# --- what is not Meilisearch's


@pytest.mark.parametrize("answer", [
    b"<html>a proxy</html>", b"", b"[]", b"null", b"7", b'{"results": 7}', b'{"results": []}', b'{"error": "login"}',
    b'{"results": [{"hits": [', b"\xff\xfe",
])
def test_whatever_a_proxy_answers_is_unavailable(
    server: Imitation, meilisearch: MeilisearchEngine, answer: bytes,
) -> None:
    server.answers["POST", "/multi-search"] = [(200, answer)] * 3
    with pytest.raises(Unavailable):
        meilisearch.search("listings", Query())


@pytest.mark.parametrize(("path", "call"), [
    ("/indexes/listings/settings", lambda engine: engine.search("listings", Query())),
    ("/indexes/listings/settings", lambda engine: engine.create("listings", SERVED)),
    ("/indexes/listings/settings", lambda engine: engine.synonyms("listings", [["a", "b"]])),
    ("/indexes/listings/stats", lambda engine: engine.count("listings")),
    ("/version", lambda engine: engine.ping()),
])
@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"null", b"7"])
def test_pages_in_place_of_answers_are_unavailable(
    server: Imitation, meilisearch: MeilisearchEngine, path: str, call: Callable[[MeilisearchEngine], None],
    answer: bytes,
) -> None:
    server.answers["GET", path] = [(200, answer)] * 3
    with pytest.raises(Unavailable):
        call(meilisearch)


# --- the version


@pytest.mark.parametrize("version", ["1.14.0", "1.2.9", "0.30.0"])
def test_a_server_that_is_too_old_is_told_from_one_that_is_down(
    server: Imitation, meilisearch: MeilisearchEngine, version: str,
) -> None:
    server.version = version
    for call in (meilisearch.ping, lambda: meilisearch.create("fresh", SERVED),
                 lambda: meilisearch.search("listings", Query())):
        with pytest.raises(Unavailable, match=f"Meilisearch {version}; 1.15 or later is needed"):
            call()
    assert server.sent("POST", "/indexes") == []


@pytest.mark.parametrize("version", ["1.15.0", "1.41.0-rc.1", "2.0.0"])
def test_the_version_is_asked_for_once(server: Imitation, meilisearch: MeilisearchEngine, version: str) -> None:
    server.version = version
    meilisearch.ping()
    meilisearch.ping()
    meilisearch.search("listings", Query())
    assert len(server.sent("GET", "/version")) == 1


def test_a_server_that_was_upgraded_is_noticed(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.version = "1.14.0"
    with pytest.raises(Unavailable):
        meilisearch.ping()
    server.version = "1.15.0"
    meilisearch.ping()


def test_a_key_that_may_not_is_named_as_the_reason(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.keys = {"key": {"actions": ["search", "version", "settings.get"], "indexes": ["listings"]}}
    assert meilisearch.search("listings", Query()).total == 0
    with pytest.raises(Unavailable, match="does not take our key"):
        meilisearch.upsert("listings", [{"id": 1, "title": "x"}])


# --- connections


def test_searches_share_a_connection(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    for _ in range(20):
        meilisearch.search("listings", Query("x "))
    assert server.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_no_fault(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.search("listings", Query("x "))
    for open_one in server.open_connections:
        open_one.close()
    assert meilisearch.search("listings", Query("x ")).total == 0

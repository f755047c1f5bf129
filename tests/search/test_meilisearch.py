"""What the adapter sends to a Meilisearch server and how it takes what comes back, against an imitation of the server.

The imitation speaks HTTP and finds nothing by itself; the contract suite runs against a real server when there is one.
"""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from search import AnyOf, Between, NoneOf, Query, Refused, Settings, Term, Unavailable
from search.dialect import server_document, server_settings, settings_of, spelled
from search.meilisearch import MeilisearchEngine

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SETTINGS = Settings(
    searchable={"title": 4.0, "body": 1.0}, strings=("kind", "region"), numbers=("price",), suggest=("title",),
    stored=("title",),
)
Answer = tuple[int, Any]


class Imitation:
    """Keeps every request; answers from `answers` (by method and path, in turn) or with what a healthy server says."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.answers: dict[tuple[str, str], list[Answer]] = {}
        self.hits: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda query: []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def sent(self, method: str, path: str) -> list[Any]:
        return [body for one, where, body in self.requests if (one, where) == (method, path)]

    def answer(self, method: str, path: str, body: Any) -> Answer:
        waiting = self.answers.get((method, path))
        if waiting:
            return waiting.pop(0)
        if path == "/multi-search":
            return 200, {"results": [self._result(query) for query in body["queries"]]}
        if method == "GET" and path.startswith("/tasks/"):
            return 200, task("succeeded")
        if method == "GET" and path.endswith("/settings"):
            return 200, server_settings(SETTINGS)
        if method == "GET" and path.endswith("/stats"):
            return 200, {"numberOfDocuments": 4, "isIndexing": False, "fieldDistribution": {}}
        if method == "GET":
            return 200, {"status": "available", "uid": "listings", "primaryKey": "id", "createdAt": "", "updatedAt": ""}
        return 202, {**task("enqueued"), "taskUid": 7}

    def _result(self, query: dict[str, Any]) -> dict[str, Any]:
        hits = self.hits(query)
        counts = {name: {"a": len(hits)} for name in query.get("facets", ())}
        return {"hits": hits, "totalHits": len(hits), "facetDistribution": counts}

    def _handler(imitation) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = json.loads(raw) if raw else None
                path = self.path.partition("?")[0]
                imitation.requests.append((self.command, path, body))
                status, answer = imitation.answer(self.command, path, body)
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any

            def log_message(self, *arguments: object) -> None:
                """Keep the test's output clean."""

        return Handler


def task(status: str, **error: str) -> dict[str, Any]:
    return {
        "uid": 7, "taskUid": 7, "indexUid": "listings", "status": status, "type": "documentAdditionOrUpdate",
        "enqueuedAt": "2025-01-01T00:00:00.000000Z", "error": error or None,
    }


def fault(code: str, kind: str = "invalid_request") -> dict[str, str]:
    return {"message": f"it is {code}", "code": code, "type": kind, "link": "https://example"}


@pytest.fixture
def server() -> Iterator[Imitation]:
    imitation = Imitation()
    yield imitation
    imitation.server.shutdown()
    imitation.server.server_close()


@pytest.fixture
def meilisearch(server: Imitation) -> MeilisearchEngine:
    return MeilisearchEngine(server.url, "key", timeout=2, task_timeout=0.2, attempts=3, back_off=0.001)


# --- errors


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
    meilisearch.create("listings", SETTINGS)
    server.answers["GET", "/tasks/7"] = [(200, task("failed", **fault("index_not_found")))]
    meilisearch.drop("listings")
    server.answers["DELETE", "/indexes/listings"] = [(404, fault("index_not_found"))]
    meilisearch.drop("listings")


# --- what is sent


def test_settings_survive_the_way_to_the_server_and_back() -> None:
    back = settings_of(server_settings(SETTINGS))
    assert [*back.searchable] == [*SETTINGS.searchable]
    assert (back.strings, back.numbers) == (SETTINGS.strings, SETTINGS.numbers)
    assert (back.suggest, back.stored) == (SETTINGS.suggest, SETTINGS.stored)


def test_an_index_is_made_with_its_settings(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.create("listings", SETTINGS)
    assert server.sent("POST", "/indexes") == [{"uid": "listings", "primaryKey": "id"}]
    settings, = server.sent("PATCH", "/indexes/listings/settings")
    assert settings["searchableAttributes"] == ["text_title", "text_body"]
    assert settings["sortableAttributes"] == ["number_price"]
    assert settings["typoTolerance"]["minWordSizeForTypos"] == {"oneTypo": 4, "twoTypos": 8}
    assert settings["localizedAttributes"] == [{"attributePatterns": ["text_*"], "locales": ["cmn", "eng"]}]
    assert settings["rankingRules"][0] == "sort"


def test_a_document_is_sent_folded_for_searching_and_whole_for_quoting() -> None:
    document = {"id": 1, "title": "鋰電池 PLA/PBAT", "kind": "a", "price": None, "region": ["x", "x"], "unnamed": 1}
    assert server_document(SETTINGS, document) == {
        "id": 1, "text_title": ["锂电池 pla pbat. plapbat"], "stored_title": ["鋰電池 PLA/PBAT"],
        "offered_title": ["鋰電池 PLA/PBAT"], "string_kind": ["a"], "string_region": ["x"],
    }
    assert spelled("Lithium batteries at 10kV") == "lithium battery at 10 kv. 10kv"


def test_ids_are_deleted_by_a_filter(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.delete("listings", [3, 4])
    assert server.sent("POST", "/indexes/listings/documents/delete") == [{"filter": "id IN [3, 4]"}]


def test_a_page_and_its_facets_are_one_request(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.hits = lambda query: [{"id": 5, "_rankingScore": 0.9, "stored_title": ["鋰電池"]}]
    page = meilisearch.search("listings", Query(
        "电池 ", (AnyOf("kind", ('a"b\\', "c")), NoneOf("region", ("x",)), Between("price", 1e20, None)),
        facets=("kind", "region"), sort=("price", True), page=2, size=10, attributes=("title",), highlight=("title",),
    ))
    (body,) = server.sent("POST", "/multi-search")
    first, second = body["queries"]
    assert first["filter"] == [
        r'string_kind IN ["a\"b\\", "c"]', 'string_region NOT IN ["x"]', "number_price >= 100000000000000000000",
    ]
    assert (first["q"], first["page"], first["hitsPerPage"], first["sort"]) == ("电池 ", 2, 10, ["number_price:desc"])
    assert (first["facets"], first["attributesToSearchOn"]) == (["string_region"], ["text_title"])
    assert second["filter"] == first["filter"][1:]
    assert (second["facets"], second["limit"]) == (["string_kind"], 0)
    assert page.facets == {"kind": {"a": 1}, "region": {"a": 1}}
    assert page.hits[0].quotes["title"] == (("鋰", False), ("電池", True))


def test_a_readers_signs_reach_the_server_only_as_quotes_and_minuses(
    server: Imitation, meilisearch: MeilisearchEngine,
) -> None:
    server.hits = lambda query: [{"id": 1}]
    meilisearch.search("listings", Query('"fuel cells" -"a b" -lithium (PLA/PBAT) title:x* batt'))
    query, = server.sent("POST", "/multi-search")[0]["queries"]
    assert query["q"] == '-"a b" -"lithium" "fuel cell" pla pbat title x batt'
    assert query["matchingStrategy"] == "all"


def test_words_are_given_up_in_the_stated_order(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    known = {"battery": 9, "lithium": 3, "unicorn": 0}

    def hits(query: dict[str, Any]) -> list[dict[str, Any]]:
        asked = query["q"].split()
        count = known[asked[0]] if len(asked) == 1 else 0
        return [{"id": number} for number in range(count)]

    server.hits = hits
    page = meilisearch.search("listings", Query("battery unicorn lithium "))
    assert (page.total, page.dropped) == (3, ("battery", "unicorn"))
    server.hits = lambda query: []
    page = meilisearch.search("listings", Query("battery unicorn "))
    assert (page.total, page.dropped) == (0, ())


def test_likeness_adds_up_what_each_term_is_worth(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    both, one = {"id": 1, "_rankingScore": 0.5}, {"id": 2, "_rankingScore": 0.8}
    server.hits = lambda query: [one, both] if query["q"].startswith("lithium") else [both]
    page = meilisearch.similar("listings", [Term("lithium", 1.0), Term("回收", 1.0), Term("!!")], limit=5)
    assert [hit.id for hit in page.hits] == [1, 2]
    assert page.hits[0].score == pytest.approx(1.0)


def test_settings_changed_by_another_process_are_read_again(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.search("listings", Query())
    more = Settings(searchable={"title": 1.0}, strings=("kind", "field"))
    server.answers["GET", "/indexes/listings/settings"] = [(200, server_settings(more))]
    meilisearch.search("listings", Query(facets=("field",)))
    assert server.sent("POST", "/multi-search")[-1]["queries"][0]["facets"] == ["string_field"]


def test_a_mistyped_word_is_marked_where_the_server_found_it(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.hits = lambda query: [{"id": 1, "stored_title": ["Lithium batteries"]}]
    page = meilisearch.search("listings", Query("litium ", highlight=("title",)))
    assert page.hits[0].quotes["title"] == (("Lithium", True), (" batteries", False))


def test_threads_share_one_engine(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.hits = lambda query: [{"id": int(query["q"])}]
    faults: list[object] = []

    def ask(number: int) -> None:
        for _ in range(10):
            hits = meilisearch.search("listings", Query(f"{number} ")).hits
            if [hit.id for hit in hits] != [number]:
                faults.append(hits)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []

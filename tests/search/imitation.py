"""A Meilisearch server as far as the adapter meets it: its routes, tasks, keys and errors over HTTP.

Written from the documentation and the source of the server, because none could be had; the contract suite runs against
it, and against a real server wherever there is one.
"""

import fnmatch
import json
import re
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.search.imitation_index import Body, Complaint, Index

Answer = tuple[int, Any]
_FIRST_TASK = 7
_ACTIONS = (
    ("GET", r"/version", "version"), ("POST", r"/multi-search", "search"), ("POST", r"/swap-indexes", "indexes.swap"),
    ("GET", r"/tasks/\d+", "tasks.get"), ("POST", r"/indexes", "indexes.create"),
    ("GET", r"/indexes/[^/]+", "indexes.get"), ("DELETE", r"/indexes/[^/]+", "indexes.delete"),
    ("GET", r"/indexes/[^/]+/settings", "settings.get"), ("PATCH", r"/indexes/[^/]+/settings", "settings.update"),
    ("GET", r"/indexes/[^/]+/stats", "stats.get"), ("POST", r"/indexes/[^/]+/documents", "documents.add"),
    ("PUT", r"/indexes/[^/]+/documents", "documents.add"),
    ("POST", r"/indexes/[^/]+/documents/fetch", "documents.get"),
    ("POST", r"/indexes/[^/]+/documents/delete", "documents.delete"),
)
"""What a key must be allowed for each route, as the server's source has it."""


class Imitation:
    """Keeps every request. What stands in `answers` (by method and path) is answered first, in turn."""

    version = "1.15.2"

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.connections = 0
        self.open_connections: list[socket.socket] = []
        self.answers: dict[tuple[str, str], list[Answer]] = {}
        self.headers: dict[str, str] = {}
        self.hits: Callable[[Body], list[Body]] | None = None
        """What searches find, instead of what the documents say."""
        self.keys: dict[str, Body] | None = None
        """Key -> its actions and indexes; None lets everybody do everything."""
        self.indexes: dict[str, Index] = {}
        self._tasks: dict[int, Body] = {}
        self._one_at_a_time = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def sent(self, method: str, path: str) -> list[Any]:
        return [body for one, where, body in self.requests if (one, where) == (method, path)]

    # --- answering

    def answer(self, method: str, path: str, body: Any, key: str) -> Answer:
        waiting = self.answers.get((method, path))
        if waiting:
            return waiting.pop(0)
        if self.keys is not None and not self._may(method, path, body, key):
            return 403, fault("invalid_api_key", "auth")
        try:
            return self._answer(method, path, body)
        except Complaint as complaint:
            status = 404 if complaint.code == "index_not_found" else 400
            return status, {**fault(complaint.code), "message": str(complaint)}

    def _answer(self, method: str, path: str, body: Any) -> Answer:
        match path.strip("/").split("/"):
            case ["health"]:
                return 200, {"status": "available"}
            case ["version"]:
                return 200, {"commitSha": "x", "commitDate": "x", "pkgVersion": self.version}
            case ["multi-search"]:
                return 200, {"results": [self._search(query) for query in body["queries"]]}
            case ["tasks", number]:
                return 200, self._tasks[int(number)]
            case ["swap-indexes"]:
                return self._queue(lambda: self._swap(*body[0]["indexes"]))
            case ["indexes"]:
                return self._queue(lambda: self._make(body["uid"]))
            case ["indexes", uid]:
                if method == "DELETE":
                    return self._queue(lambda: self._drop(uid))
                self._index(uid)
                return 200, {"uid": uid, "primaryKey": "id", "createdAt": "", "updatedAt": ""}
            case ["indexes", uid, "settings"]:
                if method == "PATCH":
                    return self._queue(lambda: self._index(uid).change(body))
                return 200, self._index(uid).settings
            case ["indexes", uid, "stats"]:
                count = len(self._index(uid).documents)
                return 200, {"numberOfDocuments": count, "isIndexing": False, "fieldDistribution": {}}
            case ["indexes", uid, "documents"] if method == "PUT":
                return self._queue(lambda: self._index(uid).update(body))
            case ["indexes", uid, "documents"]:
                return self._queue(lambda: self._index(uid).add(body))
            case ["indexes", uid, "documents", "delete"]:
                return self._queue(lambda: self._index(uid).delete(body["filter"]))
            case ["indexes", uid, "documents", "fetch"]:
                every = [{name: one[name] for name in body["fields"]} for one in self._index(uid).documents.values()]
                return 200, {"results": every[body["offset"]:body["offset"] + body["limit"]], "total": len(every)}
        return 404, fault("not_found")

    def _search(self, query: Body) -> Body:
        if self.hits is None:
            return self._index(query["indexUid"]).search(query)
        hits = self.hits(query)
        counts = {name: {"a": len(hits)} for name in query.get("facets", ())}
        return {"hits": hits, "totalHits": len(hits), "facetDistribution": counts}

    def _queue(self, work: Callable[[], None]) -> Answer:
        error = None
        try:
            work()
        except Complaint as complaint:
            error = {**fault(complaint.code), "message": str(complaint)}
        number = _FIRST_TASK + len(self._tasks)
        self._tasks[number] = {**task("failed" if error else "succeeded"), "uid": number, "error": error}
        return 202, {**task("enqueued"), "taskUid": number}

    def _index(self, uid: str) -> Index:
        if uid not in self.indexes:
            raise Complaint("index_not_found", f"Index `{uid}` not found.")
        return self.indexes[uid]

    def _make(self, uid: str) -> None:
        if uid in self.indexes:
            raise Complaint("index_already_exists", f"Index `{uid}` already exists.")
        self.indexes[uid] = Index()

    def _drop(self, uid: str) -> None:
        self._index(uid)
        del self.indexes[uid]

    def _swap(self, one: str, other: str) -> None:
        self.indexes[one], self.indexes[other] = self._index(other), self._index(one)

    def _may(self, method: str, path: str, body: Any, key: str) -> bool:
        if path == "/health":
            return True
        own = (self.keys or {}).get(key)
        needed = next((action for one, where, action in _ACTIONS if one == method and re.fullmatch(where, path)), None)
        if own is None or needed is None:
            return False
        uids = re.findall(r"^/indexes/([^/]+)", path)
        if path == "/multi-search":
            uids = [query["indexUid"] for query in body["queries"]]
        elif path == "/swap-indexes":
            uids = body[0]["indexes"]
        elif path == "/indexes":
            uids = [body["uid"]]
        allowed = any(fnmatch.fnmatchcase(needed, action) for action in own["actions"])
        return allowed and all(any(fnmatch.fnmatchcase(uid, one) for one in own["indexes"]) for uid in uids)

    def _handler(imitation) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                imitation.connections += 1
                imitation.open_connections.append(self.connection)

            def handle_any(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = json.loads(raw) if raw else None
                path = self.path.partition("?")[0]
                key = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                with imitation._one_at_a_time:
                    imitation.requests.append((self.command, path, body))
                    status, answer = imitation.answer(self.command, path, body, key)
                    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in imitation.headers.items() if status >= 400 else ():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *arguments: object) -> None:
                """Keep the test's output clean."""

        return Handler


def task(status: str, **error: str) -> Body:
    return {
        "uid": 7, "taskUid": 7, "indexUid": "listings", "status": status, "type": "documentAdditionOrUpdate",
        "enqueuedAt": "2025-01-01T00:00:00.000000Z", "error": error or None,
    }


def fault(code: str, kind: str = "invalid_request") -> dict[str, str]:
    return {"message": f"it is {code}", "code": code, "type": kind, "link": "https://example"}

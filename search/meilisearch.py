"""The engine on a Meilisearch server; `search.calls.LOWEST` says from which release on.

Where this was written no server could be had: it was written from the server's documentation and source, and the
contract suite runs against an imitation of the server (tests/search/imitation.py), and against a real one wherever
MEILI_URL is set.

It differs from the embedded engine where the server does: the order of `searchable` ranks attributes, their weights
beyond that do not count; of a question ten words are read; filters on strings ignore case; a Chinese character or the
first letter of a short word that was mistyped is forgiven only where nothing is found otherwise, and of what may have
been meant one is taken; `similar` adds up the scores of one search a term, so its `total` counts the documents near the
top of any of them; nearness is the server's approximation.
"""

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from meilisearch.models.task import TaskInfo

from search import Document, Filter, Hit, Page, Query, Refused, Settings, Suggestion, Term, Unavailable
from search.answering import Answering, Body, Known, body_of, near_body, scores_of
from search.asking import put
from search.calls import Calls
from search.checking import check_query, check_settings
from search.dialect import (
    changes,
    embedder,
    server_document,
    server_settings,
    settings_of,
    without_vector,
)
from search.expansion import MOST_TERMS
from search.nearness import similarity
from search.offering import offers
from search.question import LONGEST_QUERY, Question
from search.spelling import synonym_map
from search.synonyms import checked_groups
from search.text import asked

_KNOWN_FOR = 1.0
"""Seconds for which what the server says of an index is believed: so late may synonyms and swaps be noticed."""
_STEP = 1_000
_LARGEST_BATCH = 8_000_000
"""Bytes of documents in one request; the server itself takes a hundred megabytes, a proxy before it often ten."""
_UNDER_WAY = 3
"""Batches of a rebuild that the server may still have to index while the next is sent."""
_NOT_FOUND = "index_not_found"


class MeilisearchEngine:
    name = "meilisearch"
    layout = 2

    def __init__(
        self, url: str, key: str | None = None, *, timeout: int = 5, task_timeout: float = 120.0, attempts: int = 4,
        back_off: float = 0.2, patience: float = 10.0,
    ) -> None:
        """In seconds: `timeout` for one request, `task_timeout` for the work it queues, `patience` for all attempts at
        one request together."""
        self._calls = Calls(url, key, timeout, task_timeout, attempts, back_off, patience)
        self._known_indexes: dict[str, tuple[float, Known]] = {}

    # --- writing

    def create(self, index: str, settings: Settings) -> None:
        check_settings(settings)
        self._calls.require_version()
        if not self.exists(index):
            self._calls.carry_out(
                lambda client: client.create_index(index, {"primaryKey": "id"}), tolerate="index_already_exists",
            )
        present = self._present(index)
        # Settings that change make the server read all documents anew.
        differing = changes(server_settings(settings), present)
        if differing.get("embedders", {}).get(embedder(settings)):
            self._forget_vectors(index, settings)
        if differing:
            self._change(index, differing)
        self._known_indexes.pop(index, None)

    def synonyms(self, index: str, groups: Sequence[Sequence[str]]) -> None:
        wanted = synonym_map(checked_groups(groups))
        present = self._present(index).get("synonyms") or {}
        if {key: {*ways} for key, ways in wanted.items()} != {key: {*ways} for key, ways in present.items()}:
            self._change(index, {"synonyms": wanted})
        self._known_indexes.pop(index, None)

    def upsert(self, index: str, documents: Sequence[Document]) -> None:
        for queued in self._add(index, documents):
            self._calls.wait_for(queued)

    def fill(self, index: str, batches: Iterable[Sequence[Document]]) -> None:
        under_way: deque[TaskInfo] = deque()
        for documents in batches:
            under_way.extend(self._add(index, documents))
            # While we spell the next documents, the server indexes the last.
            while len(under_way) > _UNDER_WAY:
                self._calls.wait_for(under_way.popleft())
        for queued in under_way:
            self._calls.wait_for(queued)

    def delete(self, index: str, ids: Sequence[int]) -> None:
        self._known(index)
        for start in range(0, len(ids), _STEP):
            condition = f"id IN [{', '.join(str(int(one)) for one in ids[start:start + _STEP])}]"
            self._remove(index, condition)

    def swap(self, index: str, other: str) -> None:
        for name in (index, other):
            if not self.exists(name):
                raise Refused(f"there is no index {name!r} to swap")
        # Done twice it would be undone, so it is repeated only when the server says it has not begun.
        self._calls.carry_out(lambda client: client.swap_indexes([{"indexes": [index, other]}]), repeatable=False)
        self._known_indexes.clear()

    def drop(self, index: str) -> None:
        self._calls.carry_out(lambda client: client.delete_index(index), tolerate=_NOT_FOUND)
        self._known_indexes.pop(index, None)

    # --- reading

    def exists(self, index: str) -> bool:
        try:
            self._calls.ask(lambda client: client.get_raw_index(index))
        except Unavailable as error:
            if getattr(error.__cause__, "code", None) == _NOT_FOUND:
                return False
            raise
        return True

    def count(self, index: str) -> int:
        return int(self._calls.ask(lambda client: client.index(index).get_stats()).number_of_documents)

    def ping(self) -> None:
        self._calls.ask(lambda client: client.health())
        self._calls.require_version()

    def ids(self, index: str) -> Iterator[int]:
        for start in range(0, self.count(index) + _STEP, _STEP):
            wanted = {"fields": ["id"], "limit": _STEP, "offset": start}
            answer = self._calls.ask(lambda client, wanted=wanted: client.http.post(  # type: ignore[misc]
                f"indexes/{index}/documents/fetch", body=wanted,
            ))
            found = _part(answer, "results")
            if not found:
                return
            yield from (int(one["id"]) for one in found)

    def search(self, index: str, query: Query) -> Page:
        started = time.perf_counter()
        known = self._known(index)
        try:
            page = Answering(self._ask, known, query).page()
        except Refused:
            # Another process may have swapped an index with other settings in since they were read.
            fresh = self._known(index, fresh=True)
            if fresh == known:
                raise
            page = Answering(self._ask, fresh, query).page()
        return replace(page, took_ms=(time.perf_counter() - started) * 1000)

    def similar(
        self, index: str, terms: Sequence[Term], *, filters: tuple[Filter, ...] = (), limit: int = 50,
        attributes: tuple[str, ...] | None = None,
    ) -> Page:
        started = time.perf_counter()
        known = self._known(index)
        check_query(known.settings, Query(filters=filters, size=limit, attributes=attributes))
        base = {
            **body_of(known, filters, attributes), "limit": 4 * limit, "showRankingScore": True,
            "attributesToRetrieve": ["id"],
        }
        heaviest = sorted(terms, key=lambda term: -term.weight)[:MOST_TERMS]
        questions = [
            (Question(tuple(word for word in asked(term.text[:LONGEST_QUERY]) if word.is_telling)), term.weight)
            for term in heaviest
        ]
        weighted = [
            ({**base, "q": put(question, known.terms).text()}, weight) for question, weight in questions
            if question.words
        ]
        scores: dict[int, float] = {}
        if weighted and limit:
            answers = self._ask([body for body, _ in weighted])
            for answer, (_, weight) in zip(answers, weighted, strict=True):
                for one, score in scores_of(answer).items():
                    scores[one] = scores.get(one, 0.0) + weight * score
        best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
        took = (time.perf_counter() - started) * 1000
        return Page(tuple(Hit(identity, score) for identity, score in best), len(scores), took_ms=took)

    def nearest(
        self, index: str, vector: Sequence[float], *, filters: tuple[Filter, ...] = (), limit: int = 50,
    ) -> Page:
        started = time.perf_counter()
        known = self._known(index)
        if not known.settings.vector:
            raise Refused(f"index {index!r} keeps no vectors")
        check_query(known.settings, Query(filters=filters, size=limit, vector=tuple(vector)))
        answer, = self._ask([near_body(known, vector, filters, limit)])
        hits = tuple(Hit(identity, similarity(score)) for identity, score in scores_of(answer).items())
        return Page(hits, int(answer["totalHits"]), took_ms=(time.perf_counter() - started) * 1000)

    def suggest(self, index: str, text: str, *, filters: tuple[Filter, ...] = (), limit: int = 8) -> list[Suggestion]:
        return offers(self._ask, self._known(index), text, filters, limit)

    # --- how it is done

    def _present(self, index: str) -> Mapping[str, Any]:
        """The server's settings, as they come: the client makes objects of some, which it cannot do of all."""
        answer = self._calls.ask(lambda client: client.http.get(f"indexes/{index}/settings"))
        if not isinstance(answer, Mapping):
            raise Unavailable(f"the search server's settings of {index} cannot be read: {str(answer)[:100]!r}")
        return answer

    def _change(self, index: str, settings: Mapping[str, Any]) -> None:
        self._calls.carry_out(
            lambda client: TaskInfo(**client.http.patch(f"indexes/{index}/settings", body=settings))
        )

    def _add(self, index: str, documents: Sequence[Document]) -> list[TaskInfo]:
        """Queue the documents, all of which are looked at before any is sent."""
        settings = self._known(index).settings
        made = {one["id"]: one for one in (server_document(settings, document) for document in documents)}
        return [
            self._calls.ask(lambda client, batch=batch: client.index(index).add_documents_json(batch, "id"))  # type: ignore[misc]
            for batch in _batches(made.values())
        ]

    def _forget_vectors(self, index: str, settings: Settings) -> None:
        """Before vectors of a new length are kept, every document there is must say that it has none."""
        ids = list(self.ids(index))
        for start in range(0, len(ids), _STEP):
            portion = [without_vector(settings, one) for one in ids[start:start + _STEP]]
            self._calls.carry_out(lambda client, portion=portion: client.index(index).update_documents(portion, "id"))  # type: ignore[misc]

    def _remove(self, index: str, condition: str) -> None:
        self._calls.carry_out(lambda client: client.index(index).delete_documents(filter=condition))

    def _known(self, index: str, fresh: bool = False) -> Known:
        read, known = self._known_indexes.get(index, (0.0, None))
        if known is None or fresh or time.monotonic() - read > _KNOWN_FOR:
            self._calls.require_version()
            answer = self._present(index)
            try:
                known = Known(index, settings_of(answer), answer.get("synonyms") or {})
            except (KeyError, TypeError, AttributeError) as error:
                raise Unavailable(f"the search server's settings of {index} cannot be read: {error!r}") from error
            self._known_indexes[index] = (time.monotonic(), known)
        return known

    def _ask(self, bodies: list[Body]) -> list[Body]:
        """Several searches in one request."""
        answers = _part(self._calls.ask(lambda client: client.multi_search(bodies)), "results")
        if len(answers) != len(bodies):
            raise Unavailable(f"the search server answered {len(answers)} of {len(bodies)} questions")
        return answers


def _part(answer: Any, name: str) -> list[Any]:
    """A list in an answer that may have come from who knows what between us and the server."""
    found = answer.get(name) if isinstance(answer, Mapping) else None
    if not isinstance(found, list):
        raise Unavailable(f"the search server's answer has no {name}: {str(answer)[:100]!r}")
    return found


def _batches(documents: Any) -> Iterator[bytes]:
    """JSON lists of documents, none larger than a request may be unless a single document is."""
    batch: list[bytes] = []
    size = 0
    for document in documents:
        one = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        if batch and size + len(one) > _LARGEST_BATCH:
            yield b"[" + b",".join(batch) + b"]"
            batch, size = [], 0
        batch.append(one)
        size += len(one) + 1
    if batch:
        yield b"[" + b",".join(batch) + b"]"

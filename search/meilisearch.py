"""The engine on a Meilisearch server (1.12 or later).

Where this was written no server could be had: it is tested against a small imitation of the server's HTTP interface
(tests/search/test_meilisearch.py), and the contract suite runs against a real one wherever MEILI_URL is set.

It differs from the embedded engine where the server does: the order of `searchable` ranks attributes, their weights
beyond that do not count; filters on strings ignore case; `similar` adds up the scores of one search a term, so its
`total` counts the documents near the top of any of them.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rapidfuzz.distance import OSA

from search import AnyOf, Document, Filter, Hit, Page, Query, Quote, Refused, Settings, Suggestion, Term, Unavailable
from search.calls import Calls
from search.checking import BETWEEN_TEXTS, check_query, check_settings, in_window
from search.completion import LONGEST_TEXT, rank
from search.dialect import LOCALES, filter_text, server_document, server_settings, server_text, settings_of
from search.expansion import MOST_TERMS, typing_errors
from search.highlight import Needles, quote
from search.layout import opening
from search.question import LONGEST_QUERY, Question, parse
from search.text import asked, fold, words

_SETTINGS_LAST = 30.0
_STEP = 1_000
_NOT_FOUND = "index_not_found"


class MeilisearchEngine:
    name = "meilisearch"

    def __init__(
        self, url: str, key: str | None = None, *, timeout: int = 5, task_timeout: float = 120.0, attempts: int = 4,
        back_off: float = 0.2,
    ) -> None:
        """`timeout` is for one request, `task_timeout` for the work it queues, both in seconds."""
        self._calls = Calls(url, key, timeout, task_timeout, attempts, back_off)
        self._known: dict[str, tuple[float, Settings]] = {}

    # --- writing

    def create(self, index: str, settings: Settings) -> None:
        check_settings(settings)
        self._calls.carry_out(
            lambda client: client.create_index(index, {"primaryKey": "id"}), tolerate="index_already_exists",
        )
        self._calls.carry_out(lambda client: client.index(index).update_settings(server_settings(settings)))
        self._known.pop(index, None)

    def upsert(self, index: str, documents: Sequence[Document]) -> None:
        settings = self._settings(index)
        made = {one["id"]: one for one in (server_document(settings, document) for document in documents)}
        if made:
            self._calls.carry_out(lambda client: client.index(index).add_documents([*made.values()], "id"))

    def fill(self, index: str, batches: Iterable[Sequence[Document]]) -> None:
        for batch in batches:
            self.upsert(index, batch)

    def delete(self, index: str, ids: Sequence[int]) -> None:
        self._settings(index)
        for start in range(0, len(ids), _STEP):
            condition = f"id IN [{', '.join(str(int(one)) for one in ids[start:start + _STEP])}]"
            self._remove(index, condition)

    def swap(self, index: str, other: str) -> None:
        for name in (index, other):
            if not self.exists(name):
                raise Refused(f"there is no index {name!r} to swap")
        # Done twice it would be undone, so it is repeated only when the server says it has not begun.
        self._calls.carry_out(lambda client: client.swap_indexes([{"indexes": [index, other]}]), repeatable=False)
        self._known.clear()

    def drop(self, index: str) -> None:
        self._calls.carry_out(lambda client: client.delete_index(index), tolerate=_NOT_FOUND)
        self._known.pop(index, None)

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

    def ids(self, index: str) -> Iterator[int]:
        for start in range(0, self.count(index) + _STEP, _STEP):
            wanted = {"fields": ["id"], "limit": _STEP, "offset": start}
            answer = self._calls.ask(lambda client, wanted=wanted: client.http.post(  # type: ignore[misc]
                f"indexes/{index}/documents/fetch", body=wanted,
            ))
            if not answer["results"]:
                return
            yield from (int(one["id"]) for one in answer["results"])

    def search(self, index: str, query: Query) -> Page:
        started = time.perf_counter()
        settings = self._settings(index)
        try:
            page = self._search(index, settings, query)
        except Refused:
            # Another process may have swapped an index with other settings in since they were read.
            fresh = self._settings(index, fresh=True)
            if fresh == settings:
                raise
            page = self._search(index, fresh, query)
        return replace(page, took_ms=(time.perf_counter() - started) * 1000)

    def similar(
        self, index: str, terms: Sequence[Term], *, filters: tuple[Filter, ...] = (), limit: int = 50,
        attributes: tuple[str, ...] | None = None,
    ) -> Page:
        started = time.perf_counter()
        settings = self._settings(index)
        query = Query(filters=filters, size=limit, attributes=attributes)
        check_query(settings, query)
        base = {
            **self._body(index, settings, query), "limit": 4 * limit, "showRankingScore": True,
            "attributesToRetrieve": ["id"],
        }
        heaviest = sorted(terms, key=lambda term: -term.weight)[:MOST_TERMS]
        questions = [
            (Question(tuple(word for word in asked(term.text[:LONGEST_QUERY]) if word.is_telling)), term.weight)
            for term in heaviest
        ]
        weighted = [({**base, "q": server_text(question)}, weight) for question, weight in questions if question.words]
        scores: dict[int, float] = {}
        if weighted and limit:
            answers = self._ask([body for body, _ in weighted])
            for answer, (_, weight) in zip(answers, weighted, strict=True):
                for hit in answer["hits"]:
                    scores[hit["id"]] = scores.get(hit["id"], 0.0) + weight * hit.get("_rankingScore", 0.0)
        best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
        took = (time.perf_counter() - started) * 1000
        return Page(tuple(Hit(identity, score) for identity, score in best), len(scores), took_ms=took)

    def suggest(self, index: str, text: str, *, filters: tuple[Filter, ...] = (), limit: int = 8) -> list[Suggestion]:
        settings = self._settings(index)
        begun = opening(text[:LONGEST_TEXT])
        question = Question(words=tuple(asked(begun)), unfinished=True)
        if not question.words or not settings.suggest or limit < 1:
            return []
        body = self._body(index, settings, Query(filters=filters, attributes=settings.suggest))
        retrieved = ["id", *(f"offered_{name}" for name in settings.suggest)]
        body |= {"q": server_text(question), "limit": 5 * limit, "attributesToRetrieve": retrieved}
        answer, = self._ask([body])
        found: dict[str, tuple[int, Suggestion]] = {}
        for hit in answer["hits"]:
            for name in settings.suggest:
                for offered in hit.get(f"offered_{name}", ()):
                    place = rank(offered, begun)
                    if place is not None:
                        found.setdefault(fold(offered), (place, Suggestion(offered, hit["id"], name)))
        return [suggestion for _, suggestion in sorted(found.values(), key=lambda pair: pair[0])][:limit]

    # --- how it is done

    def _remove(self, index: str, condition: str) -> None:
        self._calls.carry_out(lambda client: client.index(index).delete_documents(filter=condition))

    def _settings(self, index: str, fresh: bool = False) -> Settings:
        known = self._known.get(index)
        if fresh or known is None or time.monotonic() - known[0] > _SETTINGS_LAST:
            answer = self._calls.ask(lambda client: client.index(index).get_settings())
            known = self._known[index] = (time.monotonic(), settings_of(answer))
        return known[1]

    def _ask(self, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Several searches in one request."""
        answer: Mapping[str, Any] = self._calls.ask(lambda client: client.multi_search(bodies))
        results: list[dict[str, Any]] = answer["results"]
        return results

    def _body(self, index: str, settings: Settings, query: Query, but: str | None = None) -> dict[str, Any]:
        conditions = [
            filter_text(settings, one) for one in query.filters if not (isinstance(one, AnyOf) and one.attribute == but)
        ]
        body: dict[str, Any] = {"indexUid": index, "matchingStrategy": "all", "locales": LOCALES}
        if conditions:
            body["filter"] = conditions
        if query.attributes is not None:
            body["attributesToSearchOn"] = [f"text_{name}" for name in query.attributes]
        return body

    def _search(self, index: str, settings: Settings, query: Query) -> Page:
        check_query(settings, query)
        question = parse(query.text)
        answers = self._ask(self._bodies(index, settings, query, server_text(question)))
        dropped: tuple[str, ...] = ()
        if not answers[0]["totalHits"] and question.words:
            dropped = self._given_up(self._body(index, settings, query), question)
            if dropped:
                answers = self._ask(self._bodies(index, settings, query, server_text(question, dropped)))
        return Page(
            hits=_hits(answers[0]["hits"], query, question) if in_window(query) else (),
            total=int(answers[0]["totalHits"]),
            facets=_facets(query, answers),
            dropped=tuple(word.written for word in question.words if word.text in dropped),
        )

    def _bodies(self, index: str, settings: Settings, query: Query, text: str) -> list[dict[str, Any]]:
        """The page, and one search more for each facet of which something was chosen."""
        chosen = _chosen(query)
        page = {
            **self._body(index, settings, query), "q": text, "showRankingScore": True,
            "attributesToRetrieve": ["id", *(f"stored_{name}" for name in query.highlight)],
            "facets": [f"string_{name}" for name in query.facets if name not in chosen],
            # Pages by number make the server count all hits; offset and limit would make it guess.
            "page": query.page if in_window(query) else 1, "hitsPerPage": query.size if in_window(query) else 0,
        }
        if query.sort is not None:
            page["sort"] = [f"number_{query.sort[0]}:{'desc' if query.sort[1] else 'asc'}"]
        counting = [
            {**self._body(index, settings, query, but=name), "q": text, "facets": [f"string_{name}"], "limit": 0}
            for name in chosen
        ]
        return [page, *counting]

    def _given_up(self, body: dict[str, Any], question: Question) -> tuple[str, ...]:
        """The words to do without, chosen in the order the embedded engine would; none when nothing would help."""
        every = [word.text for word in question.words]
        alone = [set(every) - {one} for one in every]
        bare = Question(words=question.words, unfinished=question.unfinished)
        unfiltered = {name: value for name, value in body.items() if name != "filter"}
        counts = dict(zip(every, self._totals(unfiltered, bare, alone), strict=True))
        dropped = [one for one in every if not counts[one]]
        rest = sorted((one for one in every if counts[one]), key=lambda one: (-counts[one], -every.index(one)))
        least = 0 if question.phrases else 1
        steps = [dropped + rest[:number] for number in range(len(rest) - least + 1)]
        totals = self._totals(body, question, [set(step) for step in steps])
        return next((tuple(step) for step, total in zip(steps, totals, strict=True) if total), ())

    def _totals(self, body: dict[str, Any], question: Question, choices: list[set[str]]) -> list[int]:
        if not choices:
            return []
        bodies = [{**body, "q": server_text(question, but), "page": 1, "hitsPerPage": 0} for but in choices]
        return [int(answer["totalHits"]) for answer in self._ask(bodies)]


def _chosen(query: Query) -> list[str]:
    """Facets with a choice already made: theirs are the counts that need a search of their own."""
    made = {one.attribute for one in query.filters if isinstance(one, AnyOf)}
    return [name for name in query.facets if name in made]


def _facets(query: Query, answers: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for answer in answers:
        counts |= answer.get("facetDistribution") or {}
    return {name: dict(counts.get(f"string_{name}", {})) for name in query.facets}


def _hits(found: list[dict[str, Any]], query: Query, question: Question) -> tuple[Hit, ...]:
    texts = [
        {name: BETWEEN_TEXTS.join(hit[f"stored_{name}"]) for name in query.highlight if f"stored_{name}" in hit}
        for hit in found
    ]
    needles = _needles(question, texts)
    quotes: list[dict[str, Quote]] = [{name: quote(text, needles) for name, text in one.items()} for one in texts]
    return tuple(
        Hit(int(hit["id"]), 0.0 if query.sort else float(hit.get("_rankingScore", 0.0)), quoted)
        for hit, quoted in zip(found, quotes, strict=True)
    )


def _needles(question: Question, texts: list[dict[str, str]]) -> Needles:
    """What to mark. The server does not say how it read a mistyped word, so the texts are asked."""
    if not any(texts):
        return Needles()
    sought = {word.text for word in question.words}
    here = {word for one in texts for text in one.values() for word in words(text)}
    near = {
        word for word in here for one in sought - here
        if (allowed := typing_errors(one)) and OSA.distance(one, word, score_cutoff=allowed) <= allowed
    }
    beginnings = (question.words[-1].text,) if question.unfinished else ()
    runs = [*question.phrases, *(word.units for word in question.words if len(word.units) > 1)]
    return Needles(frozenset(sought | near), beginnings, tuple(runs))

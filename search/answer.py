"""One question put to one tantivy index, and its answer."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import tantivy

from search import AnyOf, Hit, Page, Query, Quote, Term
from search.checking import BETWEEN_TEXTS, in_window, texts_of
from search.expansion import EQUAL, MOST_TERMS, Reading
from search.highlight import Needles, quote
from search.hybrid import Mixed
from search.layout import filter_query, payload
from search.meanings import Demand, Meaning
from search.nearness import NEAREST
from search.queries import hit_count, some
from search.question import LONGEST_QUERY, MOST_WORDS, Question, parse
from search.shelf import Entry, Opened
from search.synonyms import synonyms_of
from search.text import Word, asked
from search.wanted import Wanted, readable

_MOST_VALUES = 60_000
_Must, _Should = tantivy.Occur.Must, tantivy.Occur.Should

Clause = tuple[tantivy.Occur, tantivy.Query]


class Answer:
    """Everything is read from one searcher, so page, total and facets belong to the same commit."""

    def __init__(self, entry: Entry, opened: Opened, query: Query) -> None:
        settings = entry.settings
        self._settings, self._query = settings, query
        self._searcher, self._schema = opened.searcher(), opened.schema
        self._question = parse(query.text)
        self._synonyms = synonyms_of(entry.synonyms)
        self._filters = [(one, filter_query(self._schema, settings, one)) for one in query.filters]
        reach = [clause[1] for one, clause in self._filters if one in query.reach]
        self._reading = Reading(
            self._searcher, self._schema, settings, query.attributes, opened.dictionary,
            opened.has_words, reach, opened.memory(self._searcher),
        )
        self._found: list[tuple[float, tantivy.DocAddress]] = []
        self._nearby = self._near(opened) if query.vector is not None and settings.vector else []

    def page(self) -> Page:
        wanted = Wanted(
            self._reading, self._question, self._synonyms, self._total_of, self._finds, self._is_within_reach,
        )
        may_be_asked = wanted.settle()
        if self._nearby:
            return self._mixed(wanted)
        if not may_be_asked:
            return Page((), 0, {name: {} for name in self._query.facets})
        demands, total = wanted.demands, wanted.total
        return Page(
            hits=self._listed(self._found, readable(demands)) if total else (),
            total=total,
            facets=self._facets(self._reading.matching(demands, self._question)) if self._query.facets else {},
            dropped=wanted.dropped if total else (),
        )

    def _near(self, opened: Opened) -> list[tuple[int, float]]:
        """What lies near under the same filters, exclusions and phrases. Sorted by a number, only words find."""
        vector, limit = self._query.vector, NEAREST if self._query.sort is None else 0
        clauses = [*self._reading.matching((), self._question), *self._conditions()]
        found, _ = opened.near(self._settings.vector).nearest(vector or (), clauses, limit, self._query.near)
        return found

    def _mixed(self, wanted: Wanted) -> Page:
        demands, query, total = wanted.demands, self._query, wanted.total
        words = self._reading.matching(demands, self._question)
        found = _all([*words, *self._conditions()]) if total else None
        ranked = _all([*words, *self._conditions(), *self._reading.scoring(demands, self._question)]) if total else None
        mixed = Mixed(self._searcher, self._schema, found, ranked, self._nearby, query.semantic)
        shown = mixed.page(query.size, (query.page - 1) * query.size) if in_window(query) else []
        return Page(
            hits=self._listed(shown, readable(demands)), total=total + mixed.alone,
            facets=self._facets(mixed.either(words)), dropped=wanted.dropped,
        )

    def similar(self, terms: Sequence[Term]) -> Page:
        heaviest = sorted(terms, key=lambda term: -term.weight)[:MOST_TERMS]
        queries: list[tantivy.Query] = []
        read = 0
        for term in heaviest:
            line = tuple(asked(term.text[:LONGEST_QUERY]))[:MOST_WORDS]
            read += len(line)
            if read > 2 * MOST_TERMS and queries:
                break  # pasted texts, not terms
            queries += self._likeness(line, term.weight)
        if not queries or self._query.size == 0:
            return Page((), 0)
        clauses = [(_Must, some(queries)), *self._conditions()]
        result = self._searcher.search(_all(clauses), self._query.size, count=True)
        return Page(self._listed(result.hits, ()), hit_count(result))

    def _likeness(self, line: tuple[Word, ...], weight: float) -> list[tantivy.Query]:
        meanings = [self._reading.exactly(word) for word in line if word.is_telling]
        written = self._all_of(meanings, weight) if meanings and all(meanings) else []
        equal = [
            query for stretch in self._synonyms.stretches(Question(line=line))
            if stretch.last - stretch.first == len(line)
            for query in self._reading.scores_instead(self._reading.choice(stretch, meanings, EQUAL), weight)
        ]
        if not equal:
            return written
        return [tantivy.Query.disjunction_max_query([*([some(written)] if written else []), *equal], 0.0)]

    def _all_of(self, meanings: Sequence[Meaning], weight: float) -> list[tantivy.Query]:
        """A phrase counts where all its words are, at the weight of one term."""
        if len(meanings) == 1:
            return self._reading.scores(meanings[0], weight)
        return [tantivy.Query.boolean_query([
            (_Must, some(self._reading.scores(meaning, weight / len(meanings)))) for meaning in meanings
        ])]

    def _total_of(self, demands: list[Demand]) -> int:
        """How many documents meet them; the page of the best is found on the way, and kept in case it is wanted."""
        wanted = self._query if in_window(self._query) and not self._nearby else replace(self._query, size=0)
        size, offset = max(1, wanted.size), (wanted.page - 1) * wanted.size
        order = self._order()
        if order or not wanted.size:
            clauses = self._reading.matching(demands, self._question)
        else:
            clauses = self._reading.ranking(demands, self._question)
        every = _all([*clauses, *self._conditions()])
        result = self._searcher.search(every, size, count=True, offset=offset, **order)
        self._found = result.hits if wanted.size else []
        return hit_count(result)

    def _finds(self, demands: list[Demand]) -> bool:
        clauses = [*self._reading.matching(demands, self._question), *self._conditions()]
        return bool(self._searcher.search(_all(clauses), 1, count=False).hits)

    def _is_within_reach(self, demand: Demand) -> bool:
        if not self._query.reach:
            return True
        clauses = self._reading.matching([demand], Question())
        clauses += [clause for one, clause in self._filters if one in self._query.reach]
        return bool(self._searcher.search(_all(clauses), 1, count=False).hits)

    def _order(self) -> dict[str, Any]:
        if self._query.sort is None:
            return {}
        name, descending = self._query.sort
        return {"order_by_field": f"number_{name}", "order": tantivy.Order.Desc if descending else tantivy.Order.Asc}

    def _conditions(self, but: str | None = None) -> list[Clause]:
        """The filters, without the choice of values of one attribute."""
        return [clause for one, clause in self._filters if not (isinstance(one, AnyOf) and one.attribute == but)]

    def _facets(self, clauses: list[Clause]) -> dict[str, dict[str, int]]:
        """Counts of every value. Facets that nothing was chosen of share one pass over the documents found."""
        chosen = {one.attribute for one, _ in self._filters if isinstance(one, AnyOf)}
        passes: list[tuple[str, ...]] = [(name,) for name in self._query.facets if name in chosen]
        passes.append(tuple(name for name in self._query.facets if name not in chosen))
        counts: dict[str, dict[str, int]] = {}
        for names in filter(None, passes):
            query = _all([*clauses, *self._conditions(but=names[0])])
            asked_for = {name: {"terms": {"field": f"string_{name}", "size": _MOST_VALUES}} for name in names}
            answer = self._searcher.aggregate(query, asked_for)
            for name in names:
                counts[name] = {one["key"]: int(one["doc_count"]) for one in answer[name]["buckets"]}
        return {name: counts[name] for name in self._query.facets}

    def _listed(
        self, found: Sequence[tuple[float, tantivy.DocAddress]], meanings: Iterable[Meaning],
    ) -> tuple[Hit, ...]:
        addresses = [address for _, address in found]
        ids = self._searcher.fast_field_values("id", addresses)
        quotes: list[dict[str, Quote]] = [{}] * len(addresses)
        if self._query.highlight:
            needles = needles_of(meanings, self._question)
            quotes = [self._quotes(payload(self._searcher, address), needles) for address in addresses]
        scores = [0.0 if self._query.sort else float(score) for score, _ in found]
        return tuple(
            Hit(int(identity or 0), score, quoted) for identity, score, quoted in zip(ids, scores, quotes, strict=True)
        )

    def _quotes(self, document: dict[str, Any], needles: Needles) -> dict[str, Quote]:
        return {
            name: quote(BETWEEN_TEXTS.join(texts_of(document, name)), needles)
            for name in self._query.highlight if name in document
        }


def needles_of(meanings: Iterable[Meaning], question: Question) -> Needles:
    """What to mark in a document found by these meanings."""
    words: set[str] = set()
    runs = list(question.phrases)
    beginnings: list[str] = []
    for meaning in meanings:
        begun = meaning.word.text
        words.update(term for term in meaning.terms if not (meaning.unfinished and term.startswith(begun)))
        if len(meaning.word.units) > 1:
            runs.append(meaning.word.units)
        elif meaning.run:
            words.add(begun)
        if meaning.unfinished:
            beginnings.append(begun)
    return Needles(frozenset(words), tuple(beginnings), tuple(runs))


def _all(clauses: list[Clause]) -> tantivy.Query:
    """Every clause in one query; one that only excludes still needs something to exclude from."""
    if not any(occur == _Must for occur, _ in clauses):
        clauses = [(_Must, tantivy.Query.const_score_query(tantivy.Query.all_query(), 0.0)), *clauses]
    return tantivy.Query.boolean_query(clauses)

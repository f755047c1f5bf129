"""Suggestions while a reader types: whole values of an index's `suggest` attributes."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tantivy

from search import Settings, Suggestion
from search.checking import texts_of
from search.layout import SOUND, opening, payload
from search.pinyin import typed, words_of_sound
from search.text import asked, fold, words

LONGEST_TEXT = 60
BEGINS, CONTAINS, SOUNDS, CONTAINS_SOUND = range(4)
"""Places of a suggestion, the best first."""
_COMPLETIONS = 20
_SOUNDS = 3_000
_WORDS_OF_SOUND, _BEGINNINGS_OF_SOUND = 12, 4
_Must, _Should = tantivy.Occur.Must, tantivy.Occur.Should

Clause = tuple[tantivy.Occur, tantivy.Query]
Offer = tuple[int, Suggestion]


def complete(
    searcher: tantivy.Searcher, schema: tantivy.Schema, settings: Settings, text: str, filters: list[Clause],
    limit: int,
) -> list[Suggestion]:
    """Values that begin with the text come before those with a word that does, and these before those that sound so;
    of each, every attribute has its share."""
    begun = opening(text[:LONGEST_TEXT])
    if not begun:
        return []
    return _Completion(searcher, schema, settings.suggest, filters, limit).of(begun)


def rank(text: str, begun: str) -> int | None:
    """0 for a value that begins so, 1 for one with a word that does (and all the words before it), None for others."""
    if opening(text).startswith(begun):
        return BEGINS
    *whole, last = [word.text for word in asked(begun)] or [""]
    has = set(words(text))
    return CONTAINS if last and has.issuperset(whole) and any(word.startswith(last) for word in has) else None


def shared_out(offers: Iterable[Offer], limit: int) -> list[Suggestion]:
    """The best, but so that no attribute crowds out another: what is literal first, and of that one of each attribute
    in turn. They are shown by place, whatever their attribute."""
    literal: dict[str, deque[Offer]] = {}
    sounding: dict[str, deque[Offer]] = {}
    for offer in sorted(offers, key=lambda offer: offer[0]):
        (literal if offer[0] < SOUNDS else sounding).setdefault(offer[1].attribute, deque()).append(offer)
    chosen: list[Offer] = []
    for queues in (literal, sounding):
        while any(queues.values()) and len(chosen) < limit:
            heads = sorted((queue for queue in queues.values() if queue), key=lambda queue: queue[0][0])
            chosen += [queue.popleft() for queue in heads]
    return [suggestion for _, suggestion in sorted(chosen[:limit], key=lambda offer: offer[0])]


class _Completion:
    def __init__(
        self, searcher: tantivy.Searcher, schema: tantivy.Schema, attributes: Sequence[str], filters: list[Clause],
        limit: int,
    ) -> None:
        self._searcher, self._schema, self._attributes = searcher, schema, attributes
        self._filters, self._limit = filters, limit
        self._found: dict[str, Offer] = {}

    def of(self, begun: str) -> list[Suggestion]:
        for name in self._attributes:
            self._openings(name, begun, BEGINS)
            self._containing(name, begun)
        if len(self._found) < self._limit and (letters := typed(begun)):
            self._sounding(letters)
        return shared_out(self._found.values(), self._limit)

    def _openings(self, name: str, begun: str, place: int) -> None:
        field = f"opening_{name}"
        allowed = tantivy.Query.boolean_query([(_Must, tantivy.Query.all_query()), *self._filters])
        values = self._searcher.terms_with_prefix(
            field, begun, filter_query=allowed if self._filters else None, limit=self._limit,
        )
        for value, _ in values:
            query = tantivy.Query.term_query(self._schema, field, value, "basic")
            for document in self._documents(query, 1):
                self._take(document, name, (
                    (text, place) for text in texts_of(document, name) if opening(text).startswith(begun)
                ))

    def _containing(self, name: str, begun: str) -> None:
        *whole, last = [word.text for word in asked(begun)] or [""]
        if not last:
            return
        field = f"words_{name}"
        completions = [word for word, _ in self._searcher.terms_with_prefix(field, last, limit=_COMPLETIONS)]
        queries = [tantivy.Query.term_query(self._schema, field, word, "freq") for word in whole]
        queries.append(tantivy.Query.boolean_query([
            (_Should, tantivy.Query.term_query(self._schema, field, word, "freq")) for word in completions
        ]))
        query = tantivy.Query.boolean_query([(_Must, query) for query in queries])
        for document in self._documents(query, self._limit * 3):
            ranked = ((text, rank(text, begun)) for text in texts_of(document, name))
            self._take(document, name, ((text, place) for text, place in ranked if place is not None))

    def _sounding(self, letters: str) -> None:
        spoken = words_of_sound(
            letters, lambda beginning: self._searcher.terms_with_prefix(SOUND, beginning, limit=_SOUNDS),
        )[:_WORDS_OF_SOUND]
        for name in self._attributes if spoken else ():
            for word in spoken[:_BEGINNINGS_OF_SOUND]:
                self._openings(name, word, SOUNDS)
            some = tantivy.Query.disjunction_max_query([
                # The most frequent word counts most, and the shorter of two values.
                tantivy.Query.boost_query(self._word(name, word), 1 / (1 + at)) for at, word in enumerate(spoken)
            ], 0.0)
            for document in self._documents(some, self._limit * 3):
                self._take(document, name, (
                    (text, CONTAINS_SOUND) for text in texts_of(document, name)
                    if any(word in fold(text) for word in spoken)
                ))

    def _word(self, name: str, word: str) -> tantivy.Query:
        if len(word) == 1 or self._searcher.doc_freq(f"words_{name}", word):
            return tantivy.Query.term_query(self._schema, f"words_{name}", word, "freq")
        return tantivy.Query.phrase_query(self._schema, f"run_{name}", list(word))

    def _documents(self, query: tantivy.Query, limit: int) -> Iterator[dict[str, Any]]:
        wanted = tantivy.Query.boolean_query([(_Must, query), *self._filters])
        for _, address in self._searcher.search(wanted, limit, count=False).hits:
            yield payload(self._searcher, address)

    def _take(self, document: dict[str, Any], name: str, texts: Iterable[tuple[str, int]]) -> None:
        for text, place in texts:
            key = fold(text)
            if key not in self._found or place < self._found[key][0]:
                self._found[key] = (place, Suggestion(text, document["id"], name))

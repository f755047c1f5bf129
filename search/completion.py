"""Suggestions while a reader types: whole values of an index's `suggest` attributes."""

from typing import Any

import tantivy

from search import Settings, Suggestion
from search.checking import texts_of
from search.layout import opening, payload
from search.text import asked, fold, words

LONGEST_TEXT = 60
_COMPLETIONS = 20
_Must, _Should = tantivy.Occur.Must, tantivy.Occur.Should

Clause = tuple[tantivy.Occur, tantivy.Query]


def complete(
    searcher: tantivy.Searcher, schema: tantivy.Schema, settings: Settings, text: str, filters: list[Clause],
    limit: int,
) -> list[Suggestion]:
    """Values that begin with the text come before those with a word that does."""
    begun = opening(text[:LONGEST_TEXT])
    if not begun:
        return []
    found: dict[str, Suggestion] = {}
    for name in settings.suggest:
        _add_opening(found, searcher, schema, name, begun, filters, limit)
    for name in settings.suggest:
        if len(found) < limit:
            _add_containing(found, searcher, schema, name, begun, filters, limit)
    return list(found.values())[:limit]


def rank(text: str, begun: str) -> int | None:
    """0 for a value that begins so, 1 for one with a word that does (and all the words before it), None for others."""
    if opening(text).startswith(begun):
        return 0
    *whole, last = [word.text for word in asked(begun)] or [""]
    has = set(words(text))
    return 1 if last and has.issuperset(whole) and any(word.startswith(last) for word in has) else None


def _add_opening(
    found: dict[str, Suggestion], searcher: tantivy.Searcher, schema: tantivy.Schema, name: str, begun: str,
    filters: list[Clause], limit: int,
) -> None:
    field = f"opening_{name}"
    allowed = tantivy.Query.boolean_query([(_Must, tantivy.Query.all_query()), *filters]) if filters else None
    for value, _ in searcher.terms_with_prefix(field, begun, filter_query=allowed, limit=limit):
        query = tantivy.Query.term_query(schema, field, value, "basic")
        for document in _documents(searcher, query, filters, 1):
            _take(found, document, name, begun, worst=0)


def _add_containing(
    found: dict[str, Suggestion], searcher: tantivy.Searcher, schema: tantivy.Schema, name: str, begun: str,
    filters: list[Clause], limit: int,
) -> None:
    *whole, last = [word.text for word in asked(begun)] or [""]
    if not last:
        return
    field = f"words_{name}"
    completions = [word for word, _ in searcher.terms_with_prefix(field, last, limit=_COMPLETIONS)]
    queries = [tantivy.Query.term_query(schema, field, word, "freq") for word in whole]
    queries.append(tantivy.Query.boolean_query([
        (_Should, tantivy.Query.term_query(schema, field, word, "freq")) for word in completions
    ]))
    query = tantivy.Query.boolean_query([(_Must, query) for query in queries])
    for document in _documents(searcher, query, filters, limit * 3):
        _take(found, document, name, begun, worst=1)


def _documents(
    searcher: tantivy.Searcher, query: tantivy.Query, filters: list[Clause], limit: int,
) -> list[dict[str, Any]]:
    result = searcher.search(tantivy.Query.boolean_query([(_Must, query), *filters]), limit, count=False)
    return [payload(searcher, address) for _, address in result.hits]


def _take(found: dict[str, Suggestion], document: dict[str, Any], name: str, begun: str, worst: int) -> None:
    for text in texts_of(document, name):
        place = rank(text, begun)
        if place is not None and place <= worst:
            found.setdefault(fold(text), Suggestion(text, document["id"], name))

"""Small things about tantivy's queries and results that its binding lacks."""

import tantivy


def some(queries: list[tantivy.Query]) -> tantivy.Query:
    return _joined(queries, tantivy.Occur.Should)


def every(queries: list[tantivy.Query]) -> tantivy.Query:
    return _joined(queries, tantivy.Occur.Must)


def hit_count(result: tantivy.SearchResult) -> int:
    """How many documents a search met; the binding's types do not know that a result can say so."""
    return int(getattr(result, "count", None) or 0)


def _joined(queries: list[tantivy.Query], how: tantivy.Occur) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else tantivy.Query.boolean_query([(how, query) for query in queries])

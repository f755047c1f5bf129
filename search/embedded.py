"""The engine in a folder: tantivy inside the process, one writer, any number of readers."""

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tantivy

from search import (
    Document,
    Filter,
    Hit,
    Page,
    Query,
    Refused,
    SearchError,
    Settings,
    Suggestion,
    Term,
    Unavailable,
)
from search.answer import Answer
from search.checking import check_query, check_settings, kept
from search.completion import complete
from search.layout import FORMAT, filter_query, line, payload, register, schema_of
from search.preparing import Preparers
from search.shelf import Entry, Opened, Shelf, placing_in, require_vectors
from search.synonyms import checked_groups

if TYPE_CHECKING:
    from search.vectors import Placing

_HEAP = 256_000_000
"""Bytes a writer collects before it writes a segment out. Every question is put to every segment, so few large ones
answer soonest; it takes the memory only while it collects that much."""
_STEP = 20_000


@contextlib.contextmanager
def _complaints() -> Iterator[None]:
    """What tantivy and the disk complain of, in the port's words."""
    try:
        yield
    except SearchError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise Unavailable(f"the search index failed: {error}") from error


class EmbeddedEngine:
    """An engine in the folder `path`. With `writer` it may change it, once no other process does; the first change
    takes the folder's lock (Unavailable while another holds it) and `close` gives it back."""

    name = "embedded"
    layout = FORMAT

    def __init__(self, path: str | Path, writer: bool = False) -> None:
        self._shelf = Shelf(Path(path))
        self._may_write = writer
        self._writing = threading.RLock()
        self._writers: dict[str, tantivy.IndexWriter] = {}
        self._placings: dict[str, Placing] = {}

    def close(self) -> None:
        """Finish merges and let another process write."""
        with self._writing:
            for folder in list(self._writers):
                self._retire(folder)
            self._shelf.release()

    # --- writing

    def create(self, index: str, settings: Settings) -> None:
        check_settings(settings)
        if settings.vector:
            require_vectors()
        with self._change():
            entries = self._shelf.entries()
            entry = entries.get(index)
            if entry is not None and entry.format == FORMAT and _same_fields(entry.settings, settings):
                if entry.settings != settings or [*entry.settings.searchable] != [*settings.searchable]:
                    self._shelf.write({**entries, index: replace(entry, settings=settings)})
                return
            folder = self._shelf.make(schema_of(settings))
            if entry is not None and entry.format == FORMAT:
                self._copy(index, folder, settings)
            groups = entry.synonyms if entry is not None else ()
            self._shelf.write({**entries, index: Entry(folder, settings, FORMAT, groups)})
            if entry is not None:
                self._discard(entry.folder)

    def upsert(self, index: str, documents: Sequence[Document]) -> None:
        with self._change():
            entry = self._shelf.entry(index)
            # All are built before any is written: a wrong one refuses the batch and leaves the index as it was.
            checked = {made["id"]: made for made in (kept(entry.settings, document) for document in documents)}
            if checked:
                _, opened = self._shelf.open(index)
                made = self._placed(entry, [*checked.values()], opened)
                self._commit(entry.folder, checked, [line(entry.settings, one) for one in made])

    def fill(self, index: str, batches: Iterable[Sequence[Document]]) -> None:
        with self._change():
            entry = self._shelf.entry(index)
        with self._wholly(entry.folder) as writer, Preparers(entry.settings) as preparers:
            for batch in batches:  # what goes wrong where they come from is no complaint of ours
                with self._change():
                    for one in preparers.exchange(self._placed(entry, batch)):
                        writer.add_json(one)
            with self._change():
                for one in preparers.rest():
                    writer.add_json(one)
                writer.commit()

    def synonyms(self, index: str, groups: Sequence[Sequence[str]]) -> None:
        with self._change():
            entry = replace(self._shelf.entry(index), synonyms=checked_groups(groups))
            self._shelf.write({**self._shelf.entries(), index: entry})

    def delete(self, index: str, ids: Sequence[int]) -> None:
        with self._change():
            entry = self._shelf.entry(index)
            if ids:
                self._commit(entry.folder, ids, ())

    def swap(self, index: str, other: str) -> None:
        with self._change():
            entries = self._shelf.entries()
            for name in (index, other):
                if name not in entries:
                    raise Refused(f"there is no index {name!r} to swap")
            self._shelf.write({**entries, index: entries[other], other: entries[index]})

    def drop(self, index: str) -> None:
        with self._change():
            entries = dict(self._shelf.entries())
            entry = entries.pop(index, None)
            if entry is not None:
                self._shelf.write(entries)
                self._discard(entry.folder)

    # --- reading

    def exists(self, index: str) -> bool:
        with _complaints():
            return index in self._shelf.entries()

    def count(self, index: str) -> int:
        with _complaints():
            return int(self._shelf.open(index)[1].searcher().num_docs)

    def ping(self) -> None:
        with _complaints():
            if not self._shelf.path.is_dir():
                raise Unavailable(f"there is no search index at {self._shelf.path}")
            self._shelf.entries()

    def forget(self) -> None:
        """What words came to in questions before: for measuring what a first question costs."""
        self._shelf.forget()

    def ids(self, index: str) -> Iterator[int]:
        with _complaints():
            opened = self._shelf.open(index)[1]
            searcher = opened.searcher()
            for addresses in _batches(opened, searcher):
                yield from (int(one) for one in searcher.fast_field_values("id", addresses) if one is not None)

    def search(self, index: str, query: Query) -> Page:
        started = time.perf_counter()
        with _complaints():
            entry, opened = self._shelf.open(index)
            check_query(entry.settings, query)
            page = Answer(entry, opened, query).page()
        return replace(page, took_ms=(time.perf_counter() - started) * 1000)

    def similar(
        self, index: str, terms: Sequence[Term], *, filters: tuple[Filter, ...] = (), limit: int = 50,
        attributes: tuple[str, ...] | None = None,
    ) -> Page:
        started = time.perf_counter()
        with _complaints():
            entry, opened = self._shelf.open(index)
            query = Query(filters=filters, size=limit, attributes=attributes)
            check_query(entry.settings, query)
            page = Answer(entry, opened, query).similar(terms)
        return replace(page, took_ms=(time.perf_counter() - started) * 1000)

    def nearest(
        self, index: str, vector: Sequence[float], *, filters: tuple[Filter, ...] = (), limit: int = 50,
    ) -> Page:
        started = time.perf_counter()
        with _complaints():
            entry, opened = self._shelf.open(index)
            if not entry.settings.vector:
                raise Refused(f"index {index!r} keeps no vectors")
            check_query(entry.settings, Query(filters=filters, size=limit, vector=tuple(vector)))
            clauses = [filter_query(opened.schema, entry.settings, one) for one in filters]
            found, count = opened.near(entry.settings.vector).nearest(vector, clauses, limit)
            page = Page(tuple(Hit(identity, score) for identity, score in found), count)
        return replace(page, took_ms=(time.perf_counter() - started) * 1000)

    def suggest(self, index: str, text: str, *, filters: tuple[Filter, ...] = (), limit: int = 8) -> list[Suggestion]:
        with _complaints():
            entry, opened = self._shelf.open(index)
            searcher = opened.searcher()
            clauses = [filter_query(opened.schema, entry.settings, one) for one in filters]
            return complete(searcher, opened.schema, entry.settings, text, clauses, limit) if limit > 0 else []

    # --- how writing is done

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        if not self._may_write:
            raise Refused("this process opened the search index for reading only")
        with self._writing, _complaints():
            self._shelf.hold()
            yield

    def _commit(self, folder: str, gone: Iterable[int], lines: Iterable[str]) -> None:
        """Take away `gone` and add `lines` in one commit: a process killed before it leaves the old state."""
        with self._wholly(folder) as writer:
            for identity in gone:
                writer.delete_documents_by_term("id", identity)
            for one in lines:
                writer.add_json(one)
            writer.commit()

    @contextlib.contextmanager
    def _wholly(self, folder: str) -> Iterator[tantivy.IndexWriter]:
        """Half a batch must not ride along with the next commit, nor a broken writer be used again."""
        writer = self._writer(folder)
        try:
            yield writer
        except BaseException:
            with contextlib.suppress(ValueError, OSError, RuntimeError):
                writer.rollback()
            self._writers.pop(folder, None)
            raise

    def _placed(self, entry: Entry, documents: Sequence[Any], opened: Opened | None = None) -> Sequence[Any]:
        """The documents with their vectors written, where the index keeps any; `opened` when some may be in it."""
        if not entry.settings.vector:
            return documents
        if entry.folder not in self._placings:
            self._placings[entry.folder] = placing_in(self._shelf.path / entry.folder, entry.settings)
        placing = self._placings[entry.folder]
        placing.grow()
        return placing.place(documents, opened)

    def _copy(self, index: str, folder: str, settings: Settings) -> None:
        """Fill a new folder with an index's documents, laid out for other settings."""
        entry, opened = self._shelf.open(index)
        searcher, fresh = opened.searcher(), Entry(folder, settings, FORMAT)
        same_vectors = entry.settings.vector == settings.vector
        for addresses in _batches(opened, searcher):
            found = [payload(searcher, address) for address in addresses]
            if settings.vector and same_vectors:
                opened.rows(settings.vector).give_back(found)
            documents = [kept(settings, document) for document in found]
            self._commit(folder, (), [line(settings, one) for one in self._placed(fresh, documents)])

    def _writer(self, folder: str) -> tantivy.IndexWriter:
        if folder not in self._writers:
            index = register(tantivy.Index.open(str(self._shelf.path / folder)))
            self._writers[folder] = index.writer(_HEAP, 1)
        return self._writers[folder]

    def _retire(self, folder: str) -> None:
        self._placings.pop(folder, None)
        writer = self._writers.pop(folder, None)
        if writer is not None:
            writer.wait_merging_threads()

    def _discard(self, folder: str) -> None:
        self._retire(folder)
        self._shelf.remove(folder)


def _same_fields(one: Settings, other: Settings) -> bool:
    return one.vector == other.vector and all(
        set(getattr(one, part)) == set(getattr(other, part)) for part in ("searchable", "strings", "numbers", "suggest")
    )


def _batches(opened: Opened, searcher: tantivy.Searcher) -> Iterator[list[tantivy.DocAddress]]:
    """Every document, some thousands at a time, in the order of ids."""
    first = -(2**63)
    while True:
        query = tantivy.Query.range_query(opened.schema, "id", tantivy.FieldType.Integer, first, 2**63 - 1)
        hits = searcher.search(query, _STEP, count=False, order_by_field="id", order=tantivy.Order.Asc).hits
        if not hits:
            return
        addresses = [address for _, address in hits]
        yield addresses
        last = searcher.fast_field_values("id", addresses[-1:])[0]
        assert last is not None
        if len(hits) < _STEP or last == 2**63 - 1:
            return
        first = int(last) + 1

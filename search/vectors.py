"""The vectors of an embedded index, in two files beside tantivy's own.

`vectors` holds rows of (id, vector) and only ever grows: a document names its row in the fast field `vector_row`, so
tantivy's commit decides which rows count. A process killed between the two leaves rows that nobody names, and a reader
of any commit finds every row it names. A changed vector is a new row; a rebuild leaves the old ones behind.

Up to EXACT rows are all compared. Beyond, `graph` (usearch, HNSW) says which are worth comparing; it covers the rows
there were when it was last written, and those after them are all compared. Filters hold exactly either way.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from usearch.index import Index as Graph

from search import Document, Settings
from search.checking import ROW, identity_of, numbers_of
from search.queries import hit_count
from search.shelf import Opened

EXACT = 100_000
"""So many rows are compared one by one; the graph is for more."""
TAIL = 20_000
"""So many rows after the graph's last are compared one by one before it is continued."""
_STEP = 5_000
"""Rows that join the graph at a time, so that whoever fills an index can show life between."""
_FEW = 5_000
_APART = 4
_MARGIN = 50
_must = tantivy.Occur.Must

Clause = tuple[tantivy.Occur, tantivy.Query]
Numbers = Any
"""A numpy array."""


class Rows:
    """The file of vectors, for one writer or any number of readers."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        self._path, self._graph_path = folder / "vectors", folder / "graph"
        self.dimensions = dimensions
        self.lock = threading.Lock()
        self._row = np.dtype([("id", "<i8"), ("vector", "<f4", (dimensions,))])
        self._mapped: Numbers = np.empty(0, self._row)
        self._graph: tuple[Any, Graph | None] = (None, None)

    def now(self) -> Numbers:
        """All rows there are; those that another process appends meanwhile are seen next time."""
        try:
            count = self._path.stat().st_size // self._row.itemsize
        except FileNotFoundError:
            return self._mapped  # none yet; or the index was dropped while we read it
        if count != len(self._mapped):
            self._mapped = np.memmap(self._path, self._row, mode="r", shape=(count,)) if count else self._mapped
        return self._mapped

    def append(self, ids: Numbers, vectors: Numbers) -> int:
        """Write rows after the last whole one, through to the disk; returns the place of the first."""
        fresh = np.empty(len(ids), self._row)
        fresh["id"], fresh["vector"] = ids, vectors
        with self._path.open("ab") as file:
            first = file.tell() // self._row.itemsize
            file.truncate(first * self._row.itemsize)  # what a killed writer left of a row
            file.write(fresh.tobytes())
            file.flush()
            os.fsync(file.fileno())
        return first

    def give_back(self, documents: Sequence[dict[str, Any]]) -> None:
        """Put the vectors back into documents that say where theirs lie."""
        rows = self.now()
        for document in documents:
            if ROW in document:
                document["vector"] = rows["vector"][document[ROW]].tolist()

    def graph(self) -> Graph | None:
        """The graph as it was last written, read from the disk as it is needed."""
        try:
            stamp = self._graph_path.stat()
        except FileNotFoundError:
            return None
        if self._graph[0] != (stamp.st_ino, stamp.st_mtime_ns):
            with contextlib.suppress(RuntimeError, OSError, ValueError):  # spoilt: done without
                opened = Graph.restore(str(self._graph_path), view=True)
                self._graph = ((stamp.st_ino, stamp.st_mtime_ns), opened)
        return self._graph[1]

    def graph_to_continue(self) -> Graph:
        """The graph as it was last written, in memory."""
        if self._graph_path.exists():
            with contextlib.suppress(RuntimeError, OSError, ValueError):  # spoilt: done without
                continued = Graph.restore(str(self._graph_path))
                if continued is not None:
                    return continued
        return Graph(ndim=self.dimensions, metric="ip", dtype="f16")

    def write_graph(self, graph: Graph) -> None:
        """Put it in the place of the one before; who reads that goes on with it."""
        draft = self._graph_path.with_suffix(".new")
        graph.save(str(draft))
        os.replace(draft, self._graph_path)


class Placing:
    """Gives the documents of a writer their rows, and continues the graph where it is due."""

    def __init__(self, rows: Rows, settings: Settings) -> None:
        self._rows, self._settings = rows, settings
        self._graph: Graph | None = None

    def place(self, documents: Sequence[Document], opened: Opened | None) -> list[dict[str, Any]]:
        """The documents with the place of their vector instead of it. One that has not changed stays where it is
        (`opened` None: none of them is in the index yet)."""
        placed = [{name: value for name, value in one.items() if name not in ("vector", ROW)} for one in documents]
        given = [
            (identity_of(one), numbers_of(self._settings, one["vector"]), made)
            for one, made in zip(documents, placed, strict=True) if one.get("vector") is not None
        ]
        if not given:
            return placed
        ids = np.asarray([identity for identity, _, _ in given], np.int64)
        vectors = units(np.asarray([vector for _, vector, _ in given], np.float32))
        places = np.full(len(ids), -1) if opened is None else self._known(ids, vectors, opened)
        fresh = np.flatnonzero(places < 0)
        if len(fresh):
            # The rows are on the disk before a commit can name them.
            places[fresh] = self._rows.append(ids[fresh], vectors[fresh]) + np.arange(len(fresh))
        for (_, _, made), place in zip(given, places.tolist(), strict=True):
            made[ROW] = place
        return placed

    def grow(self) -> None:
        """A step of the graph towards the last row, if that is far enough; when there, it is written."""
        rows = self._rows.now()
        if self._graph is None:
            known = self._rows.graph()
            if len(rows) <= EXACT or len(rows) - (0 if known is None else len(known)) < TAIL:
                return
            self._graph = self._rows.graph_to_continue()
        first = len(self._graph)
        last = min(first + _STEP, len(rows))
        some = np.asarray(rows["vector"][first:last], np.float16)
        self._graph.add(np.arange(first, last, dtype=np.uint64), some)
        if last == len(rows):
            self._rows.write_graph(self._graph)
            self._graph = None

    def _known(self, ids: Numbers, vectors: Numbers, opened: Opened) -> Numbers:
        """Where each id's vector lies already, the same; -1 where it does not."""
        searcher, schema = opened.searcher(), opened.schema
        rows = self._rows.now()
        places = np.full(len(ids), -1)
        at = {identity: where for where, identity in enumerate(ids.tolist())}
        query = tantivy.Query.term_set_query(schema, "id", ids.tolist())
        for identity, row in _rows_of(searcher, query, len(ids)):
            where = at[identity]
            if row < len(rows) and np.array_equal(rows["vector"][row], vectors[where]):
                places[where] = row
        return places


class Near:
    """What lies near, among the documents of one commit that fulfil some clauses."""

    def __init__(self, rows: Rows, searcher: tantivy.Searcher, schema: tantivy.Schema) -> None:
        self._rows, self._searcher, self._schema = rows, searcher, schema

    def nearest(
        self, vector: Sequence[float], clauses: Sequence[Clause], limit: int, least: float = -1.0
    ) -> tuple[list[tuple[int, float]], int]:
        """((id, cosine) of those at least so near, the nearest first; how many there are to choose from)."""
        asked = units(np.asarray([vector], np.float32))[0]
        among = tantivy.Query.boolean_query([*clauses, (_must, tantivy.Query.const_score_query(
            tantivy.Query.exists_query(ROW), 0.0
        ))])
        count = hit_count(self._searcher.search(among, 1))
        rows, wanted = self._rows.now(), min(limit, count)
        if not wanted or not len(rows):
            return [], count
        # Rows here and there are dearer to read than all in a row.
        if count <= max(_FEW, len(rows) // 25) and _APART * count <= len(rows):
            places = np.asarray([row for _, row in _rows_of(self._searcher, among, count)])
            best = _best(rows["vector"][places] @ asked, wanted)
            found = self._told(rows, places[best[0]], best[1])
        else:
            found = self._through(clauses, asked, wanted, count, least)
        return [(one, score) for one, score in found if score >= least], count

    def _through(
        self, clauses: Sequence[Clause], asked: Numbers, wanted: int, count: int, least: float
    ) -> list[tuple[int, float]]:
        """Compare first, then see which of the nearest are among those meant; look farther when too few are."""
        rows = self._rows.now()
        compared = _Compared(self._rows, rows, asked)
        reach = int(1.5 * wanted * len(rows) / count) + _MARGIN
        while True:
            places, scores = compared.best(min(reach, len(rows)))
            ids = rows["id"][places]
            these = tantivy.Query.const_score_query(tantivy.Query.term_set_query(self._schema, "id", ids.tolist()), 0.0)
            query = tantivy.Query.boolean_query([(_must, these), *clauses])
            meant = {row for _, row in _rows_of(self._searcher, query, len(ids))}
            is_meant = np.asarray([place in meant for place in places.tolist()], bool)
            exhausted = reach >= len(rows) or (len(scores) > 0 and scores[-1] < least)
            if int(is_meant.sum()) >= wanted or exhausted:
                return self._told(rows, places[is_meant][:wanted], scores[is_meant][:wanted])
            reach *= 4

    def _told(self, rows: Numbers, places: Numbers, scores: Numbers) -> list[tuple[int, float]]:
        return list(zip(rows["id"][places].tolist(), scores.tolist(), strict=True))


class _Compared:
    """The rows by nearness to one vector, more of them each time."""

    def __init__(self, rows: Rows, now: Numbers, asked: Numbers) -> None:
        self._now, self._asked, self._lock = now, asked, rows.lock
        self._graph = rows.graph() if len(now) > EXACT else None
        self._begun = len(self._graph) if self._graph is not None else 0
        self._after = now["vector"][self._begun:] @ asked

    def best(self, number: int) -> tuple[Numbers, Numbers]:
        places, scores = _best(self._after, number)
        places = places + self._begun
        if self._graph is not None:
            number = min(number, self._begun)
            with self._lock:  # two searches at once would share what the graph notes of where it has been
                self._graph.expansion_search = max(64, number)  # type: ignore[misc]
                found = self._graph.search(self._asked.astype(np.float16), number).keys.astype(np.int64)
            places = np.concatenate([places, found])
            scores = np.concatenate([scores, self._now["vector"][found] @ self._asked])
            order = np.argsort(-scores, kind="stable")[:number]
            places, scores = places[order], scores[order]
        return places, scores


def units(vectors: Numbers) -> Numbers:
    """Each one long; a vector without direction is near nothing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1).astype(np.float32)


def _best(scores: Numbers, number: int) -> tuple[Numbers, Numbers]:
    """(places, scores) of the highest, the highest first; of equals the earlier."""
    most = number < len(scores)
    some = np.sort(np.argpartition(-scores, number)[:number]) if most else np.arange(len(scores))
    order = some[np.argsort(-scores[some], kind="stable")]
    return order, scores[order]


def _rows_of(searcher: tantivy.Searcher, query: tantivy.Query, most: int) -> list[tuple[int, int]]:
    """(id, row) of the documents found that have a vector."""
    addresses = [address for _, address in searcher.search(query, most, count=False).hits]
    ids, rows = searcher.fast_field_values("id", addresses), searcher.fast_field_values(ROW, addresses)
    return [(int(one), int(row)) for one, row in zip(ids, rows, strict=True) if one is not None and row is not None]

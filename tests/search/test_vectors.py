"""The vectors in the folder of an embedded index: killed writers, growth, the graph beyond what is compared in full."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from search import AnyOf, Query, Refused, Settings, vectors
from search.embedded import EmbeddedEngine

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(searchable={"title": 1.0}, strings=("batch", "half"), vector=4)
WRITE = """
import sys
from search.embedded import EmbeddedEngine
engine = EmbeddedEngine(sys.argv[1], writer=True)
for batch in range(int(sys.argv[2]), int(sys.argv[3])):
    engine.upsert("listings", [
        {"id": number, "title": "battery", "batch": str(batch), "vector": [1.0, batch / 1000, number / 1000, 0.0]}
        for number in range(200)
    ])
    print(batch, flush=True)
"""


@pytest.fixture
def writer(tmp_path: Path) -> EmbeddedEngine:
    engine = EmbeddedEngine(tmp_path / "engine", writer=True)
    engine.create("listings", SETTINGS)
    return engine


def file_of(writer: EmbeddedEngine, name: str = "vectors") -> Path:
    return next((writer._shelf.path).glob("index-*")) / name


def some(count: int, seed: int = 1, first: int = 0) -> list[dict[str, object]]:
    chance = random.Random(seed)
    return [
        {"id": first + number, "title": "battery", "half": str(number % 2), "batch": str(number % 50),
         "vector": [chance.gauss(0, 1) for _ in range(4)]}
        for number in range(count)
    ]


def by_hand(documents: list[dict[str, object]], vector: tuple[float, ...], limit: int) -> list[object]:
    def cosine(document: dict[str, object]) -> float:
        own: list[float] = document["vector"]  # type: ignore[assignment]
        length = sum(number * number for number in own) ** 0.5
        return sum(a * b for a, b in zip(own, vector, strict=True)) / length

    return [document["id"] for document in sorted(documents, key=cosine, reverse=True)[:limit]]


def test_a_killed_writer_leaves_vectors_and_words_of_one_commit(writer: EmbeddedEngine) -> None:
    folder = writer._shelf.path
    writer.close()
    reader = EmbeddedEngine(folder)
    for attempt in range(3):
        command = [sys.executable, "-c", WRITE, str(folder), str(attempt * 300), str(attempt * 300 + 300)]
        with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            for _ in range(3):
                other.stdout.readline()
            time.sleep(0.006 * attempt)
            os.kill(other.pid, signal.SIGKILL)
        batch = int(next(iter(reader.search("listings", Query("battery", facets=("batch",))).facets["batch"])))
        page = reader.nearest("listings", (1.0, batch / 1000, 0.1, 0.0), limit=300)
        assert page.total == 200 and len({hit.id for hit in page.hits}) == 200
        assert page.hits[0].id == 100 and page.hits[0].score == pytest.approx(1, abs=1e-6)
    writer.upsert("listings", [{"id": 1, "title": "aerogel", "vector": [0.0, 0.0, 0.0, 1.0]}])
    assert reader.nearest("listings", (0.0, 0.0, 0.0, 1.0), limit=1).hits[0].id == 1
    writer.close()


def test_half_a_row_that_was_left_behind_is_written_over(writer: EmbeddedEngine) -> None:
    writer.upsert("listings", some(3))
    with file_of(writer).open("ab") as file:
        file.write(b"half a row")
    more = some(3, seed=2, first=10)
    writer.upsert("listings", more)
    asked = tuple(more[2]["vector"])  # type: ignore[arg-type]
    assert writer.nearest("listings", asked, limit=1).hits[0].id == 12
    writer.close()


def test_a_vector_that_has_not_changed_takes_no_more_room(writer: EmbeddedEngine) -> None:
    documents = some(50)
    writer.upsert("listings", documents)
    before = file_of(writer).stat().st_size
    writer.upsert("listings", [{**one, "title": "renamed"} for one in documents])
    assert file_of(writer).stat().st_size == before
    writer.upsert("listings", [{**documents[0], "vector": [9.0, 9.0, 9.0, 9.0]}])
    assert before < file_of(writer).stat().st_size <= before + 100
    writer.close()


@pytest.mark.parametrize("few", [0, 10_000])
def test_however_they_are_looked_for_the_nearest_are_the_nearest(
    writer: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(vectors, "_FEW", few)
    monkeypatch.setattr(vectors, "_APART", 1)
    documents = some(1_000)
    writer.upsert("listings", documents)
    changed = some(200, seed=3)
    writer.upsert("listings", changed)
    documents[:200] = changed
    writer.delete("listings", range(900, 1_000))
    kept, asked = documents[:900], (0.3, -0.2, 0.9, 0.1)
    assert [hit.id for hit in writer.nearest("listings", asked, limit=20).hits] == by_hand(kept, asked, 20)
    odd = [one for one in kept if one["half"] == "1"]
    page = writer.nearest("listings", asked, filters=(AnyOf("half", ("1",)),), limit=30)
    assert [hit.id for hit in page.hits] == by_hand(odd, asked, 30) and page.total == len(odd)
    rare = [one for one in kept if one["batch"] == "7"]
    page = writer.nearest("listings", asked, filters=(AnyOf("batch", ("7",)),), limit=50)
    assert [hit.id for hit in page.hits] == by_hand(rare, asked, 50)
    writer.close()


def test_beyond_what_is_compared_in_full_the_graph_finds_nearly_the_same(
    writer: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"EXACT": 500, "TAIL": 200, "_STEP": 300, "_FEW": 0}.items():
        monkeypatch.setattr(vectors, name, value)
    documents = some(3_000)
    writer.fill("listings", [documents[:1_000]])
    for first in range(1_000, 3_000, 100):
        writer.upsert("listings", documents[first:first + 100])
    covered = len(vectors.Graph.restore(str(file_of(writer, "graph")), view=True) or ())
    assert 2_000 < covered < 3_000
    writer.delete("listings", range(100))
    found = wanted = 0
    for seed in range(20):
        asked = tuple(some(1, seed=seed + 100)[0]["vector"])  # type: ignore[arg-type]
        page = writer.nearest("listings", asked, filters=(AnyOf("half", ("0",)),), limit=20)
        expected = by_hand([one for one in documents[100:] if one["half"] == "0"], asked, 20)
        assert all(hit.id % 2 == 0 and hit.id >= 100 for hit in page.hits)
        found, wanted = found + len({hit.id for hit in page.hits} & set(expected)), wanted + 20
    assert found / wanted > 0.95
    reader = EmbeddedEngine(writer._shelf.path)
    once = writer.nearest("listings", asked, limit=5).hits
    with ThreadPoolExecutor(4) as readers:
        answers = list(readers.map(lambda _: reader.nearest("listings", asked, limit=5).hits, range(40)))
    assert answers == [once] * 40
    writer.close()


def test_a_spoilt_graph_is_done_without(writer: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "EXACT", 100)
    documents = some(300)
    writer.upsert("listings", documents)
    file_of(writer, "graph").write_bytes(b"nonsense")
    asked = (1.0, 0.0, 0.0, 0.0)
    assert [hit.id for hit in writer.nearest("listings", asked, limit=5).hits] == by_hand(documents, asked, 5)
    writer.close()


def test_without_numpy_an_index_with_vectors_is_refused_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "search.vectors", None)
    monkeypatch.delattr("search.vectors", raising=False)
    engine = EmbeddedEngine(tmp_path / "engine", writer=True)
    with pytest.raises(Refused, match=r"numpy.*yinqiao\[semantic\]"):
        engine.create("listings", SETTINGS)
    assert not engine.exists("listings")
    engine.close()

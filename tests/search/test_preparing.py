"""Documents prepared by several processes: the same lines as one would make, and nothing lost when one of them dies."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search import Document, Query, Refused, Settings, Unavailable
from search.embedded import EmbeddedEngine
from search.preparing import Preparers, lines

SETTINGS = Settings(
    searchable={"title": 2.0, "text": 1.0}, strings=("kind",), numbers=("price",), suggest=("title",),
    stored=("title",),
)


def documents(count: int) -> list[Document]:
    return [
        {"id": number, "title": [f"锂电池 battery {number}", "GB/T 22900"], "text": "回收 recycling of PLA/PBAT " * 3,
         "kind": "need" if number % 2 else "result", "price": number / 2}
        for number in range(count)
    ]


def batches(count: int, size: int = 300) -> Iterator[list[Document]]:
    made = documents(count)
    yield from (made[first:first + size] for first in range(0, count, size))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path, writer=True)
    engine.create("listings", SETTINGS)
    yield engine
    engine.close()


def test_several_processes_make_the_lines_that_one_makes() -> None:
    made: list[str] = []
    with Preparers(SETTINGS, processes=2, alone=300) as preparers:
        for batch in batches(1_500):
            made += preparers.exchange(batch)
        made += preparers.rest()
    assert sorted(map(read, made), key=str) == sorted(map(read, lines(SETTINGS, documents(1_500))), key=str)


def read(line: str) -> dict[str, Any]:
    """Lists of words are written in any order."""
    fields: dict[str, Any] = json.loads(line)
    return fields | {name: sorted(fields[name].split()) for name in ("lexicon", "sound")}


def test_a_large_filling_finds_what_a_small_one_finds(engine: EmbeddedEngine) -> None:
    engine.fill("listings", batches(3_000))
    assert sorted(engine.ids("listings")) == list(range(3_000))
    page = engine.search("listings", Query("电池 recycling", facets=("kind",), highlight=("title",)))
    assert (page.total, page.facets["kind"]) == (3_000, {"need": 1_500, "result": 1_500})
    assert engine.search("listings", Query('"battery 2999"')).total == 1


def test_what_is_written_after_a_filling_is_found_beside_it(engine: EmbeddedEngine) -> None:
    engine.fill("listings", batches(2_400))
    engine.upsert("listings", [{"id": 7, "title": "钠离子电池"}, {"id": 5_000, "title": "钠离子电池"}])
    engine.delete("listings", [8])
    assert engine.count("listings") == 2_400
    assert sorted(hit.id for hit in engine.search("listings", Query('"钠离子电池"')).hits) == [7, 5_000]
    assert engine.search("listings", Query('"battery 7"')).total == 0


def test_the_death_of_a_process_is_told_and_nothing_of_the_filling_is_found(engine: EmbeddedEngine) -> None:
    with pytest.raises(Unavailable, match="ended with code -9"):
        engine.fill("listings", killing_a_child(10_000))
    assert engine.count("listings") == 0
    engine.upsert("listings", documents(1))
    assert engine.count("listings") == 1


def killing_a_child(count: int) -> Iterator[list[Document]]:
    """The batches, and a child of ours killed on the way."""
    killed = False
    for batch in batches(count):
        yield batch
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        mine = [int(child) for child in children if b"search.preparing" in Path(f"/proc/{child}/cmdline").read_bytes()]
        if mine and not killed:
            killed = True
            os.kill(mine[0], signal.SIGKILL)


def test_a_wrong_document_is_refused_wherever_it_is_prepared(engine: EmbeddedEngine) -> None:
    def wrong() -> Iterator[list[Document]]:
        yield from batches(2_400)
        yield [{"id": "one", "title": "x"}]

    with pytest.raises(Refused, match="'one'"):
        engine.fill("listings", wrong())
    assert engine.count("listings") == 0


def test_what_goes_wrong_where_documents_come_from_is_passed_on(engine: EmbeddedEngine) -> None:
    def broken() -> Iterator[list[Document]]:
        yield from batches(300)
        raise ValueError("a row nobody can read")

    with pytest.raises(ValueError, match="nobody can read"):
        engine.fill("listings", broken())
    assert engine.count("listings") == 0


def test_no_process_is_left_behind(engine: EmbeddedEngine) -> None:
    engine.fill("listings", batches(2_600))
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert not [one for one in children if b"search.preparing" in Path(f"/proc/{one}/cmdline").read_bytes()]


FILL = """
import json, resource, sys
from pathlib import Path
from search import Settings
from search.embedded import EmbeddedEngine

def batches(count):
    for first in range(0, count, 500):
        texts = {"title": f"锂电池 {first}", "text": "回收 recycling of PLA/PBAT " * 10}
        yield [{"id": number, **texts} for number in range(first, first + 500)]

engine = EmbeddedEngine(Path(sys.argv[1]), writer=True)
engine.create("listings", Settings(searchable={"title": 2.0, "text": 1.0}))
engine.fill("listings", batches(int(sys.argv[2])))
kilobytes = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({"count": engine.count("listings"), "kilobytes": max(kilobytes)}))
engine.close()
"""


@pytest.mark.once
def test_ten_times_the_documents_take_hardly_more_memory(tmp_path: Path) -> None:
    told = []
    for count in (4_000, 40_000):
        command = [sys.executable, "-c", FILL, str(tmp_path / str(count)), str(count)]
        done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=True, text=True)
        told.append(json.loads(done.stdout))
        assert told[-1]["count"] == count
    assert told[1]["kilobytes"] - told[0]["kilobytes"] < 150_000


def test_portions_of_any_size_go_through() -> None:
    sizes = [1, 1, 700, 1, 350, 2, 1, 1, 900, 1]
    made = iter(documents(sum(sizes)))
    with Preparers(SETTINGS, processes=2, alone=0) as preparers:
        given = [line for size in sizes for line in preparers.exchange([next(made) for _ in range(size)])]
        given += preparers.rest()
    assert sorted(read(line)["id"] for line in given) == list(range(sum(sizes)))


def test_what_children_have_no_room_for_is_prepared_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.preparing._ROOM", 1)
    with Preparers(SETTINGS, processes=1, alone=0) as preparers:
        given = [line for batch in batches(3_000) for line in preparers.exchange(batch)]
        given += preparers.rest()
    assert sorted(read(line)["id"] for line in given) == list(range(3_000))


def test_one_process_alone_starts_no_other() -> None:
    with Preparers(SETTINGS, processes=0, alone=0) as preparers:
        given = [line for batch in batches(600) for line in preparers.exchange(batch)]
        assert len(given) == 600 and not preparers._children
        assert not list(preparers.rest())


def test_an_interruption_while_children_work_ends_them(engine: EmbeddedEngine) -> None:
    def interrupted() -> Iterator[list[Document]]:
        yield from batches(6_000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.fill("listings", interrupted())
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert not [one for one in children if b"search.preparing" in Path(f"/proc/{one}/cmdline").read_bytes()]
    assert engine.count("listings") == 0


def test_documents_longer_than_any_pipe_go_through() -> None:
    long = [{"id": number, "title": "x", "text": "回收 recycling " * 60_000} for number in range(12)]
    with Preparers(SETTINGS, processes=2, alone=0) as preparers:
        given = [line for one in long for line in preparers.exchange([one])]
        given += preparers.rest()
    assert sorted(read(line)["id"] for line in given) == list(range(12))

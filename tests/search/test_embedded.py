"""What only the engine in a folder has to stand: other processes, and being killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from search import Query, Refused, Settings, Unavailable
from search.embedded import EmbeddedEngine
from search.layout import FORMAT
from search.remembered import Remembered

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(searchable={"title": 1.0}, strings=("batch",))
WRITE = """
import sys
from search.embedded import EmbeddedEngine
engine = EmbeddedEngine(sys.argv[1], writer=True)
for batch in range(int(sys.argv[2]), int(sys.argv[3])):
    engine.upsert("listings", [{"id": number, "title": "电池 battery", "batch": str(batch)} for number in range(300)])
    print(batch, flush=True)
if sys.argv[4] == "stay":
    sys.stdin.read()
"""
WATCH = """
import sys, time
from search import Query
from search.embedded import EmbeddedEngine
engine = EmbeddedEngine(sys.argv[1])
print(engine.search("listings", Query("battery")).total, flush=True)
sys.stdin.readline()
deadline = time.monotonic() + 1
while time.monotonic() < deadline and not engine.search("listings", Query("battery")).total:
    time.sleep(0.01)
print(engine.search("listings", Query("battery")).total, flush=True)
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    engine = EmbeddedEngine(tmp_path / "engine", writer=True)
    engine.create("listings", SETTINGS)
    engine.close()
    return tmp_path / "engine"


@pytest.fixture
def writer(folder: Path) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(folder, writer=True)
    yield engine
    engine.close()


def test_a_reader_in_another_process_sees_a_write_within_a_second(folder: Path, writer: EmbeddedEngine) -> None:
    with start(WATCH, folder) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "0\n"
        writer.upsert("listings", [{"id": 1, "title": "Lithium battery"}])
        answer, _ = other.communicate("look\n", timeout=30)
    assert answer == "1\n"


def test_a_writer_killed_mid_batch_leaves_a_whole_batch_and_no_doubles(folder: Path) -> None:
    reader = EmbeddedEngine(folder)
    for attempt in range(3):
        with start(WRITE, folder, attempt * 1000, attempt * 1000 + 1000, "go") as other:
            assert other.stdout is not None
            for _ in range(2):
                done = int(other.stdout.readline())
            time.sleep(0.007 * attempt)
            os.kill(other.pid, signal.SIGKILL)
        page = reader.search("listings", Query("电池", facets=("batch",)))
        assert page.total == 300
        assert list(page.facets["batch"].values()) == [300]
        assert int(next(iter(page.facets["batch"]))) >= done
    after = EmbeddedEngine(folder, writer=True)
    after.upsert("listings", [{"id": 1, "title": "aerogel"}])
    assert sorted(reader.ids("listings")) == list(range(300))
    after.close()


def test_only_one_process_writes_and_the_other_is_told_which(folder: Path) -> None:
    second = EmbeddedEngine(folder, writer=True)
    with start(WRITE, folder, 0, 1, "stay") as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(Unavailable, match=f"process {other.pid}"):
            second.upsert("listings", [{"id": 1, "title": "x"}])
        assert second.count("listings") == 300
        other.communicate("", timeout=30)
    second.upsert("listings", [{"id": 1, "title": "x"}])
    second.close()


def test_a_reader_may_not_write(folder: Path) -> None:
    reader = EmbeddedEngine(folder)
    with pytest.raises(Refused, match="reading only"):
        reader.upsert("listings", [{"id": 1, "title": "x"}])


def test_leftovers_of_a_killed_rebuild_are_swept_away(folder: Path, writer: EmbeddedEngine) -> None:
    (folder / "index-99").mkdir()
    (folder / "index-99" / "half").write_text("x")
    writer.upsert("listings", [{"id": 1, "title": "x"}])
    assert [path.name for path in folder.glob("index-*")] == ["index-1"]


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "nowhere")
    assert not engine.exists("listings")
    with pytest.raises(Unavailable):
        engine.ping()
    with pytest.raises(Unavailable):
        engine.search("listings", Query())


def test_a_spoilt_folder_is_unavailable_and_not_a_crash(folder: Path) -> None:
    (folder / "index-1" / "meta.json").write_text("{")
    with pytest.raises(Unavailable):
        EmbeddedEngine(folder).search("listings", Query())
    (folder / "manifest.json").write_text("{")
    with pytest.raises(Unavailable):
        EmbeddedEngine(folder).search("listings", Query())


def test_an_index_of_another_version_asks_to_be_rebuilt(folder: Path) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"format": {FORMAT}', '"format": 0'))
    with pytest.raises(Unavailable, match="rebuilt"):
        EmbeddedEngine(folder).search("listings", Query())
    engine = EmbeddedEngine(folder, writer=True)
    engine.create("listings", SETTINGS)
    assert engine.search("listings", Query()).total == 0
    engine.close()


def test_a_reader_knows_new_synonyms_at_its_next_look(folder: Path, writer: EmbeddedEngine) -> None:
    reader = EmbeddedEngine(folder)
    writer.upsert("listings", [{"id": 1, "title": "Lithium battery"}])
    assert reader.search("listings", Query("锂电池 ")).total == 0
    writer.synonyms("listings", [["锂电池", "lithium battery"]])
    assert reader.search("listings", Query("锂电池 ")).total == 1
    with pytest.raises(Refused, match="reading only"):
        reader.synonyms("listings", [])
    writer.close()
    assert EmbeddedEngine(folder).search("listings", Query("锂电池 ")).total == 1


def test_a_mistyped_word_finds_the_equals_of_what_was_meant(writer: EmbeddedEngine) -> None:
    titles = ("Photovoltaic modules", "光伏发电", "锂电池", "Lithium battery")
    writer.upsert("listings", [{"id": number, "title": title} for number, title in enumerate(titles, 1)])
    writer.synonyms("listings", [["photovoltaic", "光伏"], ["锂电池", "lithium battery"]])
    assert {hit.id for hit in writer.search("listings", Query("photovoltiac ")).hits} == {1, 2}
    assert {hit.id for hit in writer.search("listings", Query("litium battery ")).hits} == {3, 4}


def test_what_is_clearly_rarer_is_read_as_a_mistake_as_well(writer: EmbeddedEngine) -> None:
    titles = ["石墨稀膜", "石墨的稀释", *["石墨烯薄膜"] * 30]
    writer.upsert("listings", [{"id": number, "title": title} for number, title in enumerate(titles)])
    order = [hit.id for hit in writer.search("listings", Query("石墨稀 ", size=50)).hits]
    assert (order[0], len(order)) == (0, 32)


def test_chinese_word_that_nobody_wrote_finds_what_has_its_parts(writer: EmbeddedEngine) -> None:
    titles = ("磷酸铁锂离子电池隔膜", "铅酸电池回收", "锂矿选矿", "锂电芯与电解池")
    writer.upsert("listings", [{"id": n, "title": title} for n, title in enumerate(titles, 1)])
    page = writer.search("listings", Query("锂电池"))
    assert [hit.id for hit in page.hits] == [1]
    assert page.dropped == ("锂电池",)


def test_a_field_that_had_no_words_is_read_once_it_has_some(folder: Path) -> None:
    settings = Settings(searchable={"title": 2.0, "keywords": 1.0, "files": 0.5}, suggest=("title", "keywords"))
    writer, reader = EmbeddedEngine(folder, writer=True), EmbeddedEngine(folder)
    writer.create("papers", settings)
    assert reader.search("papers", Query("battery")).total == 0

    writer.upsert("papers", [{"id": 1, "title": "Lithium"}])
    assert reader.search("papers", Query("battery")).total == 0
    writer.upsert("papers", [{"id": 2, "title": "Sodium", "files": "a battery"}, {"id": 3, "keywords": "电池组"}])
    assert [hit.id for hit in reader.search("papers", Query("battery")).hits] == [2]
    assert [hit.id for hit in reader.search("papers", Query("电池组")).hits] == [3]
    assert reader.search("papers", Query("battery", attributes=("keywords",))).total == 0

    writer.delete("papers", [2])
    assert reader.search("papers", Query("battery")).total == 0
    assert [hit.id for hit in reader.search("papers", Query("lithium")).hits] == [1]
    writer.close()


def test_what_is_remembered_is_bounded_and_the_same_as_asked_again() -> None:
    asked: list[int] = []

    def square(number: int) -> int:
        asked.append(number)
        return number * number

    squares = Remembered(square, 3)
    assert [squares[number] for number in (1, 2, 1, 2, 3, 1)] == [1, 4, 1, 4, 9, 1]
    assert asked == [1, 2, 3]
    assert [squares[number] for number in range(10)] == [number * number for number in range(10)]
    assert len(squares) <= 3

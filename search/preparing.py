"""Documents made ready for the index by several processes at once.

Cutting texts into words is most of the work of filling an index and holds the interpreter's lock, so a large filling
has it done by children. They are plain programs that read documents from a pipe and answer with lines for the index;
they inherit nothing (no database session, no open index, no lock of a thread), so nothing can be spoilt in them.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import marshal
import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from search import Document, Refused, Settings, Unavailable
from search.checking import kept
from search.layout import line

ALONE = 1_000
"""So many documents are prepared by this process before children are started: that takes them half a second, and it
goes on alone until one of them is ready."""
_PORTION = 100
_PIPE = 1 << 20
_LENGTH = struct.Struct("<Q")
_PROGRAM = "from search.preparing import serve; serve()"
_ROOT = str(Path(__file__).resolve().parents[1])


class Preparers:
    """Takes documents in and gives their lines back, portion by portion and not always in the order they came."""

    def __init__(self, settings: Settings, processes: int | None = None, alone: int = ALONE) -> None:
        self._settings, self._left = settings, alone
        self._number = len(os.sched_getaffinity(0)) if processes is None else processes
        self._children: list[_Child] = []

    def __enter__(self) -> Preparers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for child in self._children:
            child.end()

    def exchange(self, documents: Sequence[Document]) -> Iterator[str]:
        """Take these in, give back what is ready. Raises Unavailable when a child died."""
        if self._left > 0 or self._number < 2:
            self._left -= len(documents)
            yield from lines(self._settings, documents)
            return
        self._start()
        for first in range(0, len(documents), _PORTION):
            portion = documents[first:first + _PORTION]
            if not any(child.is_ready for child in self._children):
                yield from self._receive(0)
                yield from lines(self._settings, portion)
                continue
            question = marshal.dumps([dict(one) for one in portion])
            while not (free := [child for child in self._children if child.takes(question)]):
                yield from self._receive(None)
            min(free, key=lambda child: len(child.waiting)).send(question)
            yield from self._receive(0)

    def rest(self) -> Iterator[str]:
        """What has not been given back yet."""
        while any(child.waiting for child in self._children if child.is_ready):
            yield from self._receive(None)

    def _start(self) -> None:
        if not self._children:
            self._children = [_Child(self._settings) for _ in range(self._number)]

    def _receive(self, patience: float | None) -> Iterator[str]:
        """What the children have ready; without any, wait so long, None for as long as it takes."""
        busy = {child.answers: child for child in self._children if child.waiting}
        for pipe in select.select(list(busy), [], [], patience)[0]:
            yield from busy[pipe].receive()


class _Child:
    def __init__(self, settings: Settings) -> None:
        path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path}, bufsize=0,  # `select` sees nothing of what a buffer holds
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._questions, self.answers = self._process.stdin, self._process.stdout
        for pipe in (self._questions, self.answers):
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
        self._room = int(fcntl.fcntl(self._questions, fcntl.F_GETPIPE_SZ)) // 2
        self.waiting: list[int] = []
        """The lengths of the questions that it has not answered yet."""
        self.is_ready = False
        """It has answered that it has the settings; until then it is not asked anything."""
        self.send(marshal.dumps({**asdict(settings), "searchable": dict(settings.searchable)}))

    def takes(self, question: bytes) -> bool:
        """Can it be sent without waiting? A child that waits to be read must never be waited for to read."""
        return self.is_ready and (not self.waiting or sum(self.waiting) + len(question) <= self._room)

    def send(self, question: bytes) -> None:
        try:
            _write(self._questions, question)
        except OSError as error:
            raise self._death() from error
        self.waiting.append(len(question))

    def receive(self) -> list[str]:
        try:
            refused, ready = _read(self.answers)
        except EOFError as error:
            raise self._death() from error
        del self.waiting[0]
        self.is_ready = True
        if refused:
            raise Refused(refused)
        return list(ready)

    def end(self) -> None:
        """It holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._questions.close()
        self.answers.close()

    def _death(self) -> Unavailable:
        return Unavailable(f"a process that prepares documents ended with code {self._process.wait()}")


def lines(settings: Settings, documents: Iterable[Document]) -> Iterator[str]:
    for document in documents:
        yield line(settings, kept(settings, document))


def serve() -> None:
    """What a child does until nobody asks any more."""
    gc.disable()  # documents make no cycles, and looking for some takes a tenth of the time
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        settings = Settings(**_read(questions))
        _write(answers, marshal.dumps(("", [])))
        while True:
            documents = _read(questions)
            try:
                answer = ("", list(lines(settings, documents)))
            except Refused as error:
                answer = (str(error), [])
            _write(answers, marshal.dumps(answer))


def _write(pipe: IO[bytes], data: bytes) -> None:
    left = memoryview(_LENGTH.pack(len(data)) + data)
    while left:
        left = left[pipe.write(left):]
    pipe.flush()


def _read(pipe: IO[bytes]) -> Any:
    length = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))[0]
    return marshal.loads(_exactly(pipe, length))  # noqa: S302 - written by our own parent or child


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    pieces = []
    while length:
        piece = pipe.read(length)
        if not piece:
            raise EOFError
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)

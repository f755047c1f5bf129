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

ALONE = 2_000
"""So many documents are prepared by this process before children are started: that takes them half a second."""
_PORTION = 250
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
        self._idle: list[_Child] = []

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
            ready: list[str] = []
            if not self._idle:
                ready = self._receive()
            child = self._idle.pop()
            child.send([dict(one) for one in documents[first:first + _PORTION]])
            yield from ready

    def rest(self) -> Iterator[str]:
        """What has not been given back yet."""
        while len(self._idle) < len(self._children):
            yield from self._receive()

    def _start(self) -> None:
        if not self._children:
            self._children = [_Child(self._settings) for _ in range(self._number)]
            self._idle = list(self._children)

    def _receive(self) -> list[str]:
        busy = {child.answers: child for child in self._children if child not in self._idle}
        child = busy[select.select(list(busy), [], [])[0][0]]
        ready = child.receive()
        self._idle.append(child)
        return ready


class _Child:
    def __init__(self, settings: Settings) -> None:
        path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._questions, self.answers = self._process.stdin, self._process.stdout
        for pipe in (self._questions, self.answers):
            with contextlib.suppress(OSError, AttributeError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
        self.send({**asdict(settings), "searchable": dict(settings.searchable)})

    def send(self, message: Any) -> None:
        try:
            _write(self._questions, message)
        except OSError as error:
            raise self._death() from error

    def receive(self) -> list[str]:
        try:
            refused, ready = _read(self.answers)
        except EOFError as error:
            raise self._death() from error
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
        while True:
            documents = _read(questions)
            try:
                answer = ("", list(lines(settings, documents)))
            except Refused as error:
                answer = (str(error), [])
            _write(answers, answer)


def _write(pipe: IO[bytes], message: Any) -> None:
    data = marshal.dumps(message)
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> Any:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    length = _LENGTH.unpack(head)[0]
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return marshal.loads(data)  # noqa: S302 - written by our own parent or child

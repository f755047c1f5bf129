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
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import IO, Any

from search import Document, Refused, Settings, Unavailable
from search.checking import kept
from search.layout import line, packed

ALONE = 1_000
"""Fewer documents are prepared by this process alone: a child takes a third of a second until it is ready."""
_MOST = 4
"""More children than these are not kept busy by one process that reads rows and fills an index."""
_PORTION = 100
_PIPE = 1 << 20
_ROOM = _PIPE // 2
"""A child that has so many bytes to read still is not given more."""
_LENGTH = struct.Struct("<Q")
_PROGRAM = "from search.preparing import serve; serve()"
_ROOT = str(Path(__file__).resolve().parents[1])


class Preparers:
    """Takes documents in and gives their lines back, portion by portion and not always in the order they came.

    Whoever asks has other work as well (reading rows, filling the index), so there is one child less than there are
    processors; what the children have no room for is prepared here. Nobody waits while there is something to do.
    """

    def __init__(self, settings: Settings, processes: int | None = None, alone: int = ALONE) -> None:
        self._settings, self._left = settings, alone
        self._number = min(len(os.sched_getaffinity(0)) - 1, _MOST) if processes is None else processes
        self._children: list[_Child] = []
        self._answers: SimpleQueue[_Answer] = SimpleQueue()

    def __enter__(self) -> Preparers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for child in self._children:
            child.end()

    def exchange(self, documents: Sequence[Document]) -> Iterator[str]:
        """Take these in, give back what is ready. Raises Unavailable when a child died."""
        self._left -= len(documents)
        if self._left <= 0 and not self._children:
            for _ in range(self._number):
                self._children.append(_Child(self._settings, self._answers))
        for first in range(0, len(documents), _PORTION):
            portion = documents[first:first + _PORTION]
            yield from self._ready()
            if free := [child for child in self._children if child.has_room]:
                min(free, key=_Child.load).ask(portion)
            else:
                yield from lines(self._settings, portion)

    def rest(self) -> Iterator[str]:
        """What has not been given back yet."""
        while any(child.waiting for child in self._children if child.is_ready):
            yield from _received(self._answers.get())

    def _ready(self) -> Iterator[str]:
        while not self._answers.empty():
            yield from _received(self._answers.get())


class _Child:
    def __init__(self, settings: Settings, answers: SimpleQueue[_Answer]) -> None:
        path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            env={**os.environ, "PYTHONPATH": path}, process_group=0,  # Ctrl-C is for us, and we end it
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._questions, self._said = self._process.stdin, self._process.stdout
        for pipe in (self._questions, self._said):
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
        self.waiting: list[int] = []
        """The lengths of the questions that it has not answered yet."""
        self.is_ready = False
        """It has answered that it has the settings; until then it is not asked anything."""
        # A thread listens all the time, so the child never waits to be heard, and so never lets us wait to be read.
        self._listener = Thread(target=self._listen, args=(answers,), daemon=True)
        self._listener.start()
        self._send({**asdict(settings), "searchable": dict(settings.searchable)})

    @property
    def has_room(self) -> bool:
        return self.is_ready and self.load() < _ROOM

    def load(self) -> int:
        return sum(self.waiting)

    def ask(self, documents: Sequence[Document]) -> None:
        self._send([dict(one) for one in documents])

    def answered(self, answer: bytes | None) -> Iterator[str]:
        """The lines of its next answer, None when it died instead."""
        if answer is None:
            raise self._death()
        refused, ready = marshal.loads(answer)  # noqa: S302 - written by our own child
        del self.waiting[0]
        self.is_ready = True
        if refused:
            raise Refused(refused)
        return map(bytes.decode, ready)

    def end(self) -> None:
        """It holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        with contextlib.suppress(OSError):
            self._questions.close()
        self._said.close()

    def _send(self, question: Any) -> None:
        data = marshal.dumps(question)
        try:
            _write(self._questions, data)
        except OSError as error:
            raise self._death() from error
        self.waiting.append(len(data))

    def _listen(self, answers: SimpleQueue[_Answer]) -> None:
        try:
            while True:
                answers.put((self, _read(self._said)))
        except (EOFError, OSError):
            answers.put((self, None))

    def _death(self) -> Unavailable:
        return Unavailable(f"a process that prepares documents ended with code {self._process.wait()}")


_Answer = tuple[_Child, bytes | None]


def _received(answer: _Answer) -> Iterator[str]:
    child, data = answer
    return child.answered(data)


def lines(settings: Settings, documents: Iterable[Document]) -> Iterator[str]:
    for document in documents:
        yield line(settings, kept(settings, document))


def serve() -> None:
    """What a child does until nobody asks any more."""
    gc.disable()  # documents make no cycles, and looking for some takes a tenth of the time
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        settings = Settings(**marshal.loads(_read(questions)))  # noqa: S302 - written by our own parent
        _write(answers, marshal.dumps(("", [])))
        while True:
            documents = marshal.loads(_read(questions))  # noqa: S302 - as above
            try:
                answer = ("", [packed(settings, kept(settings, document)) for document in documents])
            except Refused as error:
                answer = (str(error), [])
            _write(answers, marshal.dumps(answer))


def _write(pipe: IO[bytes], data: bytes) -> None:
    left = memoryview(_LENGTH.pack(len(data)) + data)
    while left:
        left = left[pipe.write(left):]
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes:
    length = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))[0]
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    pieces = []
    while length:
        piece = pipe.read(length)
        if not piece:
            raise EOFError
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)

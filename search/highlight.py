"""Mark the words that were found in the text as it was written, and crop a long one around them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from search import Quote
from search.text import Span, fold, spans, unit_spans

QUOTE_LENGTH = 200
_MARGIN = 60


@dataclass(frozen=True)
class Needles:
    """What counts as found."""

    words: frozenset[str] = frozenset()
    """Words as `search.text.words` has them."""
    beginnings: tuple[str, ...] = ()
    """A word that begins so is found whole."""
    runs: tuple[tuple[str, ...], ...] = ()
    """Units that must follow one another."""

    def __bool__(self) -> bool:
        return bool(self.words or self.beginnings or self.runs)


def quote(text: str, needles: Needles, length: int = QUOTE_LENGTH) -> Quote:
    """The text, or about `length` characters of it around the first find, in marked and unmarked pieces."""
    start, end = _window(text, needles, length)
    # A word at the edge of the window is cut differently than inside it, so a little more is looked at than shown.
    low, high = max(0, start - _MARGIN), min(len(text), end + _MARGIN)
    piece = text[low:high]
    marked = bytearray(len(piece))
    for a, b in _finds(piece, needles):
        marked[a:b] = b"\x01" * (b - a)
    return tuple(_pieces(text[start:end], marked[start - low:end - low]))


def _pieces(text: str, marked: bytes | bytearray) -> Iterable[tuple[str, bool]]:
    at = 0
    while at < len(text):
        end = marked.find(not marked[at], at)
        end = len(text) if end < 0 else end
        yield text[at:end], bool(marked[at])
        at = end


def _finds(text: str, needles: Needles) -> Iterable[tuple[int, int]]:
    if not needles:
        return
    for span in spans(text):
        if span.word in needles.words or (needles.beginnings and span.word.startswith(needles.beginnings)):
            yield span.start, span.end
    if needles.runs:
        row = unit_spans(text)
        for run in needles.runs:
            yield from _runs(row, run)


def _runs(row: list[Span], run: tuple[str, ...]) -> Iterable[tuple[int, int]]:
    for at in range(len(row) - len(run) + 1):
        if row[at].word == run[0] and tuple(span.word for span in row[at:at + len(run)]) == run:
            yield row[at].start, row[at + len(run) - 1].end


def _window(text: str, needles: Needles, length: int) -> tuple[int, int]:
    if len(text) <= length:
        return 0, len(text)
    first = _first(text, needles)
    # Three quarters of the window follow the find: what comes after a word says more of it than what came before.
    start = max(0, min(first - length // 4, len(text) - length))
    end = min(len(text), start + length)
    start = _break_before(text, start, first)
    return start, end


def _first(text: str, needles: Needles) -> int:
    """Where the first find is likely to be. Folding keeps the length of nearly every text, so it is near enough."""
    sought = {*needles.words, *needles.beginnings, *(run[0] for run in needles.runs)}
    if not sought:
        return 0
    pattern = "|".join(re.escape(word) for word in sorted(sought, key=len, reverse=True))
    match = re.search(rf"(?<![a-z0-9])(?:{pattern})", fold(text))
    return min(match.start(), len(text)) if match else 0


def _break_before(text: str, start: int, first: int) -> int:
    """A window that begins inside a Latin word begins after it instead."""
    if start == 0 or not (text[start - 1].isascii() and text[start - 1].isalnum()):
        return start
    space = text.find(" ", start, first)
    return start if space < 0 else space + 1

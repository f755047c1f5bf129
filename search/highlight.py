"""Mark the words that were found in the text as it was written, and crop a long one around them.

Nothing is segmented here: a Chinese word is marked wherever its characters stand together, which costs a twentieth of
cutting the text into words and differs from it only where two words meet by chance.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from search import Quote
from search.text import aligned, fold, traced

QUOTE_LENGTH = 200
_MARGIN = 60
_JOINT = r"[-/.+&'’]?"
_LETTER = "[a-z0-9]"
_AFTER = f"(?!{_LETTER})"


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
    folded = aligned(text) if needles else None
    start, end = _window(text, needles, length, folded)
    # A word that reaches over the edge of the window is recognised only with what follows it.
    low, high = max(0, start - _MARGIN), min(len(text), end + _MARGIN)
    marked = bytearray(high - low)
    if folded is not None:
        finds = (match.span() for match in _pattern(needles).finditer(folded, low, high))
    else:
        finds = ((low + a, low + b) for a, b in _finds(text[low:high], needles))
    for a, b in finds:
        marked[a - low:b - low] = b"\x01" * (b - a)
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
    folded, places = traced(text)
    for match in _pattern(needles).finditer(folded):
        start, end = match.span()
        if start < end:
            yield (start, end) if places is None else (places[start][0], places[end - 1][1])


@lru_cache(maxsize=256)
def _pattern(needles: Needles) -> re.Pattern[str]:
    """One pattern for the folded text. The longest come first, so that a whole name is marked rather than its part."""
    forms = {_run(run): sum(map(len, run)) for run in needles.runs}
    forms |= {_word(word): len(word) for word in needles.words}
    forms |= {_beginning(word): len(word) for word in needles.beginnings}
    return re.compile("|".join(sorted(forms, key=lambda form: -forms[form])))


def _word(word: str) -> str:
    if not word.isascii():
        return re.escape(word)
    stem, endings = _endings(word)
    return _first(stem[0]) + "".join(_JOINT + re.escape(character) for character in stem[1:]) + endings + _AFTER


def _endings(word: str) -> tuple[str, str]:
    """What an English word begins with in singular and plural, and a pattern of how it may end."""
    return (word[:-1], "(?:y|ies)") if len(word) > 2 and word[-1] == "y" else (word, "(?:e?s)?")


def _beginning(word: str) -> str:
    return _first(word[0]) + re.escape(word[1:]) + r"[a-z0-9]*" if word.isascii() else re.escape(word)


def _run(run: tuple[str, ...]) -> str:
    inner = r"\W*".join([_unit(run[0])[1:], *(_unit(unit) for unit in run[1:])])
    first = _first(run[0][0]) if run[0].isascii() else re.escape(run[0][0])
    return first + inner + (_AFTER if run[-1].isascii() else "")


def _unit(unit: str) -> str:
    if not (unit.isascii() and unit.isalpha() and len(unit) > 2):
        return re.escape(unit)
    stem, endings = _endings(unit)
    return stem + endings


def _first(character: str) -> str:
    """The first character of a Latin word. What stands before it is looked at afterwards: a pattern whose every choice
    begins with a letter is searched for many times faster than one that begins with a look behind."""
    return f"{re.escape(character)}(?<!{_LETTER}{re.escape(character)})"


def _window(text: str, needles: Needles, length: int, folded: str | None) -> tuple[int, int]:
    if len(text) <= length:
        return 0, len(text)
    # Folding keeps the length of nearly every text, so the find is near enough to here in the text as written.
    match = _pattern(needles).search(fold(text) if folded is None else folded) if needles else None
    first = min(match.start(), len(text)) if match else 0
    # Three quarters of the window follow the find: what comes after a word says more of it than what came before.
    start = max(0, min(first - length // 4, len(text) - length))
    return _after_a_cut_word(text, start, first), min(len(text), start + length)


def _after_a_cut_word(text: str, start: int, first: int) -> int:
    """A window that begins inside a Latin word begins after it instead."""
    if start == 0 or not (text[start - 1].isascii() and text[start - 1].isalnum()):
        return start
    space = text.find(" ", start, first)
    return start if space < 0 else space + 1

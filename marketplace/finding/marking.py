"""Marking found words in a text from the database, and cropping a long one around them.

The index says which words were found, the row says the text: a stale index can mark nothing that is no longer there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from search import Hit, Quote

QUOTE_LENGTH = 150
_BEFORE = 40


def found_words(hits: Iterable[Hit]) -> re.Pattern[str] | None:
    """A pattern of every word the index marked in these hits, as written; None when it marked none."""
    marked = (piece for hit in hits for quote in hit.quotes.values() for piece, is_found in quote if is_found)
    words = frozenset(word.casefold() for word in marked if not word.isspace())
    return _any_of(words) if words else None


@lru_cache(maxsize=1_024)
def _any_of(words: frozenset[str]) -> re.Pattern[str]:
    """Compiling costs more than a search for them: what is asked for often is compiled once."""
    by_edges: dict[tuple[str, str], list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        by_edges.setdefault(_edges(word), []).append(re.escape(word))
    # One look at the edges for all words of a kind: a pattern with one for each word is three times slower.
    groups = (f"{before}(?:{'|'.join(some)}){after}" for (before, after), some in by_edges.items())
    return re.compile("|".join(groups), re.IGNORECASE)


def mark(text: str, pattern: re.Pattern[str] | None) -> Quote:
    """The whole text in marked and unmarked pieces."""
    if pattern is None or not text:
        return ((text, False),) if text else ()
    pieces: list[tuple[str, bool]] = []
    at = 0
    for match in pattern.finditer(text):
        if match.start() > at:
            pieces.append((text[at:match.start()], False))
        pieces.append((match[0], True))
        at = match.end()
    if at < len(text):
        pieces.append((text[at:], False))
    return tuple(pieces)


def quote(
    text: str, pattern: re.Pattern[str] | None, length: int = QUOTE_LENGTH, *, first: re.Match[str] | None = None,
) -> Quote:
    """About `length` characters around the first word found, or the beginning. `first` is where the caller has
    found a word already; it is used when it was found in this very text."""
    # Most texts are even already, and looking costs a fifth of making them so.
    even = " ".join(text.split()) if "\n" in text or "  " in text or "\t" in text else text
    if first is not None and first.string == even:
        match: re.Match[str] | None = first
    else:
        match = pattern.search(even) if pattern else None
    text = even
    start = 0 if match is None or match.end() <= length else _start(text, match.start(), length)
    end = len(text) if len(text) <= start + length else _end(text, start + length)
    cropped = ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
    return mark(cropped, pattern)


def _edges(word: str) -> tuple[str, str]:
    """A Latin word must stand alone; a Chinese one has no edges."""
    before = r"(?<![a-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    after = r"(?![a-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    return before, after


def _start(text: str, first: int, length: int) -> int:
    start = max(0, min(first - _BEFORE, len(text) - length))
    while start < first and start and _inside_word(text, start):
        start += 1
    return start


def _end(text: str, end: int) -> int:
    while end < len(text) and _inside_word(text, end) and text[end].isalnum():
        end += 1
    return end


def _inside_word(text: str, at: int) -> bool:
    return text[at - 1].isascii() and text[at - 1].isalnum() and text[at].isascii() and text[at].isalnum()

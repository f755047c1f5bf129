"""Chinese words mistyped by one character: where in a question to suspect one, and what to look for instead.

A wrong character makes the segmenter cut elsewhere (石墨烯 is 石墨 + 烯, 磷酸铁理电池 is 磷酸 + 铁理 + 电池), so
nothing here is done by words: a window of characters that nobody wrote in a row is looked for with a gap in it, and
what stands in the gap in the texts that are met is taken for what was meant.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import rjieba

from search.text import STOP_WORDS, Word

LONGEST = 8
"""Characters of a window; two words of Chinese seldom have more."""
MOST_WINDOWS = 6
MOST_MEANT = 4
BOUND = 0.3
"""A character at the edge belongs to what is beside it when it follows so often: 烯 after 石墨, not 利 after 回收."""

MANY = 6
"""Who asks for more words than this has pasted a text: pieces that nobody wrote in a row are then new rather than
mistyped, and only words that nobody wrote are suspected."""
_CONTEXT = 8
_SIGN = "[\u3400-\u9fff]"

Pattern = tuple[str, ...]
"""Characters in a row, "" where any one may stand."""


def patterns(run: Sequence[str]) -> list[Pattern]:
    """How a run of Chinese may have been meant if one character is wrong, missing, too many, or two are exchanged."""
    signs, size = tuple(run), len(run)
    found = [(*signs[:at], "", *signs[at:]) for at in range(1, size)]
    if size >= 3:
        found += [(*signs[:at], "", *signs[at + 1:]) for at in range(size)]
        found += [(*signs[:at], signs[at + 1], signs[at], *signs[at + 2:]) for at in range(size - 1)]
    if size >= 4:
        found += [(*signs[:at], *signs[at + 1:]) for at in range(size)]
    return [pattern for pattern in dict.fromkeys(found) if pattern != signs]


def weak(words: Sequence[Word], known: Sequence[bool], is_long: bool) -> list[bool]:
    """Which of these words something mistyped may have fallen into."""
    return [not is_known or (len(word.text) == 1 and not is_long)
            for word, is_known in zip(words, known, strict=True)]


def windows(words: Sequence[Word], is_weak: Sequence[bool]) -> list[tuple[int, int]]:
    """Neighbours among these words, written without a gap, that may be one mistyped: words[first:last].

    All of them if they are few; else those around a word that nobody knows or a single character, which a mistyped word
    falls into; else any two.
    """
    size = len(words)
    weak = [at for at in range(size) if is_weak[at]]
    around = [(at - 1, at + 2) for at in weak] + [(at - 1, at + 1) for at in weak] + [(at, at + 2) for at in weak]
    pairs = [(at, at + 2) for at in range(size)] if not weak else []
    fitting = [
        (first, last) for first, last in [(0, size), *around, *((at, at + 1) for at in weak), *pairs]
        if first >= 0 and last <= size and _may_be_mistyped(words[first:last])
    ]
    return list(dict.fromkeys(fitting))[:MOST_WINDOWS]


def meant(run: Sequence[str], texts: Iterable[Sequence[str]]) -> list[str]:
    """What stands in folded texts where `patterns` of the run do, the most frequent first. Each member of `texts` is
    those of one document."""
    sought = re.compile(f"(?=({'|'.join(_expression(pattern) for pattern in patterns(run))}))")
    counts: Counter[str] = Counter()
    for of_one in texts:
        counts.update({
            match[1] for text in of_one for match in sought.finditer(text)
            if unsure_part(run, match[1]) is None or _stands_apart(text, *match.span(1))
        })
    counts.pop("".join(run), None)
    best = [word for word, _ in sorted(counts.items(), key=lambda pair: -pair[1]) if _is_possible(run, word)]
    return [word for word in best if counts[word] * 5 >= counts[best[0]]][:MOST_MEANT]


def is_word(text: str) -> bool:
    """Does the dictionary of the segmenter have it?"""
    return bool(rjieba.has_word(text))


def unsure_part(run: Sequence[str], text: str) -> str | None:
    """What of `text` was typed, when only its first or last character was not or is left out: that says little of what
    stands there. None when characters on both sides of the error hold it in its place."""
    typed = "".join(run)
    for part in (typed[1:], typed[:-1]):
        if part == text or (len(text) == len(typed) and part in (text[1:], text[:-1])):
            return part
    return None


def _may_be_mistyped(words: Sequence[Word]) -> bool:
    length = sum(len(word.text) for word in words)
    if len(words) == 1:
        return 2 <= length <= LONGEST and not is_word(words[0].text)
    return 3 <= length <= LONGEST


def _is_possible(run: Sequence[str], text: str) -> bool:
    """No little word was taken for a part of it (石墨的)."""
    return not any(sign in STOP_WORDS for sign in set(text) - set(run))


def _stands_apart(text: str, start: int, end: int) -> bool:
    """Does no word of the text reach over text[start:end]?"""
    low = max(0, start - _CONTEXT)
    edges = {low}
    for word in rjieba.cut(text[low:end + _CONTEXT]):
        edges.add(max(edges) + len(word))
    return {start, end} <= edges


def _expression(pattern: Pattern) -> str:
    return "".join(re.escape(sign) or _SIGN for sign in pattern)


def little_words_apart(words: Sequence[Word], first: int, last: int) -> Iterator[tuple[int, int]]:
    """words[first:last] without its little words, in pieces."""
    start = first
    for at in range(first, last + 1):
        if at == last or words[at].text in STOP_WORDS:
            if at > start:
                yield start, at
            start = at + 1

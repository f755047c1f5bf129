"""A reader's question as it is put to a Meilisearch server.

The server knows no "or", and of words none but those it can take apart itself. So a question is a row of parts, each an
expression of `search.spelling`, all compulsory; to forgive a mistyped Chinese word is to ask again with another part in
its place.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from search.mistyped import BOUND, MANY, is_word, meant, patterns, unsure_part, weak, windows
from search.question import Question, Run
from search.spelling import (
    Units,
    excluded,
    expression,
    is_ours,
    is_sign,
    key_of,
    phrase,
    with_another_beginning,
    with_gap,
)
from search.text import Word, asked, words

MOST_PARTS = 10
"""The server reads no more words of a question."""
_LONGEST_PHRASE, _MOST_EXCLUDED = 20, 30
"""Of phrases, and of what must not occur: it reads a thousand signs and words and drops what comes last."""
_LONGEST_TERM = 8


@dataclass(frozen=True)
class Part:
    """What one or several of the reader's words came to."""

    text: str
    words: tuple[Word, ...]
    unfinished: bool = False
    """The server may complete it."""
    runs: tuple[Run, ...] = ()
    """Rows of units it was taken for, to be marked; beside the words themselves."""

    @property
    def signs(self) -> Units:
        """Its characters, when it is Chinese."""
        row = tuple(unit for word in self.words for unit in word.units)
        return row if all(map(is_sign, row)) else ()


@dataclass(frozen=True)
class Asked:
    """A question, as far as the server reads it."""

    parts: tuple[Part, ...]
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def text(self, parts: Sequence[Part] | None = None) -> str:
        """In the server's syntax: letters and digits but for its own quotes and minuses. The words come last, where
        it completes the last of them."""
        kept = self.parts if parts is None else parts
        found = [*self.excluded, *self.phrases, *(part.text for part in kept)]
        complete = not (kept and kept[-1].unfinished)
        return " ".join(found) + (" " if complete and found else "")

    def alone(self, part: Part) -> str:
        """One part, and what must not occur."""
        return replace(self, phrases=()).text([part])


def put(question: Question, terms: Collection[str] = ()) -> Asked:
    """`terms` are the keys of the index's synonyms."""
    phrases = [one for run in question.phrases for one in phrase(run[:_LONGEST_PHRASE])][:MOST_PARTS]
    parts = list(_parts(question, terms))[:MOST_PARTS - len(phrases)]
    left_out = [excluded(run[:_LONGEST_PHRASE]) for run in dict.fromkeys(question.excluded)]
    return Asked(tuple(parts), tuple(phrases), tuple(left_out[:_MOST_EXCLUDED]))


def _parts(question: Question, terms: Collection[str]) -> Iterator[Part]:
    row, at = question.words, 0
    while at < len(row):
        unfinished = question.unfinished and at + 1 == len(row)
        length = _term_at(row[at:at + _LONGEST_TERM], terms)
        if length:
            yield Part(key_of(row[at:at + length]), row[at:at + length])
            at += length
            continue
        word = row[at]
        text = expression(word, unfinished)
        yield Part(text, (word,), unfinished and not text.startswith('"'))
        at += 1


def _term_at(row: Sequence[Word], terms: Collection[str]) -> int:
    """How many of these words, from the first on, are a term the server would not recognise."""
    if not terms:
        return 0
    return next((length for length in range(len(row), 0, -1) if is_ours(row[:length], terms)), 0)


# --- words that occur nowhere


@dataclass(frozen=True)
class Doubt:
    """Neighbouring parts, from the first up to and with the last, that may be one Chinese word mistyped."""

    first: int
    last: int
    run: Units

    def readings(self) -> list[str]:
        """What to look for: the characters as they were typed, which there may be after all; then what shows what may
        have been meant."""
        return [with_gap(self.run), *(text for pattern in patterns(self.run) if (text := with_gap(pattern)))]

    def meant(self, texts: Sequence[Sequence[str]]) -> str | None:
        """What the texts that were met let one think was meant; the texts of a document belong together."""
        found = meant(self.run, texts)
        sure = [text for text in found if unsure_part(self.run, text) is None]
        return next(iter(sure or [text for text in found if self._is_bound(text, texts)]), None)

    def _is_bound(self, text: str, texts: Sequence[Sequence[str]]) -> bool:
        """Is the text a word of its own, and not a part of one with any character beside it?"""
        part = unsure_part(self.run, text) or ""
        among, there = (sum(any(one in text for text in of_one) for of_one in texts) for one in (part, text))
        return is_word(text) or there >= BOUND * among


def doubts(question: Question, parts: Sequence[Part], known: Sequence[bool]) -> list[Doubt]:
    """Where Chinese may have been mistyped: around parts that are not known and around single characters, which a
    mistyped word falls into (石墨稀 = 石墨 + 稀), else anywhere."""
    place = {word.text: at for at, part in enumerate(parts) for word in part.words}
    found: list[Doubt] = []
    is_long = len(question.words) > MANY
    for start, end in question.chinese:
        row = question.line[start:end]
        is_weak = [word.text in place and one for word, one in zip(
            row, weak(row, [word.text not in place or known[place[word.text]] for word in row], is_long), strict=True,
        )]
        for low, high in windows(row, is_weak) if any(is_weak) or not is_long else ():
            places = [place.get(word.text, -1) for word in row[low:high]]
            # A little word within is in no part, so a reading of it would not know what it stands for.
            if places == [*range(places[0], places[0] + len(places))] and places[0] >= 0:
                signs = tuple(sign for word in row[low:high] for sign in word.units)
                found.append(Doubt(places[0], places[-1], signs))
    return found


def other_readings(part: Part) -> list[Part]:
    """What else one word may be that nobody wrote."""
    if len(part.words) > 1:
        return []
    if part.signs:
        apart = _taken_apart(part)
        return [apart] if apart else []
    return [Part(text, part.words) for text in with_another_beginning(part.words[0])]


def _taken_apart(part: Part) -> Part | None:
    """锂电池 as 锂 and 电池, which finds 锂离子电池. The last piece says what a Chinese compound is, so it is cut off
    first."""
    whole = "".join(part.signs)
    if len(whole) < 3:
        return None
    left, runs = whole, []
    inner = {word for word in words(whole) if word != whole}
    for word in sorted(inner, key=lambda word: (whole.endswith(word), len(word)), reverse=True):
        if word in left:
            runs.append(tuple(word))
            left = left.replace(word, " ", 1)
    if not runs:
        return None
    runs += [(sign,) for sign in left if sign != " "]
    text = " ".join(one for run in runs for one in phrase(run))
    return Part(text, part.words, runs=tuple(runs))


def meant_by(doubt: Doubt, parts: Sequence[Part], meant: str, terms: Collection[str]) -> Part:
    """What stands for the doubtful parts once it is known what was meant; if that is a term, with its equals."""
    signs, term = tuple(meant), asked(meant)
    together = tuple(one for part in parts[doubt.first:doubt.last + 1] for one in part.words)
    text = key_of(term) if is_ours(term, terms) else expression(Word(meant, signs, meant))
    return Part(text, together, runs=(signs,))

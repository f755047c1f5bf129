"""What a reader's line asks for: words, quoted phrases, and things that must not occur."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from search.text import LONGEST_WORD, STOP_WORDS, Word, asked, fold, units

LONGEST_QUERY = 2_000
"""Characters of a query that are read; the rest is ignored. Documents are never cut."""
MOST_WORDS = 32
"""Words of a query that are read: beyond this a reader pastes a document, and its beginning says what it is about."""

_QUOTES = str.maketrans("“”„‟«»「」『』＂", '"' * 11)
_PHRASE = re.compile(r'(?<!\S)(-?)"([^"]*)"')
_EXCLUDED = re.compile(r"(?<!\S)-+([^\s-]\S*)")

Run = tuple[str, ...]
"""Units that follow one another."""


@dataclass(frozen=True)
class Stretch:
    """Neighbours in the line of a question, and what may stand for them together."""

    first: int
    last: int
    """One more than the place of the last."""
    instead: tuple[tuple[Word, ...], ...]
    """Each is words that must all occur; a word of several units is a phrase."""


@dataclass(frozen=True)
class Question:
    words: tuple[Word, ...] = ()
    phrases: tuple[Run, ...] = ()
    excluded: tuple[Run, ...] = ()
    unfinished: bool = False
    """The reader may still be typing the last of `words`."""
    line: tuple[Word, ...] = ()
    """The words in the order written, stop words and repetitions among them; `words` are the telling ones, once."""
    chinese: tuple[tuple[int, int], ...] = ()
    """Where in the line Chinese stands that was written without a gap: line[first:last]."""

    @property
    def is_open(self) -> bool:
        """Nothing is asked for: every document will do."""
        return not (self.words or self.phrases or self.excluded)


def parse(text: str) -> Question:
    """Read what was typed; nothing is an error. A text that holds no word at all asks for everything."""
    text = text[:LONGEST_QUERY].translate(_QUOTES)
    phrases: list[Run] = []
    excluded: list[Run] = []

    def take_phrase(match: re.Match[str]) -> str:
        (excluded if match[1] else phrases).append(tuple(units(match[2])))
        return " "

    def take_excluded(match: re.Match[str]) -> str:
        excluded.append(tuple(units(match[1])))
        return " "

    rest = _EXCLUDED.sub(take_excluded, _PHRASE.sub(take_phrase, text))
    words = asked(rest)
    every = list({word.text: word for word in words}.values())
    telling = [word for word in every if word.text not in STOP_WORDS] or ([] if any(phrases) else every)
    line = _read(words, telling[:MOST_WORDS])
    ends_in_word = bool(rest) and not rest[-1].isspace() and bool(telling) and telling[-1] == every[-1]
    return Question(
        words=tuple(telling[:MOST_WORDS]),
        phrases=tuple(run for run in phrases if run),
        excluded=tuple(run for run in excluded if run),
        unfinished=ends_in_word and len(every) <= MOST_WORDS and len(every[-1].text) < LONGEST_WORD,
        line=line,
        chinese=_chinese(line, fold(rest)),
    )


def phrase(text: str) -> Word | None:
    """A word or phrase as one word of a question; None when there is no word in it."""
    words = asked(text)
    if len(words) < 2:
        return words[0] if words else None
    row = tuple(unit for word in words for unit in word.units)
    joint = "" if all(word.is_chinese for word in words) else " "
    return Word(joint.join(row), row, fold(text).strip())


def _read(words: list[Word], telling: list[Word]) -> tuple[Word, ...]:
    """The line up to the last word that is read."""
    wanted = {word.text for word in telling}
    end, seen = 0, set[str]()
    for at, word in enumerate(words):
        if word.text in wanted:
            seen.add(word.text)
            end = at + 1
            if len(seen) == len(wanted):
                break
    return tuple(words[:end])


def _chinese(line: Sequence[Word], folded: str) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    end = 0
    for at, word in enumerate(line):
        if word.is_chinese:
            start = folded.index(word.text, end)
            if found and found[-1][1] == at and start == end:
                found[-1] = (found[-1][0], at + 1)
            else:
                found.append((at, at + 1))
            end = start + len(word.text)
    return tuple(found)

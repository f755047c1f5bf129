"""What a reader's line asks for: words, quoted phrases, and things that must not occur."""

import re
from dataclasses import dataclass

from search.text import LONGEST_WORD, STOP_WORDS, Word, asked, units

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
class Question:
    words: tuple[Word, ...] = ()
    phrases: tuple[Run, ...] = ()
    excluded: tuple[Run, ...] = ()
    unfinished: bool = False
    """The reader may still be typing the last of `words`."""

    @property
    def is_open(self) -> bool:
        """Nothing is asked for: every document will do."""
        return not (self.words or self.phrases or self.excluded)


def parse(line: str) -> Question:
    """Read a line; no line is an error. One that holds no word at all asks for everything."""
    line = line[:LONGEST_QUERY].translate(_QUOTES)
    phrases: list[Run] = []
    excluded: list[Run] = []

    def take_phrase(match: re.Match[str]) -> str:
        (excluded if match[1] else phrases).append(tuple(units(match[2])))
        return " "

    def take_excluded(match: re.Match[str]) -> str:
        excluded.append(tuple(units(match[1])))
        return " "

    rest = _EXCLUDED.sub(take_excluded, _PHRASE.sub(take_phrase, line))
    every = list({word.text: word for word in asked(rest)}.values())
    telling = [word for word in every if word.text not in STOP_WORDS] or ([] if any(phrases) else every)
    ends_in_word = bool(rest) and not rest[-1].isspace() and bool(telling) and telling[-1] == every[-1]
    return Question(
        words=tuple(telling[:MOST_WORDS]),
        phrases=tuple(run for run in phrases if run),
        excluded=tuple(run for run in excluded if run),
        unfinished=ends_in_word and len(every) <= MOST_WORDS and len(every[-1].text) < LONGEST_WORD,
    )

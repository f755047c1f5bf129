"""Chinese words by their sound: what an index keeps of them, and what a reader may type for them.

A word is kept as two sounds, its syllables and their first letters: `lidianchi|锂电池` and `ldc|锂电池`. A list of such
sounds, read by its beginnings, leads from what was typed to words, and these are then looked for like any other.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import pairwise

from search.text import fold

LONGEST_VALUE = 12
"""A value of up to so many characters is also kept as one word: 锂离子电池 is two for the segmenter."""
_LONGEST_TYPED = 60
_MOST_READINGS = 12
_LONGEST_PHRASE = 6
_MARK = "|"
_CHINESE = re.compile("[\u3400-\u9fff]+")
_BETWEEN = re.compile(r"[\s'’·-]+")
_TYPED = re.compile(rf"[a-z]{{2,{_LONGEST_TYPED}}}")
_SYLLABLE = re.compile(
    "(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])"
    "(?:a|ai|an|ang|ao|e|ei|en|eng|er|i|ia|ian|iang|iao|ie|in|ing|iong|iu|o|ong|ou|u|ua|uai|uan|uang|ue|ui|un|uo|v|ve)?"
    "|a|ai|an|ang|ao|e|ei|en|eng|er|o|ou"
)
"""A syllable or what begins one; some are said by nobody, which does no harm."""


def sounds(words: Iterable[str], text: str = "") -> set[str]:
    """Both sounds of every Chinese word of a text, and of the text itself when it is a short one. A single character
    and the word before it are also kept as one (石墨 + 烯), whether or not they stood side by side: it does no harm."""
    if text.isascii():
        return set()
    return set(" ".join(said_twice(words, fold(text))).split())


def said_twice(words: Iterable[str], folded: str) -> frozenset[str]:
    """`sounds` of a text that is folded, both of a word as one text with a space between."""
    if folded.isascii():
        return frozenset()
    chinese = [word for word in words if "\u3400" <= word[0] <= "\u9fff"]
    kept = {word for word in chinese if len(word) > 1}
    kept.update([one + other for one, other in pairwise(chinese) if len(other) == 1])
    if 1 < len(folded) <= LONGEST_VALUE and _CHINESE.fullmatch(folded):
        kept.add(folded)
    return frozenset(map(_sounds, kept))


def typed(text: str) -> str:
    """The letters of a text that may be pinyin, without what is put between syllables; "" when it is none."""
    letters = _BETWEEN.sub("", fold(text[:2 * _LONGEST_TYPED]))
    return letters if _TYPED.fullmatch(letters) else ""


def words_of_sound(letters: str, beginning: Callable[[str], Iterable[tuple[str, int]]]) -> list[str]:
    """The words whose sound begins with these letters, the most frequent first. Syllables may be cut short: `lidc`.

    `beginning` gives those of the kept sounds that begin so, each with how often it is met.
    """
    found: dict[str, int] = {}
    for sound, count in beginning(letters):
        word = sound.partition(_MARK)[2]
        found[word] = max(count, found.get(word, 0))
    for initials in _initials(letters):
        # One syllable alone is its own beginning.
        if initials != letters and len(initials) > 1:
            for sound, count in beginning(initials):
                begun, _, word = sound.partition(_MARK)
                if word not in found and len(begun) == len(word) and is_begun(letters, syllables(word)):
                    found[word] = count
    return sorted(found, key=lambda word: (-found[word], len(word), word))


def is_begun(letters: str, spoken: Iterable[str]) -> bool:
    """Are the letters the beginnings of these syllables, from the first on, one after the other?"""
    reached = {0}
    for syllable in spoken:
        reached = {
            at + length for at in reached for length in range(1, len(syllable) + 1)
            if letters.startswith(syllable[:length], at)
        }
        if len(letters) in reached:
            return True
    return False


@lru_cache(maxsize=16_384)
def syllables(word: str) -> tuple[str, ...]:
    """How a Chinese word is said, one syllable a character; nothing when that is not known of each.

    The longest phrases the dictionary has come first, because a character may be said in several ways. `lazy_pinyin`
    does the same twenty times more slowly, and every new word of an index comes by here.
    """
    phrases, characters = _dictionaries()
    spoken: list[str] = []
    while len(spoken) < len(word):
        at = len(spoken)
        for end in range(min(len(word), at + _LONGEST_PHRASE), at + 1, -1):
            if phrase := phrases.get(word[at:end]):
                spoken += (_plain(said[0]) for said in phrase)
                break
        else:
            said = characters.get(ord(word[at]))
            if not said:
                return ()
            spoken.append(_plain(said.partition(",")[0]))
    return tuple(spoken) if len(spoken) == len(word) else ()


@cache
def _dictionaries() -> tuple[dict[str, list[list[str]]], dict[int, str]]:
    """How phrases are said and how characters are; loaded once asked for, since it takes a while."""
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

    return PHRASES_DICT, PINYIN_DICT


@lru_cache(maxsize=4_096)
def _plain(syllable: str) -> str:
    """A syllable without its tone."""
    from pypinyin.contrib.tone_convert import to_normal

    return to_normal(syllable)


@lru_cache(maxsize=131_072)
def _sounds(word: str) -> str:
    spoken = syllables(word)
    if not spoken:
        return ""
    return f"{''.join(spoken)}{_MARK}{word} {''.join(syllable[0] for syllable in spoken)}{_MARK}{word}"


def _initials(letters: str) -> list[str]:
    """First letters of the syllables that these letters may be made of, those with the longest syllables first."""
    found: list[str] = []

    def read(at: int, initials: str) -> Iterator[str]:
        if at == len(letters):
            yield initials
        for length in range(min(6, len(letters) - at), 0, -1):
            if _SYLLABLE.fullmatch(letters, at, at + length):
                yield from read(at + length, initials + letters[at])

    for steps, initials in enumerate(read(0, "")):
        if initials not in found:
            found.append(initials)
        if len(found) == _MOST_READINGS or steps > 200:
            break
    return found

"""How words are spelled for a Meilisearch server, so that it finds what the embedded engine finds.

The server cuts Chinese by a segmenter of its own, which sees a word differently in every sentence and release, and does
not forgive a wrong character. So it is given no Chinese: each run of characters becomes a word of digits (six for a
character), and digits it takes as they are (`disableOnNumbers`): it neither cuts them nor takes one for another. Latin
words stay words, without their plural, and the server's tolerance of typing errors is for them.

A text is spelled as its words in order, of Chinese every two neighbours, and after them, far from each other so that
they make no phrase, what else it may be asked for. The first two digits say what a word of digits is:

00  Chinese characters in a row: every two neighbours in order; single ones and longer words after them
01  two neighbours that are not both Chinese, for phrases: the server's own phrases mind the order of words in every
    attribute, even one the reader may not search
02  what a number, a name with figures or a word of two scripts begins with: the server completes no figures
03  two Chinese characters with one between them, for words that were mistyped
04  a number with a point in it, a word of two scripts
05  a group of equal terms, in questions only
06  a Latin word without its first letter: the server counts a wrong one twice, and forgives a short word only once
"""

import re
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from itertools import pairwise

from search.expansion import typing_errors
from search.text import LONGEST_WORD, STOP_WORDS, Word, asked, singular, units, words_and_units

LONGEST_RUN = 16
"""Chinese characters that are one word of digits."""
_LONGEST_BEGINNING = 24
_MOST_KEY_WORDS = 3
"""The server looks words of a question up as terms of so many."""
_SHORT = range(4, 9)
"""Letters of words that are forgiven once, or were left one out of."""
_PLAIN = re.compile("[a-z0-9]+")
_FIGURES = 6

Units = tuple[str, ...]


def is_sign(unit: str) -> bool:
    """A character that stands for itself, as of Chinese, and no word of letters."""
    return len(unit) == 1 and not unit.isascii()


def spelled(text: str) -> str:
    """A text for the server to index."""
    words, row = (view.split() for view in words_and_units(text))
    main = _in_order(tuple(row))
    after = dict.fromkeys([
        *(_run(sign) for sign in row if is_sign(sign)),
        *(_whole(word) for word in words),
        *(beginning for word in dict.fromkeys((*row, *words)) for beginning in _beginnings(word)),
        *(_tail(word[1:]) for word in words if word.isascii() and word.isalpha() and len(word) in _SHORT),
        *(_pair(one, other) for one, other in pairwise(row) if not (is_sign(one) and is_sign(other))),
        *(_gap(one, other) for one, between, other in zip(row, row[1:], row[2:], strict=False)
          if is_sign(one) and is_sign(between) and is_sign(other)),
    ])
    there = set(main)
    return " ".join(main) + "".join(f". {word}" for word in after if word and word not in there)


# --- questions


def expression(word: Word, unfinished: bool = False) -> str:
    """What a reader's word must match; in quotes the server takes it as it stands."""
    if all(map(is_sign, word.units)):
        return _quoted(_in_order(word.units))
    if not _is_of_letters(word.text):
        whole = unfinished and len(word.text) <= _LONGEST_BEGINNING
        return _quoted([_beginning(word.text) if whole else _word(word.text)])
    return _word(word.text)


def with_another_beginning(word: Word) -> list[str]:
    """What to look for if the first letter was wrong, left out, too many, or exchanged with the second."""
    text = word.text
    if typing_errors(text) != 1:
        return []
    return [_quoted([one]) for one in (_tail(text[1:]), _tail(text), text[1:], text[1] + text[0] + text[2:])]


def phrase(run: Units) -> list[str]:
    """What these units in a row must match, all of it."""
    if len(run) == 1 or all(map(is_sign, run)):
        return [_quoted(_in_order(run))]
    found = [_quoted([_pair(one, other)]) for one, other in pairwise(run) if not (is_sign(one) and is_sign(other))]
    return found + [_quoted(_in_order(signs)) for signs in _stretches(run) if len(signs) > 1]


def excluded(run: Units) -> str:
    if len(run) == 2 and not all(map(is_sign, run)):
        return "-" + _quoted([_pair(*run)])
    return "-" + _quoted(_in_order(run))


def with_gap(pattern: Units) -> str:
    """What texts must have that have these characters in a row, any character where there is none ("")."""
    found = [_quoted(_in_order(signs)) for signs in _stretches(pattern) if len(signs) > 1]
    found += [
        _quoted([_gap(one, other)]) for one, between, other in zip(pattern, pattern[1:], pattern[2:], strict=False)
        if not between and one and other
    ]
    return " ".join(found)


def read(expression_of: str) -> Units:
    """The units in a row that words in order stand for."""
    row: list[str] = []
    for word in expression_of.strip('"').split():
        if not word.startswith("00"):
            row.append(word)
            continue
        signs = [chr(int(word[at:at + _FIGURES])) for at in range(2, len(word), _FIGURES)]
        # Neighbours overlap: of the second pair only its second character is new.
        row += signs[1:] if row and len(signs) == 2 and row[-1] == signs[0] else signs
    return tuple(row)


# --- terms that mean the same


def synonym_map(groups: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Key of a term -> what else to look for. The server follows no chains, so neither do groups."""
    found: dict[str, dict[str, None]] = {}
    for group in groups:
        terms = {row: words for term in group if (row := tuple(units(term))) and (words := _telling(term))}
        for row, words in terms.items():
            ways = {other: _ways(other, other_words) for other, other_words in terms.items()}
            others = [way for other, some in ways.items() if other != row for way in some]
            keys = dict.fromkeys(_other_keys(row, words), ways[row] + others)
            keys[key_of(words)] = others if _is_found_by_key(words) else ways[row] + others
            for key, alternatives in keys.items():
                found.setdefault(key, {}).update(dict.fromkeys(alternatives))
    return {key: [*alternatives] for key, alternatives in found.items() if alternatives}


def key_of(words: Sequence[Word]) -> str:
    """What a question has in place of these words where they are a term with synonyms."""
    if _is_servers(words):
        return " ".join(_word(word.text) for word in words)
    row = [unit for word in words for unit in word.units]
    if len(row) <= LONGEST_RUN and all(map(is_sign, row)):
        return _run("".join(row))
    return _hashed("05", [singular(unit) for unit in row])


def is_ours(words: Sequence[Word], keys: Collection[str]) -> bool:
    """Do these words make a term that the server does not recognise by itself?"""
    return not _is_servers(words) and key_of(words) in keys


def _is_servers(words: Sequence[Word]) -> bool:
    return len(words) <= _MOST_KEY_WORDS and all(
        _is_of_letters(word.text) and not is_sign(word.units[0]) for word in words
    )


def _other_keys(row: Units, words: Sequence[Word]) -> list[str]:
    """The keys of solid-state battery when it is asked for as solid state battery, or as one word."""
    if not _is_servers(words) or not all(map(_is_of_letters, row)) or not 1 < len(row) <= _MOST_KEY_WORDS:
        return []
    every = [singular(unit) for unit in row]
    return [" ".join(every), singular("".join(row)[:LONGEST_WORD])]


def _is_found_by_key(words: Sequence[Word]) -> bool:
    row = [unit for word in words for unit in word.units]
    return _is_servers(words) or (len(row) <= 2 and all(map(is_sign, row)))


def _ways(row: Units, words: Sequence[Word]) -> list[str]:
    """A term as texts may have it: Li-ion battery, LiIon battery."""
    ways = [" ".join(_in_order(row))]
    if all(len(word.units) == 1 or not is_sign(word.units[0]) for word in words):
        ways.append(" ".join(_run(word.text) if is_sign(word.text) else _word(word.text) for word in words))
    return list(dict.fromkeys(ways))


def _telling(term: str) -> list[Word]:
    every = asked(term)
    return [word for word in every if word.text not in STOP_WORDS] or every


# --- words


def _in_order(row: Units) -> list[str]:
    found: list[str] = []
    for at, unit in enumerate(row):
        if not is_sign(unit):
            found.append(_word(singular(unit)))
        elif at and is_sign(row[at - 1]):
            found.append(_run(row[at - 1] + unit))
        elif at + 1 == len(row) or not is_sign(row[at + 1]):
            found.append(_run(unit))
    return found


def _whole(word: str) -> str:
    """A word of the list of words that is not in the row, or "" if it will not be asked for."""
    if all(is_sign(character) for character in word):
        return _run(word) if 3 <= len(word) <= LONGEST_RUN else ""
    return _word(word)


def _word(word: str) -> str:
    return word if _PLAIN.fullmatch(word) or _is_of_letters(word) else _hashed("04", [word])


def _is_of_letters(word: str) -> bool:
    """Letters of one kind, which the server may complete and forgive; it cuts μm in two."""
    return word.isalpha() and len({letter.isascii() for letter in word}) == 1


def _run(signs: str) -> str:
    return "00" + "".join(f"{ord(sign):0{_FIGURES}}" for sign in signs)


def _pair(one: str, other: str) -> str:
    return _hashed("01", (singular(one), singular(other)))


def _gap(one: str, other: str) -> str:
    return f"03{ord(one):0{_FIGURES}}{ord(other):0{_FIGURES}}"


def _tail(rest: str) -> str:
    return _hashed("06", [rest])


def _beginning(word: str) -> str:
    return _hashed("02", [word])


def _beginnings(word: str) -> list[str]:
    if is_sign(word) or _is_of_letters(word):
        return []
    return [_beginning(word[:length]) for length in range(1, min(len(word), _LONGEST_BEGINNING) + 1)]


def _hashed(kind: str, parts: Iterable[str]) -> str:
    return kind + f"{int.from_bytes(blake2b(' '.join(parts).encode(), digest_size=6).digest()):015}"


def _quoted(words: Iterable[str]) -> str:
    return f'"{" ".join(words)}"'


def _stretches(run: Units) -> list[Units]:
    """The signs of a mixed run that stand together."""
    found: list[list[str]] = [[]]
    for unit in run:
        if is_sign(unit):
            found[-1].append(unit)
        elif found[-1]:
            found.append([])
    return [tuple(signs) for signs in found if signs]


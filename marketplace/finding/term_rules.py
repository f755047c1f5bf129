"""What a group of equal terms may be, and what two groups have to do with each other. Nothing here touches a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from marketplace.errors import Invalid
from marketplace.listings.vocabulary import FIELDS
from marketplace.phrases import Label, Phrase, say
from search.text import fold, key_words

LONGEST_TERM = 60
MOST_TERMS = 20
LONGEST_NOTE = 200
MOST_GROUPS = 20_000
SEPARATOR = " = "

_PARTED = re.compile(r"[=＝;；|｜\n\r\t]")
_SPACE = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def parted(text: str) -> list[str]:
    """The terms of one text. A comma parts nothing: names of substances have them (2,4-D)."""
    return [term for piece in _PARTED.split(text) if (term := tidy(piece))]


def tidy(text: str) -> str:
    return _SPACE.sub(" ", _CONTROL.sub(" ", text)).strip()


def compared(term: str) -> str:
    """The term as search sees it, by which two are told to be the same."""
    return _SPACE.sub(" ", fold(term)).strip()


def check_terms(terms: Sequence[str]) -> list[str]:
    """The terms, tidied; raises Invalid naming the first that is wrong, and what to do."""
    tidied = [term for given in terms if (term := tidy(given))]
    problem = _problem_of_all(tidied) or next(filter(None, map(_problem_of_one, tidied)), None) or _repeated(tidied)
    if problem:
        raise Invalid({"terms": problem})
    return tidied


def _problem_of_all(terms: Sequence[str]) -> Phrase | None:
    if len(terms) > MOST_TERMS:
        return say("These are {count} terms; a group has at most {max}. Part it in two.", count=len(terms),
                   max=MOST_TERMS)
    if len(terms) >= 2:
        return None
    if not terms:
        return say("Write at least two terms that mean the same, such as “锂电池 = lithium battery”.")
    return say("“{term}” is one term. Write at least two that mean the same, parted by = or on lines of their own; "
               "a comma belongs to its term.", term=terms[0][:80])


def _problem_of_one(term: str) -> Phrase | None:
    if len(term) > LONGEST_TERM:
        return say("“{term}…” has {count} characters; a term has at most {max}. Leave out what explains it.",
                   term=term[:30], count=len(term), max=LONGEST_TERM)
    if not key_words(term):
        return say("“{term}” is a single letter, a sign or a word of every text; it would be found everywhere. "
                   "Write the term in full.", term=term)
    return None


def _repeated(terms: Sequence[str]) -> Phrase | None:
    seen: dict[str, str] = {}
    for term in terms:
        earlier = seen.setdefault(compared(term), term)
        if earlier is not term:
            return say("“{term}” and “{earlier}” are the same to the search. Take one of them out.", term=term,
                       earlier=earlier)
    return None


def check_field(given: str) -> str | None:
    """The code of a field, from its code or one of its names; None for an empty one."""
    text = tidy(given)
    if not text:
        return None
    for code, label in FIELDS.items():
        if text.casefold() in (code, label.zh, label.en.casefold()):
            return code
    names = Label("；".join(label.zh for label in FIELDS.values()), "; ".join(label.en for label in FIELDS.values()))
    raise Invalid({"field": say("“{input}” is no field. Leave it empty, or write one of: {names}.", input=text[:40],
                                names=names)})


def check_note(given: str) -> str:
    note = tidy(given)
    if len(note) > LONGEST_NOTE:
        raise Invalid({"note": say("The note has {count} characters; at most {max}.", count=len(note),
                                   max=LONGEST_NOTE)})
    return note


class Circles:
    """Which groups close a circle: a = b, b = c, and then c = a. Groups are told to it one after the other."""

    def __init__(self) -> None:
        self._leaders: dict[str, str] = {}

    def closes(self, terms: Iterable[str]) -> bool:
        """Take a group in; were two of its terms already joined by others, over one step or many?"""
        leaders = [self._leader(term) for term in dict.fromkeys(map(compared, terms))]
        for leader in leaders[1:]:
            self._leaders[leader] = leaders[0]
        return len(set(leaders)) < len(leaders)

    def _leader(self, term: str) -> str:
        path = [term]
        while (above := self._leaders.setdefault(path[-1], path[-1])) != path[-1]:
            path.append(above)
        for passed in path:
            self._leaders[passed] = path[-1]
        return path[-1]


def standing_in(groups: Mapping[int, Sequence[str]]) -> dict[str, list[int]]:
    """Term as compared -> the groups it stands in."""
    found: dict[str, list[int]] = {}
    for number, terms in groups.items():
        for term in terms:
            found.setdefault(compared(term), []).append(number)
    return found

"""Texts as rows of units for comparing: one Chinese character or one English stem each, and neighbouring pairs of them.

Characters compare what segmentation hides (锂离子电池 and 锂电池), stems what grammar does (weld, welding). How much a
unit says follows from how many texts have it, counted once in background.json: a constant of the release, so that a
pair's score depends on nothing but the pair.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from math import log, sqrt
from operator import add, mul
from pathlib import Path
from typing import Any

from marketplace.matching.generic import GENERIC
from search.text import STOP_WORDS, asked_texts

BACKGROUND = Path(__file__).with_name("background.json")
GENERIC_SHARE = 0.4
"""What a word of generic.py counts of what its rarity would give it."""
KEPT = 1_000
"""Readings kept by what the texts say, so that a popular counterpart is read once. One takes up to 100 kB."""
_ENDINGS = (
    ("ization", ""), ("isation", ""), ("ational", ""), ("fulness", ""), ("iveness", ""), ("ability", ""),
    ("ibility", ""), ("ations", ""), ("ation", ""), ("ating", ""), ("ators", ""), ("ator", ""), ("ated", ""),
    ("ates", ""), ("ate", ""), ("ingly", ""), ("ings", ""), ("ing", ""), ("ities", ""), ("ity", ""), ("ments", ""),
    ("ment", ""), ("ions", ""), ("ion", ""), ("edly", ""), ("ed", ""), ("ies", "y"), ("ers", ""), ("er", ""),
    ("ical", ""), ("ally", ""), ("ics", ""), ("ic", ""), ("al", ""), ("ive", ""), ("ance", ""), ("ence", ""),
    ("ant", ""), ("ent", ""), ("able", ""), ("ible", ""), ("ous", ""), ("ly", ""), ("e", ""), ("y", ""),
)


@dataclass(frozen=True)
class Row:
    """Units (or pairs), each with how often it stands there; a title counts more than once."""

    halves: Mapping[str, int]
    """How often, times two: some texts count half."""
    weights: Mapping[str, float]
    """How much each says here: rare and repeated ones more."""

    @cached_property
    def amount(self) -> float:
        return sum(self.halves.values()) / 2

    @cached_property
    def length(self) -> float:
        values = self.weights.values()
        return sqrt(sum(map(mul, values, values)))

    @cached_property
    def mass(self) -> float:
        return sum(self.weights.values())


@dataclass(frozen=True)
class Reading:
    """A text, or several of which some count more than others."""

    units: Row
    pairs: Row


Portion = tuple[float, tuple[str, ...]]
"""How much texts count (in halves), and the texts."""


@lru_cache(maxsize=KEPT)
def reading(portions: tuple[Portion, ...]) -> Reading:
    # Every candidate is read here, so what counts more than once stands in the list more than once: lists of letters
    # are counted faster than anything can be added up.
    units: list[str] = []
    pairs: list[str] = []
    for share, texts in portions:
        times = round(share * 2)
        for text in texts:
            some, joined = _cut(text)
            units += some * times
            pairs += joined * times
    return Reading(_row(Counter(units)), _row(Counter(pairs)))


@lru_cache(maxsize=128)
def _cut(text: str) -> tuple[list[str], list[str]]:
    """The units of a text and the pairs of neighbours among them. Kept for a moment: a title is read for itself and as
    a part of the whole."""
    units: list[str] = []
    pairs: list[str] = []
    chinese, english = "", ""  # the run of Chinese letters, or the English word, that the next would be joined to
    for word in asked_texts(text):
        if word in STOP_WORDS:
            # A Chinese stop word parts its neighbours; an English one is stepped over: "storage of energy".
            if chinese or not word.isascii():
                _end(chinese, units, pairs)
                chinese = english = ""
        elif word.isascii() or not "\u2e80" <= word[0] <= "\U0003134f":
            if chinese:
                _end(chinese, units, pairs)
                chinese = ""
            unit = stem(word)
            units.append(unit)
            if english:
                pairs.append(f"{english} {unit}")
            english = unit if unit.isascii() else ""
        else:
            chinese += word
            english = ""
    _end(chinese, units, pairs)
    return units, pairs


def _end(run: str, units: list[str], pairs: list[str]) -> None:
    units += run
    pairs += map(add, run, run[1:])


def _row(halves: Mapping[str, int]) -> Row:
    rarities, often = said(), _OFTEN
    known, english, chinese, most = rarities.by_term, rarities.english, rarities.chinese, len(often) - 1
    return Row(halves, {
        term: (known[term] if term in known else english if term.isascii() else chinese)
        * (often[count] if count <= most else 1 + log(count / 2))
        for term, count in halves.items()
    })


_OFTEN = (0.0, 0.5, *(1 + log(count / 2) for count in range(2, 64)))
"""What a word says that stands there so many halves of a time."""


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """An English word without its ending; other words, and short ones, as they are. For comparing only."""
    if len(word) < 5 or not word.isascii() or not word.isalpha():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[:len(word) - len(ending)] + instead
    return word


def rarity(term: str) -> float:
    """How much it says that two texts share the unit or the pair: the fewer texts have it, the more."""
    known = said()
    return known.by_term[term] if term in known.by_term else known.english if term.isascii() else known.chinese


@dataclass(frozen=True)
class Said:
    """The rarities of what the background knows, and of what it does not."""

    by_term: Mapping[str, float]
    english: float
    chinese: float


@cache
def said() -> Said:
    known = background()
    texts: dict[str, int] = known["texts"]
    english, chinese = _rarity(texts["en"], 0), _rarity(texts["zh"], 0)
    found = {term: _rarity(texts[name], times) for name in ("zh", "en") for term, times in known[name].items()}
    for term in {stem(word) for word in GENERIC if word.isascii()}:
        found[term] = GENERIC_SHARE * found.get(term, english)
    return Said(found, english, chinese)


def _rarity(texts: int, found: int) -> float:
    return log(1 + (texts - found + 0.5) / (found + 0.5))


@cache
def background() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(BACKGROUND.read_text("utf-8"))
    return known

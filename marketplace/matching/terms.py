"""Texts as rows of units for comparing: one Chinese character or one English stem each, and neighbouring pairs of them.

Characters compare what segmentation hides (锂离子电池 and 锂电池), stems what grammar does (weld, welding). How much a
unit says follows from how many texts have it, counted once in background.json: a constant of the release, so that a
pair's score depends on nothing but the pair.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from math import log, sqrt
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

    counts: Mapping[str, float]
    weights: Mapping[str, float]
    """How much each says here: rare and repeated ones more."""

    @cached_property
    def amount(self) -> float:
        return sum(self.counts.values())

    @cached_property
    def length(self) -> float:
        return sqrt(sum(weight * weight for weight in self.weights.values()))

    @cached_property
    def mass(self) -> float:
        return sum(self.weights.values())


@dataclass(frozen=True)
class Reading:
    """A text, or several of which some count more than others."""

    units: Row
    pairs: Row


Portion = tuple[float, tuple[str, ...]]
"""How much texts count, and the texts."""


@lru_cache(maxsize=KEPT)
def reading(portions: tuple[Portion, ...]) -> Reading:
    units: dict[str, float] = {}
    pairs: dict[str, float] = {}
    for share, texts in portions:
        for text in texts:
            _count(text, share, units, pairs)
    return Reading(_row(units), _row(pairs))


def _count(text: str, share: float, units: dict[str, float], pairs: dict[str, float]) -> None:
    # Every candidate is read by this loop, so it calls nothing twice and looks at Chinese words letter by letter.
    before = ""
    for word in asked_texts(text):
        if word in STOP_WORDS:
            # A Chinese stop word parts its neighbours; an English one is stepped over: "storage of energy".
            if not (before.isascii() and word.isascii()):
                before = ""
        elif word.isascii() or not "\u2e80" <= word[0] <= "\U0003134f":
            unit = stem(word)
            units[unit] = units.get(unit, 0.0) + share
            if before and before.isascii():
                pair = f"{before} {unit}"
                pairs[pair] = pairs.get(pair, 0.0) + share
            before = unit
        else:
            if before.isascii():
                before = ""
            for character in word:
                units[character] = units.get(character, 0.0) + share
                if before:
                    pair = before + character
                    pairs[pair] = pairs.get(pair, 0.0) + share
                before = character


def _row(counts: dict[str, float]) -> Row:
    return Row(counts, {
        term: rarity(term) * (count if count <= 1 else 1 + log(count)) for term, count in counts.items()
    })


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """An English word without its ending; other words, and short ones, as they are. For comparing only."""
    if len(word) < 5 or not word.isascii() or not word.isalpha():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[:len(word) - len(ending)] + instead
    return word


@lru_cache(maxsize=262_144)
def rarity(term: str) -> float:
    """How much it says that two texts share the unit or the pair: the fewer texts have it, the more."""
    known = background()
    language = "en" if term.isascii() else "zh"
    texts, found = known["texts"][language], known[language].get(term, 0)
    said = log(1 + (texts - found + 0.5) / (found + 0.5))
    return said * GENERIC_SHARE if term in generic_stems() else said


@cache
def background() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(BACKGROUND.read_text("utf-8"))
    return known


@cache
def generic_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in GENERIC if word.isascii())

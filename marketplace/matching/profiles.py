"""What a listing is about, as weighted terms by aspect: the first step of matching, the same for results and needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import sqrt

from marketplace.listings.documents import members_text, wording
from marketplace.listings.models import Kind, Listing
from marketplace.matching.generic import GENERIC
from marketplace.matching.terms import Portion, Reading, rarity, reading, stem
from marketplace.phrases import Label
from search import Term
from search.text import STOP_WORDS, asked

LONGEST = 3_000
"""Characters of one field that are read: what a text is about stands at its beginning."""
MOST_TERMS = 24
"""Terms that candidates are looked for with."""


@dataclass(frozen=True)
class Aspect:
    """A part of a listing that has a counterpart on the other side."""

    name: str
    label: Label
    need: tuple[str, ...]
    result: tuple[str, ...]
    tier: int
    share: float
    """How much more than the others it says about the subject, for finding candidates."""
    counts: float
    """How often a word of it counts in the whole text."""

    def fields(self, kind: Kind) -> tuple[str, ...]:
        return self.need if kind is Kind.NEED else self.result


ASPECTS = (
    Aspect("subject", Label("标题与关键词", "Title and keywords"), ("title", "keywords"), ("title", "keywords"),
           0, 45, 2.0),
    Aspect("summary", Label("摘要", "Summary"), ("summary",), ("summary",), 0, 20, 1.0),
    Aspect("problem", Label("难题与做法", "Problem and approach"), ("situation", "outcome", "tried"),
           ("problem", "how_it_works"), 1, 20, 0.5),
    Aspect("figures", Label("目标与指标", "Targets and indicators"), ("targets", "constraints"),
           ("indicators", "advantage"), 1, 15, 0.5),
)


@dataclass(frozen=True)
class Passage:
    """The terms of one aspect: term -> how much it says, and how it is written there."""

    weights: Mapping[str, float] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def length(self) -> float:
        return sqrt(sum(weight * weight for weight in self.weights.values()))


@dataclass(frozen=True)
class Profile:
    kind: Kind
    texts: Mapping[str, tuple[str, ...]]
    """By the name of the aspect; one without words is absent."""

    @cached_property
    def passages(self) -> Mapping[str, Passage]:
        """What the aspects say, by their names: for key terms and reasons. The score does not need them."""
        made = {name: passage(texts) for name, texts in self.texts.items()}
        return {name: one for name, one in made.items() if one.weights}

    @cached_property
    def whole(self) -> Reading:
        """Everything it says, the title and the keywords above all."""
        if len(self.texts) == 1:
            return reading(tuple((1.0, texts) for _, texts in _portions(self.texts, ASPECTS)))
        return reading(_portions(self.texts, ASPECTS))

    @property
    def is_title_only(self) -> bool:
        return set(self.texts) == {"subject"}

    @cached_property
    def head(self) -> Reading | None:
        """The title and the keywords alone."""
        return reading(_portions(self.texts, ASPECTS[:1])) if "subject" in self.texts else None


def profile(listing: Listing, tier: int = 1) -> Profile:
    """What a reader of `tier` (0 or 1) could say the listing is about, in every language it has."""
    texts = {aspect.name: _texts(listing, aspect) for aspect in ASPECTS if aspect.tier <= tier}
    return Profile(listing.kind, {name: some for name, some in texts.items() if some})


def _portions(texts: Mapping[str, tuple[str, ...]], aspects: tuple[Aspect, ...]) -> tuple[Portion, ...]:
    return tuple(
        (aspect.counts, tuple(text[:LONGEST] for text in texts[aspect.name]))
        for aspect in aspects if aspect.name in texts
    )


@lru_cache(maxsize=1_000)
def passage(texts: tuple[str, ...]) -> Passage:
    """Kept by what the texts say, so that a popular counterpart is read once."""
    counts: dict[str, float] = {}
    written: dict[str, str] = {}
    for text in texts:
        for word in asked(text[:LONGEST]):
            term = word.text
            if term in written:
                counts[term] += 1
            elif term not in STOP_WORDS and (len(term) > 1 or not term.isascii()):
                counts[term] = counts.get(term, 0) + 1
                written[term] = word.written
            else:
                continue
            if len(term) > 2 and word.is_chinese:
                for pair in pieces(term):
                    counts[pair] = counts.get(pair, 0) + _INSIDE
    return Passage({term: sqrt(count) * telling(term) for term, count in counts.items()}, written)


_INSIDE = 0.4
"""锂离子电池 and 锂电池 share no word but the pair 电池: neighbours inside a word count this much of one."""


@lru_cache(maxsize=65_536)
def telling(term: str) -> float:
    """How much it says that two texts share the word: the rarer and the longer, the more."""
    if term in GENERIC:
        return 0.15
    if term.isascii():
        said = rarity(stem(term)) / _RARE
        return said if any(c.isalpha() for c in term) else 0.4 * said
    return (0.3, 1.0, 1.2, 1.4)[min(len(term), 4) - 1] * sum(map(rarity, term)) / len(term) / _COMMON


_RARE = 6.5
"""The rarity of an English word that says about as much as a Chinese word of two characters of medium rarity."""
_COMMON = 5.0


def key_terms(described: Profile) -> list[Term]:
    """The terms that say most, for finding candidates."""
    sums: dict[str, float] = {}
    for aspect in ASPECTS:
        found = described.passages.get(aspect.name)
        if found is None:
            continue
        scale = aspect.share / (found.length or 1)
        for term in found.written:
            sums[term] = sums.get(term, 0) + found.weights[term] * scale
    heaviest = sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:MOST_TERMS]
    return [Term(term, round(weight, 3)) for term, weight in heaviest]


def _texts(listing: Listing, aspect: Aspect) -> tuple[str, ...]:
    names = aspect.fields(listing.kind)
    if aspect.tier == 0:
        given = [getattr(words, name) for words in wording(listing) for name in names]
    else:
        longer = members_text(listing)
        given = [longer.get(name) for name in names]
    texts = [text for value in given for text in (value if isinstance(value, list) else [value]) if text]
    return tuple(dict.fromkeys(map(str, texts)))


def pieces(word: str) -> list[str]:
    """The pairs of neighbours in a Chinese word of three or more; a shorter one is its own only piece."""
    return [word[at:at + 2] for at in range(len(word) - 1)] if len(word) > 2 else [word]

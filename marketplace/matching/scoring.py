"""From features to one number, 0–100, as a sum of points that can be told to a person one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.matching import features as compared
from marketplace.matching.features import Features
from marketplace.matching.weights import Weights, current, points_of, probability

WORDS = "text"
MEANING = "meaning"
"""The names under which the points of the texts stand."""
_MENTIONED = 0.17
"""The likeness of texts from which facts count in full; facts alone make no match."""


@dataclass(frozen=True)
class Score:
    total: float
    points: Mapping[str, float]
    """For the texts, and by fact; they add up to the total. A fact that does not fit has 0, one that is not known is
    absent."""
    likely: float = 0.0
    """The probability that a professional calls the pair fairly strong or strong."""


def score(features: Features, weights: Weights | None = None) -> Score:
    weights = weights or current()
    given, likeness = weights.of(features.text), features.likeness
    if likeness <= 0:
        return Score(0.0, {name: 0.0 for name, value in features.facts.items() if value is not None})
    parts = {WORDS: 0.0}
    for name, value in features.text.items():
        into = WORDS if name in compared.TEXTS else MEANING
        parts[into] = parts.get(into, 0.0) + given.get(name, 0.0) * value
    scale = min(1.0, likeness / _MENTIONED)
    for name, fits in features.facts.items():
        if fits is not None and name in weights.facts:
            low, high = weights.facts[name]
            parts[name] = scale * (low + (high - low) * fits)
    start = given["start"]
    likely = probability(start + sum(parts.values()))
    total = round(points_of(likely, probability(start)), 1)
    return Score(total, _shared(total, parts), likely)


def _shared(total: float, parts: Mapping[str, float]) -> dict[str, float]:
    """The total, dealt out to what speaks for the pair; what speaks against it has taken its part already."""
    gained = sum(part for part in parts.values() if part > 0)
    return {name: total * part / gained if part > 0 and gained else 0.0 for name, part in parts.items()}

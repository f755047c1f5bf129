"""From features to one number, 0–100, as a sum of points that can be told to a person one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

from marketplace.matching.features import Features
from marketplace.matching.profiles import ASPECTS

TEXT_POINTS = 80.0
FACT_POINTS = {"field": 6.0, "industry": 2.0, "ipc": 2.0, "trl": 4.0, "mode": 2.0, "price": 2.0, "region": 2.0}
"""Set by hand; training on judgements and feedback replaces them."""
_STEEPNESS = 3.5
"""A likeness of 0.2 is already half of what real pairs reach, so points rise fast and then level off."""


@dataclass(frozen=True)
class Score:
    total: float
    points: Mapping[str, float]
    """By aspect or fact; they add up to the total. A fact that does not fit has 0, one that is not known is absent."""


def score(features: Features) -> Score:
    shares = {aspect.name: aspect.share for aspect in ASPECTS if aspect.name in features.text}
    whole = sum(shares.values())
    parts = {name: shares[name] * value / whole for name, value in features.text.items()} if whole else {}
    likeness = sum(parts.values())
    gained = TEXT_POINTS * (1 - exp(-_STEEPNESS * likeness))
    points = {name: gained * part / likeness for name, part in parts.items() if part > 0} if likeness else {}
    # Facts alone make no match: they count in full only where the texts have something to do with each other.
    scale = min(1.0, likeness / 0.1)
    points |= {
        name: FACT_POINTS[name] * value * scale for name, value in features.facts.items() if value is not None
    }
    return Score(round(min(100.0, sum(points.values())), 1), points)

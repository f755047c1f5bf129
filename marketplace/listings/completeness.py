"""What a submission still needs, what contradicts itself, and what a reviewer would miss."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.listings.fields import Field, fields_of, is_empty
from marketplace.listings.models import Kind
from marketplace.phrases import Label, say

SHORT = 40
"""Latin letters below which a long text that matters says too little."""
MUST_COUNT = frozenset({"advantage", "indicators", "targets"})
"""Texts that a reviewer expects figures in."""
BLANK_SAYS_SO = frozenset({"territory", "region_limits"})
"""Fields in which an empty value is an answer: no limit."""


@dataclass(frozen=True)
class Gap:
    """One thing a reviewer would miss."""

    field: Field
    advice: Label | str
    required: bool


@dataclass(frozen=True)
class Completeness:
    score: int
    """0–100, by the weights of the fields."""
    gaps: tuple[Gap, ...]
    """The heaviest first."""


def missing(kind: Kind, content: Mapping[str, Any]) -> dict[str, str]:
    """What a submission needs and the content lacks, by field."""
    lacking: dict[str, str] = {
        field.name: say("This is needed before submitting.")
        for field in fields_of(kind) if field.required and is_empty(content.get(field.name))
    }
    if content.get("price_kind") in ("indicative", "floor") and content.get("price_amount") is None:
        lacking["price_amount"] = say("An indicative or floor price needs its amount.")
    return lacking


def disagreements(kind: Kind, content: Mapping[str, Any]) -> dict[str, str]:
    """Values that cannot stand together, by field."""
    lowest, highest = content.get("trl_min"), content.get("trl_max")
    if lowest and highest and lowest > highest:
        return {"trl_max": say("The highest level lies below the lowest, {lowest}.", lowest=lowest)}
    return {}


def completeness(kind: Kind, content: Mapping[str, Any]) -> Completeness:
    """How much of what makes the other side answer is there."""
    weighed = [field for field in fields_of(kind) if field.weight]
    earned = 0.0
    gaps: list[Gap] = []
    for field in weighed:
        share, advice = _judged(field, content)
        earned += share * field.weight
        if advice is not None:
            gaps.append(Gap(field, advice, field.required and is_empty(content.get(field.name))))
    gaps.sort(key=lambda gap: (not gap.required, -gap.field.weight))
    return Completeness(round(100 * earned / sum(field.weight for field in weighed)), tuple(gaps))


def _judged(field: Field, content: Mapping[str, Any]) -> tuple[float, Label | str | None]:
    given = content.get(field.name)
    if is_empty(given):
        if _needless(field, content):
            return 1.0, None
        return 0.0, field.hint or say("Not filled in yet.")
    if not isinstance(given, str):
        return 1.0, None
    if field.name in MUST_COUNT and not re.search(r"\d", given):
        return 0.5, say("There is no figure in it yet. Reviewers look for numbers here.")
    if field.weight >= 3 and field.longest >= 500 and _length(given) < SHORT:
        return 0.6, say("This is very short; two or three sentences help the other side decide.")
    return 1.0, None


def _length(text: str) -> int:
    """Chinese says in one character what takes two Latin letters and more."""
    return sum(2 if char > "\u2e7f" else 1 for char in text)


def _needless(field: Field, content: Mapping[str, Any]) -> bool:
    """Fields that say enough when empty, or that others make pointless."""
    if field.name in BLANK_SAYS_SO:
        return True
    return field.name in ("price_amount", "price_currency") and content.get("price_kind") == "negotiable"

"""The wall page of a series: its figures as pictures, to be printed and hung.

Staff see every number. Everybody else sees the page once the operator has made figures public, and then no number so
small that it could be somebody.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketplace import clock
from marketplace.analytics import publishing
from marketplace.analytics.asking import Question
from marketplace.analytics.charts import LABELLED, TALL, Part
from marketplace.analytics.editions import Held, Whole, of_series
from marketplace.analytics.permissions import can_read
from marketplace.errors import NotFound
from marketplace.events.models import Series
from marketplace.events.vocabulary import STRANDS
from marketplace.organisations.permissions import Reader
from marketplace.organisations.vocabulary import KINDS
from marketplace.phrases import Label, say

DAYS_WRITTEN = 6
"""Beneath the pillars, at most: more run into each other on a phone."""


@dataclass(frozen=True)
class Pillar:
    """One edition: the organisations that came, those for the first time at the foot."""

    day: datetime
    x: float
    width: float
    middle: float
    top: float
    parts: list[Part]
    organisations: int
    new: int
    shows_number: bool
    shows_day: bool


@dataclass(frozen=True)
class Wall:
    whole: Whole
    counts: list[tuple[Any, int]]
    amounts: dict[str, Decimal]
    pillars: list[Pillar]
    steps: list[dict[str, Any]]
    """From talks at tables to contracts, as figures.funnel takes them."""
    strands: list[tuple[Any, int]]
    kinds: list[tuple[Any, int]]
    is_for_staff: bool


def wall(actor: Reader, series: Series, asked: Question) -> Wall:
    staff = can_read(actor)
    if not staff and not publishing.is_public():
        raise NotFound
    whole = of_series(series, asked if staff else Question())  # two periods could be subtracted from one another
    return Wall(
        whole, _counts(whole, staff), whole.amounts if staff else told_amounts(whole),
        pillars([one for one in whole.held if staff or len(one.organisations) >= publishing.FEW], staff),
        _steps(whole, staff), _pieces(whole.strands, STRANDS, staff), _pieces(whole.kinds, KINDS, staff), staff,
    )


def pillars(held: list[Held], tells_new: bool = True) -> list[Pillar]:
    most = max((len(one.organisations) for one in held), default=0)
    step, every, apart = 100 / max(len(held), 1), -(-len(held) // LABELLED), -(-len(held) // DAYS_WRITTEN)
    found = []
    for place, one in enumerate(held):
        count = len(one.organisations)
        parts, top = [], TALL
        for kind, size in (("bar", one.new), ("back", count - one.new)) if tells_new else (("bar", count),):
            if size:
                top -= size / most * TALL
                parts.append(Part(kind, top, size / most * TALL))
        found.append(Pillar(
            one.edition.starts_at.astimezone(clock.PLACE), place * step + step * 0.14, step * 0.72,
            (place + 0.5) * step, top, parts, count, one.new, place % every == 0, place % apart == 0,
        ))
    return found


def told_amounts(whole: Whole) -> dict[str, Decimal]:
    """Of a currency in which few contracts tell their amount, the sum would tell one of them."""
    signed = [one for one in whole.projects.values() if one.is_signed]
    known = Counter(one.currency or "CNY" for one in signed if one.amount is not None)
    return {currency: amount for currency, amount in whole.amounts.items() if known[currency] >= publishing.FEW}


def _counts(whole: Whole, staff: bool) -> list[tuple[Any, int]]:
    counted: list[tuple[Any, int | None]] = [
        (say("editions held"), len(whole.held)), (say("organisations gathered"), whole.organisations),
        (say("people came"), whole.total("came")), (say("needs surveyed"), whole.total("needs")),
        (say("talks at tables"), whole.total("talks")), (say("intents to cooperate"), whole.total("intents")),
        (say("requests solved"), whole.total("solved")), (say("projects concluded"), whole.signed),
    ]
    told = [(name, count if staff or place == 0 else publishing.told(count))
            for place, (name, count) in enumerate(counted)]
    return [(name, count) for name, count in told if count]


def _steps(whole: Whole, staff: bool) -> list[dict[str, Any]]:
    """Each with its share of the step before; no further than what may be told."""
    counted = [(Label("同桌交流", "Talks at tables"), whole.total("talks")),
               (Label("双向意向", "Both see a cooperation"), whole.total("intents")),
               (Label("进入对接", "Introductions"), len(whole.projects)),
               (Label("签约", "Contracts"), whole.signed)]
    found: list[dict[str, Any]] = []
    before = 0
    for label, count in counted:
        if not staff and publishing.told(count) is None:
            break
        share = count / before if 0 < count <= before else None
        found.append({"label": label, "reached": count, "open": 0, "share": share})
        before = count
    return found


def _pieces(counted: Any, words: Any, staff: bool) -> list[tuple[Any, int]]:
    if staff:
        return [(words[value], count) for value, count in counted.items() if count]
    others = Label("其他", "Others")
    return [(words.get(piece.value, others), piece.count) for piece in publishing.pieces(counted.items())]

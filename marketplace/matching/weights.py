"""The weights that make a score of features: a small JSON that a person can read.

The shipped ones (default.json) were trained on ../shared/data/zh_judged and say so inside. `yinqiao matching train`
makes others, kept in the table `matching_weights`; the newest accepted ones score, in every process within seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from marketplace import audit, clock
from marketplace.db import session, transaction
from marketplace.errors import NotFound
from marketplace.matching.models import TrainedWeights

SHIPPED = Path(__file__).with_name("default.json")
VERSION = 2
"""Of the format, and of what the features mean; weights of another version are not used."""
STRONG_ENOUGH = 60.0
"""The score of a pair that a professional would call fairly strong or strong as likely as not."""
_FRESH = 5.0
"""Seconds a process goes on with the weights it has read."""


@dataclass(frozen=True)
class Weights:
    """All in log-odds of "fairly strong or strong"."""

    name: str
    text: Mapping[str, float]
    """`start` and, by name, what each likeness of texts adds."""
    text_with_meaning: Mapping[str, float]
    """The same for pairs of which both have vectors."""
    facts: Mapping[str, tuple[float, float]]
    """By name: what is added when it does not fit, and when it fits."""
    content: Mapping[str, Any]
    """All that the JSON says, for people."""

    def of(self, likenesses: Mapping[str, float]) -> Mapping[str, float]:
        return self.text_with_meaning if "meaning" in likenesses else self.text


def read(content: Mapping[str, Any], name: str) -> Weights:
    return Weights(
        name, content["text"], content["text_with_meaning"],
        {fact: (value["does_not_fit"], value["fits"]) for fact, value in content["facts"].items()}, content,
    )


@cache
def shipped() -> Weights:
    return read(json.loads(SHIPPED.read_text("utf-8")), "default")


_known: list[tuple[float, Weights]] = []


def current() -> Weights:
    """The weights that score now."""
    if not _known or time.monotonic() - _known[0][0] > _FRESH:
        _known[:] = [(time.monotonic(), _accepted() or shipped())]
    return _known[0][1]


def forget() -> None:
    """Read them again next time: this process has changed them."""
    _known.clear()


def _accepted() -> Weights | None:
    row = session.scalar(
        select(TrainedWeights).where(TrainedWeights.accepted_at.is_not(None))
        .order_by(TrainedWeights.accepted_at.desc(), TrainedWeights.id.desc()).limit(1)
    )
    if row is None or row.content.get("version") != VERSION:
        return None
    return read(row.content, f"number {row.id}")


def numbered(number: int) -> Weights:
    """These weights, whether they score or not; 0 are the shipped ones."""
    if not number:
        return shipped()
    row = session.get(TrainedWeights, number)
    if row is None:
        raise NotFound()
    return read(row.content, f"number {row.id}")


def store(content: Mapping[str, Any], *, accept: bool) -> int:
    """Keep trained weights; they score from now on when accepted. Returns their number."""
    now = clock.now()
    with transaction():
        row = TrainedWeights(made_at=now, accepted_at=now if accept else None, content=dict(content))
        session.add(row)
        session.flush()
        number = row.id
        if accept:
            audit.record(None, "matching.weights", "weights", number)
    forget()
    return number


def accept(number: int) -> None:
    """Let these score from now on; 0 means the shipped ones."""
    with transaction():
        if number and session.get(TrainedWeights, number) is None:
            raise NotFound()
        if number:
            session.get_one(TrainedWeights, number).accepted_at = clock.now()
        else:
            session.execute(
                update(TrainedWeights).values(accepted_at=None).execution_options(synchronize_session=False)
            )
        audit.record(None, "matching.weights", "weights", number)
    forget()


def probability(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds)) if log_odds >= 0 else exp(log_odds) / (1 + exp(log_odds))


def points_of(likely: float, at_nothing: float) -> float:
    """The score for a probability: 0 for what two texts with nothing in common have, 60 for one half, 100 for
    certainty, straight lines between. It rises throughout, so the order of pairs is that of their probabilities."""
    if likely <= at_nothing:
        return 0.0
    if likely < 0.5:
        return STRONG_ENOUGH * (likely - at_nothing) / (0.5 - at_nothing)
    return STRONG_ENOUGH + (100 - STRONG_ENOUGH) * (likely - 0.5) / 0.5

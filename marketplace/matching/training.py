"""Fitting the weights to what people judged.

Proportions are known better than any few thousand judgements tell: title characters of one contest must not decide how
English abstracts are ranked. So the likenesses are fitted as one sum in the proportions of PRIOR, whose slope and start
are free, and single ones move away from it only as far as a strong penalty lets them. Facts keep their weights: the
judged files have none of them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import aliased

from marketplace.db import session
from marketplace.listings.models import Listing
from marketplace.matching import measures
from marketplace.matching.features import CLOSEST, MEANING, TEXTS, Features, features
from marketplace.matching.feedback import OF_THE_SUBJECT
from marketplace.matching.models import MatchFeedback
from marketplace.matching.profiles import profile
from marketplace.matching.scoring import score
from marketplace.matching.weights import VERSION, Weights, read, shipped

PRIOR = {
    "words": 0.75, "phrases": 0.4, "answered": 1.0, "phrases_answered": 0.4, "titles": 0.2, MEANING: 1.2, CLOSEST: 1.2,
}
FREEDOM = 0.1
"""How far single likenesses may leave the proportions; the slope of the whole is as good as free."""
_SLOPE = 10.0
FOLDS, SEEDS = 5, 3
FEWEST = 20
"""Strong pairs, and weak ones, without which there is nothing to learn from."""


class CannotTrain(click.ClickException):
    """There is too little to learn from, or the library is not there."""


@dataclass(frozen=True)
class Example:
    need: str
    features: Features
    level: int

    @property
    def likenesses(self) -> Mapping[str, float]:
        return self.features.text


def require() -> None:
    try:
        import sklearn  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        raise CannotTrain("training needs scikit-learn: pip install 'yinqiao[train]'") from None


def train(examples: Sequence[Example], about: str) -> dict[str, Any]:
    """The content of new weights, with their figures cross-validated by need."""
    require()
    strong = sum(one.level >= measures.STRONG for one in examples)
    if strong < FEWEST or len(examples) - strong < FEWEST:
        raise CannotTrain(
            f"{len(examples)} judgements, {strong} of them fairly strong or strong, are too few: at least {FEWEST} of "
            "each sort are needed"
        )
    with_meaning = [one for one in examples if MEANING in one.likenesses]
    fitted = fit(examples, with_meaning)
    known = shipped().content
    return {
        "version": VERSION, "about": about, "made_at": datetime.now(UTC).strftime("%Y-%m-%d"),
        "trained_on": {
            "pairs": len(examples), "strong": strong, "needs": len({one.need for one in examples}),
            "with_meaning": len(with_meaning),
        },
        **fitted,
        "facts": known["facts"],
        "figures": {
            "words_alone": _figures_of([replace(one, features=_wordy(one.features)) for one in examples], fitted),
            "with_meaning": _figures_of(with_meaning, fitted) if with_meaning else known["figures"]["with_meaning"],
        },
    }


def _figures_of(examples: Sequence[Example], fitted: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "same_pairs": _rounded(_figures(examples, read({**shipped().content, **fitted}, "new"))),
        "cross_validated": _rounded(cross_validated(examples)),
    }


def _wordy(known: Features) -> Features:
    """Without the nearness of meaning."""
    return Features({name: value for name, value in known.text.items() if name in TEXTS}, known.facts)


def from_feedback() -> list[Example]:
    """What was called not relevant for its subject, as level 1; other reasons say nothing of the texts."""
    need, result = aliased(Listing), aliased(Listing)
    rows = session.execute(
        select(need, result).select_from(MatchFeedback)
        .join(need, need.id == MatchFeedback.need_id).join(result, result.id == MatchFeedback.result_id)
        .where(MatchFeedback.reason.in_(sorted(OF_THE_SUBJECT))).order_by(MatchFeedback.id)
    ).all()
    return [
        Example(f"{one.ref} of ours", features(one, other, profile(one), profile(other)), 1) for one, other in rows
    ]


def fit(examples: Sequence[Example], with_meaning: Sequence[Example]) -> dict[str, Any]:
    """Where no pair has vectors, the weights for those that have stay what they were."""
    without = _fit(examples, TEXTS)
    meaning = shipped().content["text_with_meaning"]
    if len(with_meaning) >= 2 * FEWEST and len({one.level >= measures.STRONG for one in with_meaning}) == 2:
        meaning = _fit(with_meaning, (*TEXTS, MEANING, CLOSEST))
    return {"text": without, "text_with_meaning": meaning}


def _fit(examples: Sequence[Example], names: Sequence[str]) -> dict[str, float]:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    rows = [_row(one.likenesses, names) for one in examples]
    model = LogisticRegression(C=1.0, max_iter=2_000).fit(rows, [one.level >= measures.STRONG for one in examples])
    slope, *rest = (float(value) for value in model.coef_[0])
    found = {"start": float(model.intercept_[0])}
    for name, own in zip(names, rest, strict=True):
        # A likeness that counted against a pair could not be explained to anybody.
        found[name] = max(0.0, slope * _SLOPE * PRIOR[name] + own * FREEDOM)
    return {name: round(value, 4) for name, value in found.items()}


def _row(likenesses: Mapping[str, float], names: Sequence[str]) -> list[float]:
    known = [likenesses.get(name, 0.0) for name in names]
    whole = sum(PRIOR[name] * value for name, value in zip(names, known, strict=True))
    return [whole * _SLOPE, *(value * FREEDOM for value in known)]


def cross_validated(examples: Sequence[Example]) -> dict[str, float | None]:
    """Each need is judged by weights that have not seen it; the mean over several ways of dealing the needs out."""
    runs = [_one_run(examples, seed) for seed in range(SEEDS)]
    told = {key: [run[key] for run in runs] for key in runs[0]}
    return {
        key: sum(value for value in values if value is not None) / len(values) if None not in values else None
        for key, values in told.items()
    }


def _one_run(examples: Sequence[Example], seed: int) -> dict[str, float | None]:
    needs = sorted({one.need for one in examples})
    random.Random(seed).shuffle(needs)  # noqa: S311
    fold_of = {need: at % FOLDS for at, need in enumerate(needs)}
    scored: list[tuple[str, float, int]] = []
    for fold in range(FOLDS):
        seen = [one for one in examples if fold_of[one.need] != fold]
        held = [one for one in examples if fold_of[one.need] == fold]
        if len({one.level >= measures.STRONG for one in seen}) < 2 or not held:
            continue
        fitted = fit(seen, [one for one in seen if MEANING in one.likenesses])
        scored += _scored(held, read({**shipped().content, **fitted}, "fold"))
    return measures.of_pools(scored)


def _figures(examples: Sequence[Example], weights: Weights) -> dict[str, float | None]:
    return measures.of_pools(_scored(examples, weights))


def _scored(examples: Sequence[Example], weights: Weights) -> list[tuple[str, float, int]]:
    return [(one.need, score(one.features, weights).likely, one.level) for one in examples]


def _rounded(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {key: None if value is None else round(value, 4) for key, value in figures.items()}

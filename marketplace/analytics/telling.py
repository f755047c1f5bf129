"""The funnel as API and command write it, the same to the letter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marketplace.analytics import publishing
from marketplace.analytics.results import Cohort, Passage
from marketplace.analytics.service import Funnel

PLACES = 4
"""Of a day: a ten-thousandth is nine seconds."""


def told(funnel: Funnel, whole: bool = True) -> dict[str, Any]:
    """`whole`: for those who may see small numbers too."""
    cohorts = _cohorts(funnel.cohorts) if whole else publishing.cohorts(funnel.cohorts)
    return {"cohorts": cohorts, "time_in_stage": [_passage(one, whole) for one in funnel.passages]}


def _cohorts(found: Iterable[Cohort]) -> list[dict[str, Any]]:
    return [
        {"month": cohort.month, "key": cohort.key, "stages": [
            {"stage": stage, "reached": count, "still_open": still}
            for stage, (count, still) in enumerate(zip(cohort.counts, cohort.opens, strict=True), 1)
        ]}
        for cohort in found
    ]


def _passage(passage: Passage, whole: bool) -> dict[str, Any]:
    enough = whole or passage.stays >= publishing.FEW
    return {
        "stage": int(passage.stage), "n": passage.stays if whole else publishing.told(passage.stays),
        "open": passage.open if whole else publishing.told(passage.open),
        "median_days": _rounded(passage.median) if enough else None,
        "p90_days": _rounded(passage.p90) if enough else None,
    }


def _rounded(days: float | None) -> float | None:
    return None if days is None else round(days, PLACES)

"""Listings that probably say the same, shown before one is submitted twice."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils
from sqlalchemy import select

from marketplace.db import session
from marketplace.listings.models import Listing, State

ALIKE = 86
"""rapidfuzz ratio of title and summary from which two texts are near-equal."""


@dataclass(frozen=True)
class Likely:
    ref: str
    title: str
    state: State
    likeness: int
    """0–100."""


def likely_duplicates(listing: Listing, limit: int = 5) -> list[Likely]:
    """Other listings of the organisation, of the same kind and not withdrawn, that read nearly the same."""
    text = _text(listing.title, listing.summary)
    if len(text) < 8:
        return []
    others = session.execute(
        select(Listing.ref, Listing.title, Listing.summary, Listing.state).where(
            Listing.organisation_id == listing.organisation_id, Listing.kind == listing.kind, Listing.id != listing.id,
            Listing.state != State.WITHDRAWN,
        )
    ).all()
    texts = [_text(other.title, other.summary) for other in others]
    best = process.extract(text, texts, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=limit)
    return [
        Likely(others[place].ref, others[place].title, others[place].state, round(score)) for _, score, place in best
    ]


def _text(title: str, summary: str) -> str:
    return str(utils.default_process(f"{title} {summary}"))

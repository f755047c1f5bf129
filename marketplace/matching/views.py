"""Matches as pages, and the best counterparts on a listing's own page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from marketplace.finding import service as finding
from marketplace.finding.service import Row
from marketplace.listings import service as listings
from marketplace.listings.models import Listing
from marketplace.matching import service
from marketplace.matching.reasons import Reason
from marketplace.web.guard import actor, public
from marketplace.web.language import current

bp = Blueprint("matching", __name__)


@dataclass(frozen=True)
class Counterpart:
    row: Row
    score: float
    reasons: list[Reason]

    @property
    def fits(self) -> list[Reason]:
        return [reason for reason in self.reasons if reason.weight > 0]

    @property
    def lacks(self) -> list[Reason]:
        """What does not fit, or what one side does not say."""
        return [reason for reason in self.reasons if reason.weight <= 0]


@bp.get("/listings/<ref>/matches")
@public
def of(ref: str) -> str:
    listing = listings.get(actor(), ref)
    here = finding.rows(actor(), [listing.id], current())[0]
    found = counterparts(listing, 30)
    return render_template("matching/of.html", listing=listing, here=here, found=found)


@bp.app_context_processor
def for_templates() -> dict[str, Callable[..., Any]]:
    """`best_counterparts(listing)` for the listing's page: matching stands above listings, which cannot import it."""
    return {"best_counterparts": counterparts}


def counterparts(listing: Listing, limit: int = 10) -> list[Counterpart]:
    """The best matches as lists show them, in the reader's language."""
    matches = service.best(actor(), listing, limit)
    rows = {row.id: row for row in finding.rows(actor(), [match.listing.id for match in matches], current())}
    return [
        Counterpart(rows[match.listing.id], match.score, match.reasons) for match in matches if match.listing.id in rows
    ]

"""Matches as pages, and the best counterparts on a listing's own page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.finding import service as finding
from marketplace.finding.service import Row
from marketplace.listings import service as listings
from marketplace.listings.models import Kind, Listing
from marketplace.matching import feedback, service
from marketplace.matching.reasons import Reason
from marketplace.matching.schemas import NotRelevantForm
from marketplace.phrases import Label, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, words

bp = Blueprint("matching", __name__)


@dataclass(frozen=True)
class Counterpart:
    row: Row
    score: float
    reasons: list[Reason]
    may_judge: bool
    """May the reader say that it is not relevant?"""

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
    return render_template(
        "matching/of.html", listing=listing, here=here, found=found, declined=declined(listing),
    )


@bp.route("/listings/<ref>/matches/<other>/not-relevant", methods=["GET", "POST"])
def not_relevant(ref: str, other: str) -> ResponseReturnValue:
    here, there = listings.get(actor(), ref), listings.get(actor(), other)
    feedback.require_side(actor(), here, there)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        feedback.not_relevant(actor(), here, there, form["reason"], form["note"])
        flash(words(say("Noted. The match is no longer shown to your side.")))
        return redirect(url_for("matching.of", ref=ref))

    rows = finding.rows(actor(), [here.id, there.id], current())
    return form_page("matching/not_relevant.html", NotRelevantForm(), done, rows=rows, here=here,
                     reasons=feedback.REASONS, longest=feedback.LONGEST_NOTE)


@bp.post("/listings/<ref>/matches/<other>/relevant")
def relevant(ref: str, other: str) -> ResponseReturnValue:
    feedback.relevant_after_all(actor(), listings.get(actor(), ref), listings.get(actor(), other))
    flash(words(say("The match is shown again.")))
    return redirect(url_for("matching.of", ref=ref))


@bp.app_context_processor
def for_templates() -> dict[str, Callable[..., Any]]:
    """`best_counterparts(listing)` for the listing's page: matching stands above listings, which cannot import it."""
    return {"best_counterparts": counterparts}


def counterparts(listing: Listing, limit: int = 10) -> list[Counterpart]:
    """The best matches as lists show them, in the reader's language."""
    matches = service.best(actor(), listing, limit)
    rows = {row.id: row for row in finding.rows(actor(), [match.listing.id for match in matches], current())}
    return [
        Counterpart(
            rows[match.listing.id], match.score, match.reasons,
            feedback.side_of(actor(), listing, match.listing) is not None,
        )
        for match in matches if match.listing.id in rows
    ]


@dataclass(frozen=True)
class Declined:
    """A counterpart that the reader's side called not relevant."""

    row: Row
    reason: Label
    note: str


def declined(listing: Listing) -> list[Declined]:
    said = {
        one.result_id if listing.kind is Kind.NEED else one.need_id: one for one in feedback.ours(actor(), listing)
    }
    rows = finding.rows(actor(), list(said), current()) if said else []
    return [Declined(row, feedback.REASONS[said[row.id].reason], said[row.id].note) for row in rows]

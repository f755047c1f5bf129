"""The review queue, as reviewers see it."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.listings import service, versions
from marketplace.listings.completeness import completeness
from marketplace.listings.duplicates import likely_duplicates
from marketplace.listings.models import Listing
from marketplace.listings.pages import PAGE_SIZE, asked_kind, done, page, refused
from marketplace.listings.permissions import can_review
from marketplace.listings.workflow import BY_NAME, Action, possible
from marketplace.web.guard import actor
from marketplace.web.language import current
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("review", __name__, url_prefix="/review")


@bp.get("")
def queue() -> ResponseReturnValue:
    rows, total = service.review_queue(actor(), kind=asked_kind(), page=page_argument(), size=PAGE_SIZE)
    return page("listings/review.html", slice=Slice(rows, total, page_argument(), PAGE_SIZE), kind=asked_kind())


@bp.route("/<ref>", methods=["GET", "POST"])
def decide(ref: str) -> ResponseReturnValue:
    listing = service.get(actor(), ref)
    if not can_review(actor(), listing):
        raise NotFound
    if request.method == "GET":
        return _case(listing, {}, 200)
    action = _asked_decision()
    try:
        service.act(actor(), listing, action, request.form.get(f"{action.name}_said", ""), _version_read())
    except (Invalid, Conflict) as problem:
        errors, status = refused(problem)
        return _case(listing, {f"{action.name}_said" if name else "": text for name, text in errors.items()}, status)
    done(_("Decided: %(ref)s. The authors have been told.", ref=ref))
    return redirect(url_for("review.queue"))


def _asked_decision() -> Action:
    action = BY_NAME.get(request.form.get("decision", ""))
    if action is None or action.name not in service.DECISIONS:
        raise NotFound
    return action


def _version_read() -> int | None:
    given = request.form.get("version", "")
    return int(given) if given.isascii() and given.isdigit() else None


def _case(listing: Listing, errors: dict[str, str], status: int) -> ResponseReturnValue:
    """All a reviewer needs to decide: the text, what changed, what is missing, what it may repeat."""
    view = service.reading(actor(), listing)
    proposed = service.proposed(actor(), listing)
    waiting = listing.pending is not None and listing.pending.state == "in_review"
    changes = versions.differences(listing.kind, versions.content_of(listing), proposed) if waiting else []
    return page(
        "listings/review_case.html", status, listing=listing, view=view, told=view.in_language(current()),
        errors=errors, values=request.form, changes=changes, waiting=waiting,
        judged=completeness(listing.kind, proposed), duplicates=likely_duplicates(listing),
        decisions=[action for action in possible(actor(), listing) if action.name in service.DECISIONS],
    )

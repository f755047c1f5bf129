"""The search page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, render_template, request

from marketplace.finding import asking, facets, following, widening
from marketplace.finding import service as finding
from marketplace.finding.criteria import LONGEST, Criteria
from marketplace.finding.limits import searching
from marketplace.finding.schemas import criteria_from
from marketplace.listings import lists
from marketplace.listings.documents import FACETS
from marketplace.organisations.models import Organisation
from marketplace.phrases import say
from marketplace.web.guard import actor, public
from marketplace.web.language import current, money
from marketplace.web.pagination import Slice, page_url
from search import MAXIMUM_WINDOW

bp = Blueprint("search", __name__)
ORDERS = {
    "relevance": say("Best match first"), "newest": say("Newest first"), "closing": say("Closing soon first"),
}
DAYS = {"7": say("Last 7 days"), "30": say("Last 30 days"), "90": say("Last 3 months"), "365": say("Last year")}


@bp.get("/search")
@searching
@public
def page() -> str:
    criteria, complaints = criteria_from(dict(request.args.lists()))
    found = finding.find(actor(), criteria, current())
    begin = widening.beginning(actor(), found, current()) if not found.total else None
    reach = min(found.total, MAXIMUM_WINDOW)
    return render_template(
        "finding/search.html", found=found, criteria=criteria, complaints=complaints,
        chips=chips(criteria, found.dropped), price_label=facets.title("price_band", criteria),
        slice=Slice(found.rows, reach, criteria.page, criteria.size), orders=ORDERS, days=DAYS,
        named=asking.name_for(criteria, current()) if criteria.q or criteria.is_narrowed else "",
        was_cut=len(criteria.q) > LONGEST, loosened=widening.loosened(actor(), found), begin=begin,
        mark_of=following.begin(found),
    )


@bp.app_context_processor
def for_templates() -> dict[str, Callable[..., Any]]:
    """`listed_by(organisation)` for the organisation's page: listings stand above organisations."""
    return {"listed_by": listed_by}


def listed_by(organisation: Organisation, most: int = 12) -> list[finding.Row]:
    """What the organisation has published lately, without what this reader may not know to be its own."""
    newest = lists.newest_of(actor(), organisation.id, most)
    return [row for row in finding.rows(actor(), newest, current()) if row.organisation_slug]


def chips(criteria: Criteria, dropped: Sequence[str] = ()) -> list[tuple[Any, Any, str]]:
    """Every filter in force, and every word that was left out, as (group, choice, the address without it)."""
    chosen: list[tuple[Any, Any, str]] = []
    for name in FACETS:
        values = getattr(criteria, name)
        for value in criteria.narrowest(name):
            left: dict[str, Any] = {name: [other for other in values if other != value]}
            if name == "trl":  # a range in the address is the same choice, in other words
                left |= {"trl_min": None, "trl_max": None}
            chosen.append((facets.GROUPS[name], facets.label_of(name, value, criteria), page_url(**left)))
    if criteria.organisation:
        named = finding.organisation_called(criteria.organisation) or criteria.organisation
        chosen.append((say("Organisation"), named, page_url(organisation=None)))
    for name, group, shown in _ranges(criteria):
        chosen.append((group, shown, page_url(**{name: None})))
    if len(dropped) < len(criteria.q.split()):  # of words that were all left out nothing would remain
        chosen += [(say("Left out"), word, page_url(q=widening.without_word(criteria.q, word))) for word in dropped]
    return chosen


def _ranges(criteria: Criteria) -> list[tuple[str, Any, Any]]:
    price = facets.GROUPS["price_band"]
    found: list[tuple[str, Any, Any]] = []
    if criteria.price_min is not None:
        found.append(("price_min", price, say("from {low}", low=money(criteria.price_min))))
    if criteria.price_max is not None:
        found.append(("price_max", price, say("up to {high}", high=money(criteria.price_max))))
    if criteria.days is not None:
        shown = DAYS.get(str(criteria.days)) or say("Last {n} days", n=criteria.days)
        found.append(("days", say("Date of publication"), shown))
    return found

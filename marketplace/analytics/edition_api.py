"""What events bring, over the API: the figures of an edition's report and of a series', as on their pages."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.analytics import asking, editions
from marketplace.analytics.edition_shapes import EditionReport, SeriesReport, SeriesReportQuery
from marketplace.analytics.edition_sheets import MEASURES
from marketplace.analytics.editions import Held, Pair, Whole
from marketplace.analytics.permissions import can_read
from marketplace.errors import require
from marketplace.events import service as events
from marketplace.events.models import Registration
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("event_figures_api", __name__, url_prefix="/api/v1", description="What events bring")


@bp.get("/events/<ref>/report")
@bp.etag
@bp.response(200, EditionReport)
def edition(ref: str) -> dict[str, Any]:
    """What one event has brought; for brokers and operators."""
    held, pairs = editions.of_edition(actor(), events.get(actor(), ref))
    return {**_held(held), "pairs": [_pair(one) for one in pairs]}


@bp.get("/events/series/<slug>/report")
@bp.arguments(SeriesReportQuery, location="query")
@bp.etag
@bp.response(200, SeriesReport)
def series(query: dict[str, str], slug: str) -> dict[str, Any]:
    """What a series has brought, in all and edition by edition; for brokers and operators."""
    require(can_read(actor()))
    one = events.get_series(slug)
    whole = editions.of_series(one, asking.question(query))
    return {
        "slug": one.slug, "name": words(one), "held": len(whole.held), "figures": _figures(whole),
        "editions": [_held(held) for held in whole.held],
        "kinds": [{"kind": kind, "organisations": count} for kind, count in whole.kinds.items()],
        "strands": [{"strand": strand, "came": count} for strand, count in whole.strands.items()],
    }


def _figures(whole: Whole) -> dict[str, Any]:
    return {
        **{name: whole.total(name) for _, name in MEASURES}, "organisations": whole.organisations,
        "introductions": len(whole.projects), "contracts": whole.signed, "undisclosed": whole.undisclosed,
        "amounts": [{"amount": amount, "currency": currency} for currency, amount in whole.amounts.items()],
    }


def _held(held: Held) -> dict[str, Any]:
    edition = held.edition
    return {**_figures(Whole([held])), "ref": edition.ref, "title": words(edition.title), "strand": edition.strand,
            "starts_at": edition.starts_at, "new": held.new}


def _pair(pair: Pair) -> dict[str, Any]:
    case = pair.introduction
    return {"one": _person(pair.one), "other": _person(pair.other), "introduction": case.ref if case else None,
            "stage": int(case.stage) if case else None}


def _person(registration: Registration) -> dict[str, Any]:
    organisation = registration.organisation
    return {"name": registration.user.name, "organisation": words(organisation) if organisation else None}

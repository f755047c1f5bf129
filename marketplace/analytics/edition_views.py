"""What events bring, as pages: the report of an edition or a series, and the page of a series for the wall."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.analytics import asking, edition_sheets, editions, exporting, publishing, walls
from marketplace.analytics.editions import Whole
from marketplace.analytics.permissions import can_read
from marketplace.analytics.views import EXCEL
from marketplace.errors import NotFound, require
from marketplace.events import service as events
from marketplace.events import vocabulary
from marketplace.introductions.vocabulary import STAGES
from marketplace.web.guard import actor, public
from marketplace.web.language import current

bp = Blueprint("event_figures", __name__, url_prefix="/events")


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """For the page of a series: may everybody see its wall?"""
    return {"walls_are_open": publishing.is_public}


@bp.get("/<ref>/report")
def edition(ref: str) -> ResponseReturnValue:
    one = events.get(actor(), ref)
    held, pairs = editions.of_edition(actor(), one)
    return render_template("analytics/edition.html", edition=one, held=held, pairs=pairs, stages=STAGES,
                           whole=Whole([held]), words_of=vocabulary)


@bp.get("/<ref>/report.<ending>")
def export_edition(ref: str, ending: str) -> Response:
    one = events.get(actor(), ref)
    held, _ = editions.of_edition(actor(), one)
    return _file(Whole([held]), one, one.ref, ending)


@bp.get("/series/<slug>/report")
def series(slug: str) -> ResponseReturnValue:
    require(can_read(actor()))
    one = events.get_series(slug)
    asked, problems = asking.understood(request.args)
    whole = editions.of_series(one, asked)
    page = render_template("analytics/series.html", series=one, whole=whole, pillars=walls.pillars(whole.held),
                           asked=asked, errors=problems, asking=asking, words_of=vocabulary)
    return page, 422 if problems else 200


@bp.get("/series/<slug>/report.<ending>")
def export_series(slug: str, ending: str) -> Response:
    require(can_read(actor()))
    one = events.get_series(slug)
    return _file(editions.of_series(one, asking.question(request.args)), one, one.slug, ending)


@bp.get("/series/<slug>/wall")
@public
def wall(slug: str) -> ResponseReturnValue:
    one = events.get_series(slug)
    asked, problems = asking.understood(request.args)
    found = walls.wall(actor(), one, asked)
    page = render_template("analytics/wall.html", series=one, wall=found, asked=asked, errors=problems, asking=asking)
    return page, 422 if problems else 200


def _file(whole: Whole, title: Any, name: str, ending: str) -> Response:
    if ending not in ("csv", "xlsx"):
        raise NotFound
    found = edition_sheets.sheets(whole, title)
    content = exporting.table_of(found, current()) if ending == "csv" else exporting.book_of(found, current())
    response = Response(content, mimetype="text/csv" if ending == "csv" else EXCEL)
    response.headers.set("Content-Disposition", "attachment", filename=f"yinqiao-{name}.{ending}")
    return response

"""Home, help and figures as pages."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.analytics import service
from marketplace.analytics.cuts import CUTS
from marketplace.events import vocabulary as events
from marketplace.introductions import vocabulary as pipeline
from marketplace.listings import vocabulary, workflow
from marketplace.web.guard import actor, public
from marketplace.web.language import current

bp = Blueprint("analytics", __name__)


@bp.get("/")
@public
def home() -> ResponseReturnValue:
    return render_template(
        "analytics/home.html", home=service.home_figures(actor(), current()), fields=vocabulary.FIELDS, events=events
    )


@bp.get("/help")
@public
def help() -> ResponseReturnValue:
    return render_template("analytics/help.html", stages=pipeline.STAGES, close_reasons=pipeline.CLOSE_REASONS)


@bp.get("/figures")
def figures() -> ResponseReturnValue:
    months = request.args.get("months", "12")
    found = service.figures(
        actor(), int(months) if months in map(str, service.PERIODS) else 12, request.args.get("cut", "field")
    )
    return render_template(
        "analytics/figures.html", figures=found, periods=service.PERIODS, cuts=CUTS, fields=vocabulary.FIELDS,
        states=workflow.STATES, pipeline=pipeline,
    )

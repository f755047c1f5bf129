"""Home, help and figures as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.analytics import asking, charts, exporting, publishing, service
from marketplace.analytics.cuts import CUTS
from marketplace.analytics.home import home_figures
from marketplace.contracts import vocabulary as contracts
from marketplace.errors import NotFound
from marketplace.events import vocabulary as events
from marketplace.introductions import vocabulary as pipeline
from marketplace.listings import vocabulary
from marketplace.phrases import say
from marketplace.web.guard import actor, public
from marketplace.web.language import current

bp = Blueprint("analytics", __name__)
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/")
@public
def home() -> ResponseReturnValue:
    return render_template(
        "analytics/home.html", home=home_figures(actor(), current()), fields=vocabulary.FIELDS, events=events
    )


@bp.get("/help")
@public
def help() -> ResponseReturnValue:
    return render_template("analytics/help.html", stages=pipeline.STAGES, close_reasons=pipeline.CLOSE_REASONS)


@bp.get("/figures")
def figures() -> ResponseReturnValue:
    asked, problems = asking.understood(request.args, asking.USUAL)
    found = service.figures(actor(), asked)
    page = render_template("analytics/figures.html", figures=found, errors=problems, **_words())
    return page, 422 if problems else 200


@bp.get("/figures.<ending>")
def export(ending: str) -> Response:
    """The same figures as a workbook with charts, or as one table."""
    if ending not in ("csv", "xlsx"):
        raise NotFound
    found = service.figures(actor(), asking.question(request.args, asking.USUAL))
    content = exporting.table(found, current()) if ending == "csv" else exporting.workbook(found, current())
    response = Response(content, mimetype="text/csv" if ending == "csv" else EXCEL)
    response.headers.set("Content-Disposition", "attachment", filename=f"yinqiao-figures.{ending}")
    return response


@bp.get("/figures/outcomes")
def outcomes() -> ResponseReturnValue:
    asked, problems = asking.understood(request.args)
    found = service.outcomes(actor(), asked)
    page = render_template("analytics/outcomes.html", found=found, asked=asked, errors=problems, asking=asking,
                           contracts=contracts)
    return page, 422 if problems else 200


@bp.get("/figures/public")
@public
def public_figures() -> ResponseReturnValue:
    asked, problems = asking.understood(request.args, asking.USUAL)
    found = service.public_figures(actor(), asked)
    page = render_template("analytics/public.html", figures=found, errors=problems, **_words())
    return page, 422 if problems else 200


@bp.post("/figures/public")
def set_public() -> ResponseReturnValue:
    on = request.form.get("on") == "1"
    publishing.set_public(actor(), on)
    flash(say("Everybody can see the figures now.") if on else say("The figures are for staff only again."), "success")
    return redirect(url_for("analytics.public_figures"))


def _words() -> dict[str, Any]:
    return {"asking": asking, "charts": charts, "cuts": CUTS, "fields": vocabulary.FIELDS, "pipeline": pipeline}

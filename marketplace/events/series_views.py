"""A series as its operators plan it, and what calendars, pages that link here and phones show of it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace import clock
from marketplace.accounts import links
from marketplace.errors import require
from marketplace.events import calendars, covers, planning, schemas, service, vocabulary
from marketplace.events.models import Series
from marketplace.events.permissions import can_run
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, day, words

bp = Blueprint("series", __name__, url_prefix="/events")
FORM = ["GET", "POST"]


@bp.get("/series/<slug>/calendar.ics")
@public
def feed(slug: str) -> ResponseReturnValue:
    series = service.get_series(slug)
    told = [(edition, links.to(edition.url)) for edition in service.announced(series)]
    return Response(calendars.feed(series, told, current()), content_type="text/calendar; charset=utf-8")


@bp.get("/<ref>/cover.svg")
@public
def cover(ref: str) -> ResponseReturnValue:
    edition = service.get(actor(), ref)
    drawn = render_template(
        "events/cover.xml", edition=edition, cover=covers.cover(edition, current()), width=covers.WIDTH,
        height=covers.HEIGHT, strand=vocabulary.STRANDS[edition.strand],
    )
    return Response(drawn, content_type="image/svg+xml; charset=utf-8")


@bp.route("/series/<slug>/plan", methods=FORM)
def plan(slug: str) -> ResponseReturnValue:
    require(can_run(actor()))
    series = service.get_series(slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        tell_planned(planning.plan(actor(), series, values.pop("first"), values.pop("count"), **values))
        return redirect(series.url)

    first = planning.next_day(series)
    initial = {"first": first.isoformat() if first else "", "count": 4, "every": 1,
               "strands": planning.usual_strands(series)}
    return form_page("events/plan.html", schemas.Plan(), done, initial=initial, series=series, words_of=vocabulary,
                     repeats=repeats(series), most=planning.MOST)


@bp.route("/<ref>/move", methods=FORM)
def move(ref: str) -> ResponseReturnValue:
    require(can_run(actor()))
    edition = service.get(actor(), ref)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        planning.move(actor(), edition, values["day"], values["starts"], values["reason"], values["version"])
        flash(words(say("Moved. Everybody who has registered is told.")))
        return redirect(edition.url)

    here = edition.starts_at.astimezone(clock.PLACE)
    initial = {"day": f"{here:%Y-%m-%d}", "starts": f"{here:%H:%M}", "version": edition.version}
    return form_page("events/move.html", schemas.Move(), done, initial=initial, edition=edition)


def tell_planned(planned: planning.Planned) -> None:
    flash(words(say("Planned: {n}.", n=len(planned.made))), "success" if planned.made else "warning")
    for left_out, why in planned.left_out:
        flash(words(say("{day} is left out: it {why}.", day=day(left_out), why=why)), "warning")


@bp.app_template_filter("repeats")
def repeats(series: Series) -> str:
    """Fridays 14:00–16:30, or nothing for a series without a template."""
    if not series.has_template:
        return ""
    return str(words(vocabulary.every(series)))


@bp.app_template_filter("feed_address")
def feed_address(series: Series) -> str:
    """What a calendar subscribes to."""
    return links.to(url_for("series.feed", slug=series.slug, lang=current()))

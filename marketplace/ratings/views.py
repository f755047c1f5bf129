"""What people say of the talks at their table, and an edition's minutes, as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.errors import require
from marketplace.events import service as events
from marketplace.events.models import Registration
from marketplace.phrases import say
from marketplace.ratings import minutes as minutes_of
from marketplace.ratings import schemas, service, vocabulary
from marketplace.ratings.permissions import can_send_minutes, can_write_minutes
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, words

bp = Blueprint("ratings", __name__)
FORM = ["GET", "POST"]


@bp.app_context_processor
def of_minutes() -> dict[str, Any]:
    """For the page of an event, whose room is below this one: may this reader, who came, read its minutes?"""
    return {"has_minutes": lambda edition: edition.has_begun and minutes_of.are_read_by(actor(), edition)}


@bp.route("/events/<ref>/ratings", methods=FORM)
def rate(ref: str) -> ResponseReturnValue:
    return _page(service.mine(actor(), events.get(actor(), ref)), by_link=False)


@bp.route("/ratings/<token>", methods=FORM)
@public
def rate_by_link(token: str) -> ResponseReturnValue:
    return _page(service.bearer(token), by_link=True)


def _page(mine: Registration, *, by_link: bool) -> ResponseReturnValue:
    """The first question, or half a year on the second one."""
    edition = service.edition_of(mine)
    again = service.asked_again(mine, edition)
    asked = again or service.asked(mine, edition)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        if again:
            service.rate_again(mine, edition, schemas.said_later(values, asked))
        else:
            service.rate(mine, edition, schemas.said(values, asked))
        flash(words(say("Saved. Thank you; you can change your answers here at any time.")), "success")
        return redirect(request.path)

    form = schemas.later_form(asked) if again else schemas.rating_form(asked)
    return form_page("ratings/rate.html", form, done, initial=schemas.entered(asked), edition=edition, asked=asked,
                     again=bool(again), by_link=by_link, vocabulary=vocabulary, longest=service.LONGEST_NOTE)


@bp.get("/events/<ref>/minutes")
def minutes(ref: str) -> ResponseReturnValue:
    edition = events.get(actor(), ref)
    found = minutes_of.read(actor(), edition)
    return render_template("ratings/minutes.html", edition=edition, minutes=found, writes=can_write_minutes(actor()),
                           sends=can_send_minutes(actor(), edition))


@bp.route("/events/<ref>/minutes/edit", methods=FORM)
def edit_minutes(ref: str) -> ResponseReturnValue:
    require(can_write_minutes(actor()))
    edition = events.get(actor(), ref)
    found = minutes_of.of(edition)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        minutes_of.write(actor(), edition, values["text"], values["version"])
        flash(words(say("Saved.")), "success")
        return redirect(f"{edition.url}/minutes")

    text = found.text if found else minutes_of.drawn(actor(), edition, current())
    return form_page("ratings/minutes_form.html", schemas.MinutesForm(), done, edition=edition, minutes=found,
                     initial={"text": text, "version": found.version if found else ""}, longest=minutes_of.LONGEST)


@bp.post("/events/<ref>/minutes/send")
def send_minutes(ref: str) -> ResponseReturnValue:
    count = minutes_of.send(actor(), events.get(actor(), ref))
    flash(words(say("Sent. People who can read them now: {n}.", n=count)), "success")
    return redirect(f"/events/{ref}/minutes")

"""The survey before an edition, for those who have registered for it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.events import service, surveying
from marketplace.phrases import say
from marketplace.surveys import showing
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("event_surveys", __name__, url_prefix="/events")


@bp.route("/<ref>/survey", methods=["GET", "POST"])
def answer(ref: str) -> ResponseReturnValue:
    edition = service.get(actor(), ref)
    survey, action = surveying.to_answer(actor(), edition), url_for("event_surveys.answer", ref=ref)
    if request.method == "POST":
        surveying.let_answer(actor(), edition)
        return showing.answer_sent(actor(), survey, action)
    return showing.answer_page(actor(), survey, action)


@bp.post("/<ref>/survey/new")
def begin(ref: str) -> ResponseReturnValue:
    survey = surveying.begin(actor(), service.get(actor(), ref))
    flash(words(say("Those who have a place are asked, and everybody who registers from now on.")), "success")
    return redirect(url_for("operator_surveys.show", number=survey.id))

"""Surveys as those who answer them meet them, and the figures that everybody may see."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import NotFound
from marketplace.phrases import say
from marketplace.surveys import answering, asking, drafting, figures, service, showing
from marketplace.surveys.models import Role
from marketplace.surveys.permissions import can_run
from marketplace.web.guard import actor, public
from marketplace.web.language import words

bp = Blueprint("surveys", __name__, url_prefix="/surveys")


@bp.get("")
@public
def index() -> ResponseReturnValue:
    mine = asking.mine(actor()) if actor() is not None else []
    return showing.page("surveys/index.html", mine=mine, published=service.published(), runs=can_run(actor()),
                        takes_answers=service.takes_answers)


@bp.route("/<int:number>", methods=["GET", "POST"])
def answer(number: int) -> ResponseReturnValue:
    survey, _ = answering.get(actor(), number)
    action = url_for("surveys.answer", number=number)
    if request.method == "POST":
        return showing.answer_sent(actor(), survey, action)
    return showing.answer_page(actor(), survey, action)


@bp.get("/<int:number>/answer")
def answered(number: int) -> ResponseReturnValue:
    survey, theirs = answering.given(actor(), number)
    return showing.page(
        "surveys/answered.html", survey=survey, theirs=theirs, lines=showing.lines(survey, theirs),
        texts=drafting.texts(survey, theirs), drafts=drafting.drafts(theirs), kinds_of=drafting.KINDS,
        may_draft=drafting.writes_for(actor(), theirs) is not None, is_open=service.takes_answers(survey),
    )


@bp.post("/<int:number>/drafts/<any(need,offer):role>")
def draft(number: int, role: str) -> ResponseReturnValue:
    survey, _ = answering.given(actor(), number)
    listing = drafting.draft(actor(), survey, Role(role))
    flash(words(say("A draft has been made of your answer. Fill in what is missing, then submit it.")), "success")
    return redirect(url_for("listings.edit", ref=listing.ref))


@bp.get("/<int:number>/figures")
@public
def results(number: int) -> ResponseReturnValue:
    survey = service.with_figures(actor(), number)
    as_public = not can_run(actor()) or request.args.get("as") == "public"
    found = figures.figures(actor(), survey, as_public=as_public)
    if found is None:
        raise NotFound
    return showing.page("surveys/figures.html", survey=survey, found=found, runs=can_run(actor()),
                        as_public=as_public)

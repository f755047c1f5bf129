"""Introductions as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts.limits import by_speaker
from marketplace.errors import NotFound
from marketplace.introductions import moves, service, showing
from marketplace.introductions.mending import mending
from marketplace.introductions.models import Introduction, Origin, Status
from marketplace.introductions.permissions import can_broker
from marketplace.introductions.schemas import InterestForm, MessageForm, form_of
from marketplace.listings import service as listings
from marketplace.messaging.service import is_path
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("introductions", __name__)
SIZE = 30


@bp.app_context_processor
def about_listings() -> dict[str, Any]:
    """For the page of a listing: the reader's open introductions of it, and why others said no to it."""
    return {
        "my_introductions": lambda listing: service.open_for(actor(), listing),
        "introduction_line": lambda introduction: showing.row(actor(), introduction),
        "why_not": lambda listing: mending(actor(), listing),
    }


@bp.get("/introductions")
def index() -> ResponseReturnValue:
    asked = request.args.get("status", "")
    status = Status(asked) if asked in list(Status) else None
    items, total = service.mine(actor(), status=status, page=page_argument(), size=SIZE)
    rows = [showing.row(actor(), introduction) for introduction in items]
    page = Slice(rows, total, page_argument(), SIZE)
    return render_template("introductions/index.html", page=page, status=status, statuses=showing.STATUSES)


@bp.route("/introductions/new", methods=["GET", "POST"])
@by_speaker
def new() -> ResponseReturnValue:
    """?listing=REF, and the person chooses one of their own; or ?need=…&result=… when both are known."""
    offer = showing.offer(actor(), request.args)
    chosen = {"own": offer.own.ref if offer.own else "", "origin": request.args.get("origin", Origin.SEARCH)}
    return form_page(
        "introductions/new.html", InterestForm(), lambda form: _to(showing.express(actor(), offer, form)),
        initial=chosen, offer=offer, answers=moves.ANSWERS,
    )


@bp.post("/introductions/suggest")
def suggest() -> ResponseReturnValue:
    need, result = (listings.get(actor(), request.form.get(name, "")) for name in ("need", "result"))
    if not can_broker(actor(), need, result):
        raise NotFound
    return _to(service.suggest(actor(), need, result, Origin.BROKER))


@bp.get("/introductions/<ref>")
def show(ref: str) -> ResponseReturnValue:
    introduction = service.get(actor(), ref)
    context = showing.case(actor(), introduction)
    return render_template("introductions/show.html", values={}, errors={}, **context)


@bp.route("/introductions/<ref>/messages", methods=["GET", "POST"])
@by_speaker
def write(ref: str) -> ResponseReturnValue:
    introduction = service.get(actor(), ref)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        service.write_message(actor(), introduction, form["body"], form.get("audience"))
        return redirect(url_for("introductions.show", ref=ref, _anchor="messages"))

    return form_page("introductions/show.html", MessageForm(), done, **showing.case(actor(), introduction))


@bp.route("/introductions/<ref>/moves/<key>", methods=["GET", "POST"])
@by_speaker
def move(ref: str, key: str) -> ResponseReturnValue:
    introduction = service.get(actor(), ref)
    row, inputs, targets = showing.move_of(actor(), introduction, key)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        service.move(actor(), introduction, row.name, reason=row.reason, **form)
        return _to(introduction, back_to_desk())

    return form_page(
        "introductions/move.html", form_of(inputs), done, initial=showing.initial(introduction, row), row=row,
        inputs=inputs, targets=targets, back=back_to_desk(), **showing.beside(actor(), introduction, row),
    )


@bp.get("/help/pipeline")
@public
def pipeline() -> ResponseReturnValue:
    return render_template("introductions/pipeline.html", **showing.table())


def back_to_desk() -> str | None:
    """The page of the desk that a move was begun from, and to which its maker returns."""
    asked = request.args.get("back", "")
    return asked if asked.startswith("/desk") and is_path(asked) else None


def _to(introduction: Introduction, back: str | None = None) -> ResponseReturnValue:
    if back is not None:
        flash(words(say("{ref}: done.", ref=introduction.ref)))
        return redirect(f"{back}#{introduction.ref}")
    flash(words(say("Done. Here is where it stands.")))
    return redirect(url_for("introductions.show", ref=introduction.ref))

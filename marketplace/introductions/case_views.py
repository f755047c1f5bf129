"""Pages of one case beside its moves: what was agreed to, and messages that the broker passes on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.files.views import deliver
from marketplace.introductions import agreeing, relaying, service, showing, talk, vocabulary, wordings
from marketplace.introductions.case_schemas import PassOnForm, RefuseCopyForm
from marketplace.introductions.models import Introduction, Stage
from marketplace.introductions.permissions import acting_sides
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("case", __name__, url_prefix="/introductions/<ref>")
FORM = ["GET", "POST"]


@bp.get("/agreements")
def agreements(ref: str) -> ResponseReturnValue:
    case = service.get(actor(), ref)
    return render_template(
        "introductions/agreements.html", case=case, line=showing.row(actor(), case), vocabulary=vocabulary,
        consents=agreeing.consents(actor(), case), agreement=agreeing.agreement(actor(), case),
        copies=agreeing.copies(actor(), case), consent=wordings.CONSENTS[wordings.CONSENT_IN_FORCE],
        ways={way.move.name: way for way in service.available_moves(actor(), case)}, may_send=_may_send(case),
        checks=talk.is_broker(actor(), case),
    )


@bp.get("/nda")
def nda(ref: str) -> ResponseReturnValue:
    case = service.get(actor(), ref)
    return render_template("introductions/nda.html", case=case, line=showing.row(actor(), case),
                           agreement=agreeing.agreement(actor(), case), vocabulary=vocabulary)


@bp.route("/nda/copy", methods=FORM)
def send_copy(ref: str) -> ResponseReturnValue:
    case, errors, status = service.get(actor(), ref), dict[str, str](), 200
    if not acting_sides(actor(), case):
        raise NotFound
    if request.method == "POST":
        try:
            return _sent(case)
        except Invalid as problem:
            errors, status = {name: words(said) for name, said in problem.fields.items()}, 422
        except Conflict as problem:
            errors, status = {"": words(problem.message)}, 409
    return make_response(render_template("introductions/send_copy.html", case=case, errors=errors), status)


def _sent(case: Introduction) -> ResponseReturnValue:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid({"file": say("Choose a file first.")})
    agreeing.send_copy(actor(), case, sent.filename, sent.stream)
    flash(words(say("Sent. The broker checks it; it counts as signed once it is accepted.")))
    return redirect(url_for("case.agreements", ref=case.ref))


@bp.get("/nda/copies/<int:copy_id>")
def copy(ref: str, copy_id: int) -> Response:
    return deliver(agreeing.open_copy(actor(), service.get(actor(), ref), copy_id))


@bp.route("/nda/copies/<int:copy_id>/refuse", methods=FORM)
def refuse_copy(ref: str, copy_id: int) -> ResponseReturnValue:
    case = service.get(actor(), ref)
    found = next((c for c in agreeing.copies(actor(), case) if c.id == copy_id), None)
    if found is None or not talk.is_broker(actor(), case):
        raise NotFound

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        agreeing.refuse_copy(actor(), case, copy_id, form["because"])
        flash(words(say("Sent back, with your reason.")))
        return redirect(url_for("case.agreements", ref=ref))

    return form_page("introductions/refuse_copy.html", RefuseCopyForm(), done, case=case, copy=found,
                     vocabulary=vocabulary)


@bp.route("/messages/<int:message_id>/pass-on", methods=FORM)
def pass_on(ref: str, message_id: int) -> ResponseReturnValue:
    """GET to edit it first; POST with `as_it_is` passes it on at once, without what tells who wrote it."""
    case = service.get(actor(), ref)
    message, side = _to_pass_on(case, message_id)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        talk.pass_on(actor(), case, message_id, None if form["as_it_is"] else form["body"], form["anyway"])
        flash(words(say("Passed on.")))
        return redirect(url_for("introductions.show", ref=ref, _anchor="messages"))

    return form_page(
        "introductions/pass_on.html", PassOnForm(), done, case=case, message=message, side=side, vocabulary=vocabulary,
        initial={"body": relaying.veiled(case, side, message.body)}, named=relaying.named(case, side, message.body),
    )


def _to_pass_on(case: Introduction, message_id: int) -> tuple[Any, Any]:
    message = talk.message_of(actor(), case, message_id)
    side = talk.author_side(message)
    if side is None or not talk.is_broker(actor(), case):
        raise NotFound
    return message, side


@bp.post("/messages/<int:message_id>/settle")
def settle(ref: str, message_id: int) -> ResponseReturnValue:
    case = service.get(actor(), ref)
    if not talk.is_broker(actor(), case):
        raise NotFound
    talk.settle(actor(), case, message_id)
    flash(words(say("It no longer waits for an answer.")))
    return redirect(url_for("introductions.show", ref=ref, _anchor="messages"))


def _may_send(case: Introduction) -> bool:
    """May this reader send in a copy now? The service says why not."""
    way_is_open = case.is_open and Stage.QUALIFIED <= case.stage <= Stage.PERFORMING
    signed = {party.side for party in agreeing.agreement(actor(), case).parties if party.signature or party.waiting}
    return way_is_open and bool(set(acting_sides(actor(), case)) - signed)

"""Refining as pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.listings.models import State
from marketplace.listings.pages import done, refused
from marketplace.listings.permissions import can_edit
from marketplace.listings.tiers import title_in
from marketplace.refining import service, showing
from marketplace.refining.models import Refinement
from marketplace.refining.permissions import can_answer, can_ask, can_decide, can_end, can_write, is_of_company
from marketplace.refining.reading import STEPS, read
from marketplace.refining.schemas import AskForm, EndForm, ProposeForm, ReturnForm
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import current
from marketplace.web.payloads import load

bp = Blueprint("refining", __name__)
BY_BROKERS = {"take": service.take, "release": service.release}


@bp.app_context_processor
def about_needs() -> dict[str, Any]:
    """For the pages of a need and of an organisation: its refinement, and what waits for this reader."""
    return {
        "refinement_of": lambda listing: service.latest(actor(), listing),
        "may_refine": lambda listing: can_ask(actor(), listing), "refined_versions": service.marks_of,
        "refining_waits": lambda: service.waiting_for(actor()), "refining_steps": STEPS,
    }


@bp.get("/refining")
def index() -> ResponseReturnValue:
    return showing.page("refining/index.html", piles=showing.piles(actor()))


@bp.get("/needs/<ref>/refining")
def show(ref: str) -> ResponseReturnValue:
    number = request.args.get("number", "")
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else None
    return _page_of(service.get(actor(), ref, wanted), {}, {}, 200)


def _page_of(
    refinement: Refinement, values: Mapping[str, Any], errors: dict[str, str], status: int
) -> ResponseReturnValue:
    seen = read(actor(), refinement)
    again = can_ask(actor(), refinement.listing) and not refinement.is_open
    return showing.page("refining/show.html", status, seen=seen, refinement=refinement, values=values, errors=errors,
                        hints=showing.hints_of(actor(), seen), again=again)


@bp.route("/needs/<ref>/refining/ask", methods=["GET", "POST"])
def ask(ref: str) -> ResponseReturnValue:
    listing = service.need_of(actor(), ref)
    own, existing = is_of_company(actor(), listing), service.latest(actor(), listing)
    if existing is not None and existing.is_open:
        return redirect(url_for("refining.show", ref=ref))

    def asked(form: dict[str, Any]) -> ResponseReturnValue:
        service.ask(actor(), listing, form["wish"])
        done(_("Asked. A broker will take it; meanwhile you can answer the questions.") if own
             else _("Offered. The company has been told; you can fill in what you know."))
        return redirect(url_for("refining.questions", ref=ref))

    possible = can_ask(actor(), listing)
    return form_page("refining/ask.html", AskForm(), asked, listing=listing, possible=possible, own=own,
                     title=title_in(listing, current()))


@bp.post("/needs/<ref>/refining/<any(take,release):step>")
def take(ref: str, step: str) -> ResponseReturnValue:
    BY_BROKERS[step](actor(), service.get(actor(), ref))
    if step == "take":
        done(_("You are the broker of this refinement now."))
        return redirect(url_for("refining.show", ref=ref))
    done(_("Given back; other brokers were told."))
    return redirect(url_for("refining.index"))


@bp.route("/needs/<ref>/refining/end", methods=["GET", "POST"])
def end(ref: str) -> ResponseReturnValue:
    refinement = service.get(actor(), ref)
    if not can_end(actor(), refinement):
        raise NotFound

    def ended(form: dict[str, Any]) -> ResponseReturnValue:
        service.end(actor(), refinement, form["note"])
        done(_("Refining has ended; the need stays as it is."))
        return redirect(url_for("refining.show", ref=ref))

    return form_page("refining/end.html", EndForm(), ended, refinement=refinement)


@bp.route("/needs/<ref>/refining/questions", methods=["GET", "POST"])
def questions(ref: str) -> ResponseReturnValue:
    refinement = service.get(actor(), ref)
    if not can_answer(actor(), refinement):
        raise NotFound
    if request.method == "GET":
        return _questions_page(ref, refinement.questionnaire.answers, {}, 200)
    raw, hands_over = showing.sent_answers(request.form), request.form.get("then") == "hand_over"
    try:
        service.answer(actor(), refinement, raw, showing.sent_version(), hands_over=hands_over)
    except (Invalid, Conflict) as problem:
        return _questions_page(ref, raw, *refused(problem))
    done(_("Saved, and the other side has been told.") if hands_over else _("Saved. Go on whenever you like."))
    return redirect(url_for("refining.show" if hands_over else "refining.questions", ref=ref))


def _questions_page(ref: str, answers: dict[str, Any], errors: dict[str, str], status: int) -> ResponseReturnValue:
    seen = read(actor(), service.get(actor(), ref))
    return showing.page(
        "refining/questions.html", status, seen=seen, refinement=seen.refinement, errors=errors,
        values=showing.shown_answers(answers), hints=showing.hints_of(actor(), seen), is_stale=status == 409,
    )


@bp.route("/needs/<ref>/refining/text", methods=["GET", "POST"])
def text(ref: str) -> ResponseReturnValue:
    refinement = service.get(actor(), ref)
    if not can_write(actor(), refinement):
        raise NotFound
    if request.method == "GET":
        return showing.text_page(actor(), refinement, showing.text_values(actor(), refinement), {})
    raw = showing.sent_text(request.form)
    try:
        service.write(actor(), refinement, raw, showing.sent_version(), request.form.get("seen"))
    except (Invalid, Conflict) as problem:
        values = {**showing.text_values(actor(), service.get(actor(), ref)), **raw}
        return showing.text_page(actor(), service.get(actor(), ref), values, *refused(problem))
    done(_("Saved; the company does not see it yet."))
    return redirect(url_for("refining.show", ref=ref, _anchor="text"))


@bp.post("/needs/<ref>/refining/propose")
def propose(ref: str) -> ResponseReturnValue:
    refinement = service.get(actor(), ref)
    if not can_write(actor(), refinement):
        raise NotFound
    sent = {name: request.form[name] for name in ("message", "version") if request.form.get(name)}
    try:
        service.propose(actor(), refinement, **load(ProposeForm(), sent))
    except (Invalid, Conflict) as problem:
        return _page_of(service.get(actor(), ref), sent, *refused(problem))
    done(_("The company has been asked to approve the refined text."))
    return redirect(url_for("refining.show", ref=ref))


@bp.route("/needs/<ref>/refining/decision", methods=["GET", "POST"])
def decide(ref: str) -> ResponseReturnValue:
    refinement = service.get(actor(), ref)
    if not can_decide(actor(), refinement):
        return _decided_already(refinement)
    if request.method == "GET":
        return showing.page("refining/decision.html", errors={}, values={}, **showing.decision(actor(), refinement))
    try:
        return _decided(ref)
    except (Invalid, Conflict) as problem:
        errors, status = refused(problem)
        context = showing.decision(actor(), service.get(actor(), ref))
        return showing.page("refining/decision.html", status, errors=errors, values=request.form, **context)


def _decided_already(refinement: Refinement) -> ResponseReturnValue:
    """For the second click, and for a colleague who was slower."""
    if not can_edit(actor(), refinement.listing):
        raise NotFound
    done(_("There is nothing to decide on now; here is where it stands."))
    return redirect(url_for("refining.show", ref=refinement.listing.ref))


def _decided(ref: str) -> ResponseReturnValue:
    refinement, version = service.get(actor(), ref), showing.sent_version()
    if request.form.get("then") == "return":
        form = load(ReturnForm(), {"note": request.form.get("note", "")})
        service.send_back(actor(), refinement, form["note"], version)
        done(_("Sent back. The broker reads your note."))
        return redirect(url_for("refining.show", ref=ref))
    undecided = showing.decision(actor(), refinement)["undecided"]
    service.approve(actor(), refinement, version, keep=showing.kept_fields(request.form),
                    decided_on=None if undecided else request.form.get("decided_on"))
    done(_("Approved: the need says so now. The original is kept."))
    onward = refinement.listing.state in (State.DRAFT, State.CHANGES_REQUESTED)
    return redirect(url_for("listings.submit" if onward else "listings.show", ref=ref))

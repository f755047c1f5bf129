"""The broker's desk, the board, the list and the workload as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Forbidden, NotFound
from marketplace.introductions import desk, desk_showing, filters, service, workload
from marketplace.introductions.desk_schemas import DismissForm, HandOnForm
from marketplace.introductions.models import CloseReason
from marketplace.introductions.permissions import can_use_desk
from marketplace.messaging.service import is_path
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words
from marketplace.web.pagination import page_argument
from marketplace.web.payloads import load

bp = Blueprint("desk", __name__)


@bp.before_request
def for_staff() -> None:
    """Nobody else learns that there is a desk."""
    if not can_use_desk(actor()):
        raise NotFound


@bp.app_context_processor
def about_the_reader() -> dict[str, Any]:
    """For every page: how many next steps are the reader's."""
    return {"count_owed": lambda: service.count_owed(actor()), "uses_desk": lambda: can_use_desk(actor())}


@bp.get("/desk")
def today() -> ResponseReturnValue:
    return render_template("introductions/desk.html", **desk_showing.today(actor()))


@bp.get("/desk/next")
def following() -> ResponseReturnValue:
    """The next case, seen from `after`; it is only opened."""
    ref = desk.next_in_line(actor(), request.args.get("after"))
    if ref is None:
        flash(words(say("Nobody waits for your answer.")))
        return redirect(url_for("desk.today"))
    return redirect(url_for("introductions.show", ref=ref))


@bp.post("/desk/next")
def take_next() -> ResponseReturnValue:
    try:
        taken = service.take_next(actor())
    except Conflict as beaten:
        flash(words(beaten.message), "warning")
        taken = None
    return redirect(url_for("desk.today") if taken is None else url_for("introductions.show", ref=taken.ref))


@bp.get("/desk/board")
def board() -> ResponseReturnValue:
    chosen = filters.read(request.args)
    return render_template("introductions/board.html", **desk_showing.board(actor(), chosen))


@bp.get("/desk/cases")
def cases() -> ResponseReturnValue:
    chosen = filters.read(request.args)
    return render_template("introductions/cases.html", **desk_showing.cases(actor(), chosen, page_argument()))


@bp.get("/desk/brokers")
def brokers() -> ResponseReturnValue:
    return render_template("introductions/workload.html", **desk_showing.loads(actor()))


@bp.post("/desk/moves")
def move() -> ResponseReturnValue:
    """A move from a list or the board; one that asks or lacks something opens its own page, and comes back here."""
    introduction = service.get(actor(), request.form.get("ref", ""))
    key, seen = request.form.get("key", ""), request.form.get("version", type=int)
    is_stale = seen is not None and seen != introduction.version  # the service has the word for it
    if desk_showing.asks(actor(), introduction, key) and not is_stale:
        return redirect(url_for("introductions.move", ref=introduction.ref, key=key, back=back()))
    return _made(introduction.ref, lambda: service.move(actor(), introduction, key, version=seen))


@bp.post("/desk/suggestions/<ref>")
def decide(ref: str) -> ResponseReturnValue:
    """Propose a suggestion to both sides, or dismiss it with a reason."""
    introduction = service.get(actor(), ref)
    form = load(DismissForm(), {name: value for name, value in request.form.items() if name in DismissForm().fields})
    about = {"version": form["version"]}
    if not form["reason_code"]:
        return _made(ref, lambda: service.move(actor(), introduction, "propose", **about))
    about |= {"reason": CloseReason.REJECTED_AT_TRIAGE, "reason_code": form["reason_code"]}
    return _made(ref, lambda: service.move(actor(), introduction, "close", **about))


@bp.route("/desk/hand-on", methods=["GET", "POST"])
def hand_on() -> ResponseReturnValue:
    """Several cases to one broker: what was ticked on the list is shown again before anything happens."""
    given = (request.form if request.method == "POST" else request.args).getlist("ref")[: workload.MOST]
    lines = [desk_showing.line(actor(), card) for card in desk.chosen_cards(actor(), given)]

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        found = workload.hand_on(actor(), form["ref"], form["broker"], form["note"])
        if any(one.problem for one in found):
            return render_template("introductions/handed_on.html", found=found, back=back(), **form)
        flash(words(say("{count} handed on.", count=len(found))))
        return redirect(back())

    return form_page("introductions/hand_on.html", HandOnForm(), done, initial={"ref": given}, lines=lines,
                     brokers=service.brokers(), note_needed=not actor().is_operator, back=back())


def back() -> str:
    """The page of the desk that a move came from."""
    asked = request.values.get("back", "")
    return asked if asked.startswith("/desk") and is_path(asked) else url_for("desk.today")


def _made(ref: str, make: Any) -> ResponseReturnValue:
    try:
        made = make()
    except (Conflict, Forbidden) as refused:
        flash(words(refused.message), "warning")
    else:
        flash(words(say("{ref}: done.", ref=made.ref)))
    return redirect(f"{back()}#{ref}")

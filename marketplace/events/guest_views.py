"""What guests do: show their ticket, bring colleagues, answer invitations and say how often they want any."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import NotFound
from marketplace.events import attending, colleagues, doors, guest_schemas, invited, inviting, service, vocabulary
from marketplace.events.models import Answer, Attendance
from marketplace.events.permissions import can_run
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import words

bp = Blueprint("guests", __name__, url_prefix="/events")
FORM = ["GET", "POST"]
DOOR = "door"
"""In the browser's cookie: at the door of which edition an operator stands."""


@bp.get("/tickets/<token>")
def ticket(token: str) -> ResponseReturnValue:
    """Where the QR code leads: a guest's own ticket; for those at the door, who it is that stands there."""
    theirs = doors.ticket(actor(), token)
    edition = service.get(actor(), theirs.edition.ref)
    at_door = can_run(actor())
    turn = attending.turn(theirs) if theirs.state is Attendance.WAITING else 0
    context = {"one": theirs, "edition": edition, "words_of": vocabulary, "turn": turn}
    if not at_door:
        return render_template("events/ticket.html", picture=doors.picture(theirs), **context)
    door = doors.door(actor(), session.get(DOOR))
    return render_template("events/arrival.html", door=door, elsewhere=bool(door and door.id != edition.id),
                           past=doors.past_of(actor(), [theirs.user_id]), **context)


@bp.route("/<ref>/colleagues", methods=FORM)
def bring(ref: str) -> ResponseReturnValue:
    edition = service.get(actor(), ref)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        made = colleagues.register_some(actor(), edition, values["colleagues"])
        flash(words(say("{count} registered; each of them is told.", count=len(made))), "success")
        return redirect(url_for("guests.bring", ref=ref))

    return form_page("events/colleagues.html", guest_schemas.ColleaguesForm(), done, edition=edition,
                     colleagues=colleagues.colleagues(actor(), edition), words_of=vocabulary)


@bp.post("/<ref>/colleagues/<int:registration_id>/cancel")
def cancel_colleague(ref: str, registration_id: int) -> ResponseReturnValue:
    colleagues.cancel_one(actor(), service.get(actor(), ref), registration_id)
    return redirect(url_for("guests.bring", ref=ref))


@bp.route("/invitations", methods=FORM)
def invitations() -> ResponseReturnValue:
    def done(values: dict[str, Any]) -> ResponseReturnValue:
        invited.choose(actor(), values["often"])
        flash(words(say("Saved.")), "success")
        return redirect(url_for("guests.invitations"))

    return form_page("events/my_invitations.html", guest_schemas.OftenForm(), done, often=invited.OFTEN,
                     initial={"often": invited.wish_of(actor()).value}, words_of=vocabulary, answers=invited.ANSWERS,
                     mine=[(one, invited.path(one)) for one in invited.mine(actor())])


@bp.route("/invitations/<token>", methods=FORM)
@public
def answer(token: str) -> ResponseReturnValue:
    """The link in an invitation. A GET changes nothing: programs that look through mail open every link in it."""
    try:
        asked = invited.behind(token)
    except NotFound:
        return render_template("events/invitation_gone.html"), 404

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        theirs = invited.answer(asked, values["answer"])
        comes = theirs if asked.answer is Answer.ACCEPTED else None
        flash(words(attending.how_it_stands(comes) if comes else say("Thank you for telling us.")), "success")
        return redirect(url_for("guests.answer", token=token))

    return form_page("events/invitation.html", guest_schemas.AnswerForm(), done, asked=asked, edition=asked.edition,
                     theirs=attending.of(asked.user, asked.edition), words_of=vocabulary,
                     why=inviting.said(asked.why, asked.organisation))

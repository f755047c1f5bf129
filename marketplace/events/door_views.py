"""What operators do for guests: invite, decide, print badges, and let them in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from marketplace import regions
from marketplace.errors import require
from marketplace.events import attending, deciding, doors, guest_schemas, invited, inviting, service, vocabulary
from marketplace.events.guest_views import DOOR
from marketplace.events.models import Attendance, Edition, Registration
from marketplace.events.permissions import can_run
from marketplace.listings.vocabulary import FIELDS
from marketplace.organisations.vocabulary import KINDS
from marketplace.phrases import say
from marketplace.web.forms import form_page, submitted
from marketplace.web.guard import actor
from marketplace.web.language import current, words
from marketplace.web.payloads import load

bp = Blueprint("door", __name__, url_prefix="/events")
FORM = ["GET", "POST"]


def to_run(ref: str) -> Edition:
    require(can_run(actor()))
    return service.get(actor(), ref)


def to_door(ref: str) -> ResponseReturnValue:
    return redirect(url_for("door.check_in", ref=ref))


def is_in(ref: str, came: Registration) -> ResponseReturnValue:
    """Back to the door, where it now says at which table they sit."""
    flash(words(say("{person} is checked in.", person=came.user.name)), "success")
    return redirect(url_for("door.check_in", ref=ref, came=came.id))


def around_door(edition: Edition) -> dict[str, Any]:
    text = request.args.get("q", "").replace("\0", "").strip()[:100]
    return {"edition": edition, "words_of": vocabulary, "text": text, "counts": doors.counts(edition),
            "came": doors.just_come(actor(), edition, request.args.get("came", "")),
            "found": doors.look_for(actor(), edition, text)}


@bp.route("/<ref>/check-in", methods=FORM)
def check_in(ref: str) -> ResponseReturnValue:
    """The page that an operator keeps open at the door; codes that are scanned from now on are for this edition."""
    edition = to_run(ref)
    session[DOOR] = ref

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        return is_in(ref, doors.check_in(actor(), edition, values["code"]))

    return form_page("events/door.html", guest_schemas.CodeForm(), done, **around_door(edition))


@bp.post("/<ref>/check-in/new")
def add(ref: str) -> ResponseReturnValue:
    edition = to_run(ref)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        return is_in(ref, doors.add(actor(), edition, values["email"]))

    return form_page("events/door.html", guest_schemas.DoorForm(), done, **around_door(edition))


@bp.post("/<ref>/check-in/<int:registration_id>")
def let_in(ref: str, registration_id: int) -> ResponseReturnValue:
    return is_in(ref, attending.check_in(actor(), to_run(ref), registration_id))


@bp.post("/<ref>/participants/<int:registration_id>/left")
def left(ref: str, registration_id: int) -> ResponseReturnValue:
    gone = attending.leave(actor(), to_run(ref), registration_id)
    flash(words(say("{person} has left.", person=gone.user.name)), "success")
    if request.form.get("back") == "door":
        return to_door(ref)
    return redirect(url_for("events.participants", ref=ref, _anchor=f"p-{registration_id}"))


@bp.post("/<ref>/participants/<int:registration_id>/approve")
def approve(ref: str, registration_id: int) -> ResponseReturnValue:
    edition = to_run(ref)
    seen = load(guest_schemas.SeenForm(unknown="exclude"), request.form.to_dict())["seen"]
    theirs = deciding.approve(actor(), edition, registration_id, seen)
    flash(words(say("{person}: {state}.", person=theirs.user.name, state=vocabulary.ATTENDANCES[theirs.state])))
    return redirect(url_for("events.participants", ref=ref, _anchor=f"p-{registration_id}"))


@bp.route("/<ref>/participants/<int:registration_id>/decline", methods=FORM)
def decline(ref: str, registration_id: int) -> ResponseReturnValue:
    edition = to_run(ref)
    theirs = deciding.to_decide(actor(), edition, registration_id)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        deciding.decline(actor(), edition, registration_id, values["reason"], values["seen"])
        flash(words(say("Declined. {person} is told why.", person=theirs.user.name)))
        return redirect(url_for("events.participants", ref=ref, _anchor=f"p-{registration_id}"))

    return form_page("events/decline.html", guest_schemas.ReasonForm(), done, initial={"seen": theirs.state.value},
                     edition=edition, one=theirs, words_of=vocabulary, may=theirs.state in deciding.CAN_DECLINE)


@bp.get("/<ref>/badges")
def badges(ref: str) -> ResponseReturnValue:
    edition = to_run(ref)
    pieces = [(one, doors.code(one)) for one in attending.placed(edition)]
    return render_template("events/badges.html", edition=edition, pieces=pieces, Attendance=Attendance)


@bp.route("/<ref>/invitations", methods=FORM)
def invitations(ref: str) -> ResponseReturnValue:
    edition, form = to_run(ref), guest_schemas.FilterForm()
    asked = submitted(form, request.values)
    wanted = inviting.filter_of(load(form, guest_schemas.given(asked)))

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        count = inviting.invite(actor(), edition, wanted, values["people"])
        flash(words(say("{count} invited. Each is told in their language.", count=count)), "success")
        return redirect(url_for("door.invitations", ref=ref))

    preview = inviting.preview(actor(), edition, wanted) if "look" in request.values else None
    return form_page("events/invite.html", form, done, initial=asked, edition=edition, preview=preview,
                     sent=inviting.invitations(actor(), edition), said=inviting.said, answers=invited.ANSWERS,
                     kinds=KINDS, fields=FIELDS, has=inviting.HAS, regions=regions.choices(current()))

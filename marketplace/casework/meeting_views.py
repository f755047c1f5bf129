"""Meetings as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts.limits import by_speaker
from marketplace.casework import meetings, minutes, schemas, showing
from marketplace.casework.invitations import invitation
from marketplace.casework.models import Meeting, MeetingState
from marketplace.casework.permissions import can_change_meeting, can_work
from marketplace.errors import NotFound
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction
from marketplace.messaging.mail import address
from marketplace.phrases import Phrase, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import current, words

bp = Blueprint("meetings", __name__, url_prefix="/introductions/<ref>/meetings")
FORM = ["GET", "POST"]


@bp.route("/new", methods=FORM)
@by_speaker
def new(ref: str) -> ResponseReturnValue:
    """?past=1 for one that has taken place: nobody is invited, and its minutes come next."""
    case, past = introductions.get(actor(), ref), request.args.get("past") == "1"
    if not can_work(actor(), case):
        raise NotFound

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        made = meetings.arrange(actor(), case, past=past, **schemas.plan_of(form))
        if past:
            return redirect(url_for("meetings.write_minutes", ref=ref, meeting_id=made.id))
        return _to(case, say("Arranged. Everybody has got an invitation for their calendar."))

    return form_page("casework/meeting.html", schemas.MeetingForm(), done, past=past,
                     initial=showing.new_meeting(actor(), case), **showing.meeting_form(actor(), case))


@bp.route("/<int:meeting_id>/edit", methods=FORM)
def edit(ref: str, meeting_id: int) -> ResponseReturnValue:
    case, meeting = _changeable(ref, meeting_id)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        meetings.change(actor(), meeting, version=form["version"], **schemas.plan_of(form))
        return _to(case, say("Changed. The entry in everybody's calendar changes too."))

    return form_page("casework/meeting.html", schemas.MeetingForm(), done, past=False,
                     initial=showing.values_of(meeting), **showing.meeting_form(actor(), case, meeting))


@bp.route("/<int:meeting_id>/cancel", methods=FORM)
def cancel(ref: str, meeting_id: int) -> ResponseReturnValue:
    case, meeting = _changeable(ref, meeting_id)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        meetings.cancel(actor(), meeting, form["why"], form["version"])
        return _to(case, say("Cancelled. It is taken out of everybody's calendar."))

    return form_page("casework/cancel.html", schemas.CancelForm(), done, initial={"version": meeting.version},
                     case=case, line=showing.meeting_line(actor(), meeting))


@bp.route("/<int:meeting_id>/minutes", methods=FORM)
def write_minutes(ref: str, meeting_id: int) -> ResponseReturnValue:
    case, meeting = _changeable(ref, meeting_id)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        minutes.close(actor(), meeting, **form)
        return _to(case, say("Recorded. Here is what comes next."))

    return form_page("casework/minutes.html", schemas.MinutesForm(), done, initial={"version": meeting.version},
                     **showing.minutes_form(actor(), meeting))


@bp.route("/<int:meeting_id>/no-show", methods=FORM)
def no_show(ref: str, meeting_id: int) -> ResponseReturnValue:
    case, meeting = _changeable(ref, meeting_id)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        minutes.no_show(actor(), meeting, **form)
        return _to(case, say("Noted that somebody did not come."))

    return form_page("casework/no_show.html", schemas.NoShowForm(), done, initial={"version": meeting.version},
                     **showing.minutes_form(actor(), meeting))


@bp.get("/<int:meeting_id>/calendar.ics")
def calendar(ref: str, meeting_id: int) -> ResponseReturnValue:
    case = introductions.get(actor(), ref)
    meeting = meetings.get(actor(), case, meeting_id)
    if not showing.meeting_line(actor(), meeting).shows_people:
        raise NotFound
    text = invitation(meeting, current(), address(url_for("introductions.show", ref=case.ref)))
    name = f"attachment; filename={case.ref}-{meeting.id}.ics"
    method = "CANCEL" if meeting.state is MeetingState.CANCELLED else "REQUEST"
    kind = f"text/calendar; charset=utf-8; method={method}"
    return Response(text, content_type=kind, headers={"Content-Disposition": name})


def _changeable(ref: str, meeting_id: int) -> tuple[Introduction, Meeting]:
    case = introductions.get(actor(), ref)
    meeting = meetings.get(actor(), case, meeting_id)
    if not can_change_meeting(actor(), meeting):
        raise NotFound
    return case, meeting


def _to(case: Introduction, told: Phrase) -> ResponseReturnValue:
    flash(words(told))
    return redirect(url_for("introductions.show", ref=case.ref, _anchor="meetings"))

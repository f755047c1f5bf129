"""Events as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import require
from marketplace.events import attending, calendars, doors, linked, planning, schemas, service, vocabulary
from marketplace.events.models import HAS_PLACE, Attendance, Edition, State
from marketplace.events.permissions import can_run, can_see_people, can_see_video
from marketplace.messaging.mail import address
from marketplace.organisations.permissions import memberships
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, day, words
from marketplace.web.pagination import Slice, page_argument
from marketplace.web.payloads import load

bp = Blueprint("events", __name__, url_prefix="/events")
FORM = ["GET", "POST"]
PAST = 20


@bp.app_template_filter("when")
def when(edition: Edition) -> str:
    """Day, day of the week and hours, in the order each language has them."""
    weekday, hours = words(vocabulary.weekday(edition.starts_at)), vocabulary.hours(edition.starts_at, edition.ends_at)
    date = day(edition.starts_at)
    return f"{date} {weekday} {hours}" if current() == "zh" else f"{weekday} {date}, {hours}"


@bp.get("")
@public
def index() -> ResponseReturnValue:
    return page_of_editions("events/index.html", None)


@bp.get("/series/<slug>")
@public
def series(slug: str) -> ResponseReturnValue:
    return page_of_editions("events/series.html", service.get_series(slug))


def page_of_editions(template: str, series: Any) -> ResponseReturnValue:
    upcoming = service.upcoming(actor=actor(), series=series)
    items, total = service.past(actor(), series, page=page_argument(), size=PAST)
    return render_template(
        template, series=series, upcoming=upcoming, past=Slice(items, total, page_argument(), PAST),
        mine=attending.mine(actor(), [*upcoming, *items]), runs=can_run(actor()),
        all_series=service.all_series() if series is None else [], words_of=vocabulary, State=State,
    )


@bp.get("/<ref>")
@public
def show(ref: str) -> ResponseReturnValue:
    edition = service.get(actor(), ref)
    mine = attending.of(actor(), edition)
    waits = mine is not None and mine.state is Attendance.WAITING
    return render_template(
        "events/show.html", edition=edition, mine=mine, turn=attending.turn(mine) if mine and waits else 0,
        people=attending.people(actor(), edition), sees_people=can_see_people(actor()), runs=can_run(actor()),
        own=[(m.organisation_id, m.organisation) for m in memberships(actor())], words_of=vocabulary,
        moves=service.MOVES[edition.state], State=State, Attendance=Attendance, linked=linked,
        sees_video=can_see_video(actor(), edition, mine.state if mine else None),
    )


@bp.get("/<ref>/calendar.ics")
@public
def calendar(ref: str) -> ResponseReturnValue:
    edition = service.get(actor(), ref)
    knows = can_see_video(actor(), edition, attending.mine(actor(), [edition]).get(edition.id))
    video = edition.video_url or "" if knows else ""
    text = calendars.calendar(edition, current(), address(url_for("events.show", ref=ref)), video)
    name = f"attachment; filename={edition.ref}.ics"
    return Response(text, content_type="text/calendar; charset=utf-8", headers={"Content-Disposition": name})


@bp.post("/<ref>/register")
def register(ref: str) -> ResponseReturnValue:
    edition = service.get(actor(), ref)
    asked = load(schemas.Registering(unknown="exclude"), {k: v for k, v in request.form.items() if v})
    mine = attending.register(actor(), edition, asked["organisation"])
    flash(words(attending.how_it_stands(mine)), "success" if mine.state in HAS_PLACE else "warning")
    return redirect(url_for("events.show", ref=ref))


@bp.post("/<ref>/cancel")
def cancel(ref: str) -> ResponseReturnValue:
    attending.cancel(actor(), service.get(actor(), ref))
    flash(words(say("You are no longer registered. You can register again while places are left.")))
    return redirect(url_for("events.show", ref=ref))


@bp.get("/<ref>/participants")
def participants(ref: str) -> ResponseReturnValue:
    edition = service.get(actor(), ref)
    all_of_them = attending.participants(actor(), edition)
    return render_template(
        "events/participants.html", edition=edition, participants=all_of_them, missing=doors.no_shows(edition),
        past=doors.past_of(actor(), [one.user_id for one in all_of_them]), words_of=vocabulary, Attendance=Attendance,
    )


@bp.post("/<ref>/participants/<int:registration_id>/check-in")
def check_in(ref: str, registration_id: int) -> ResponseReturnValue:
    came = attending.check_in(actor(), service.get(actor(), ref), registration_id)
    flash(words(say("{person} is checked in.", person=came.user.name)), "success")
    return redirect(url_for("events.participants", ref=ref, _anchor=f"p-{registration_id}"))


@bp.post("/<ref>/participants/<int:registration_id>/undo")
def undo_check_in(ref: str, registration_id: int) -> ResponseReturnValue:
    attending.undo_check_in(actor(), service.get(actor(), ref), registration_id)
    return redirect(url_for("events.participants", ref=ref, _anchor=f"p-{registration_id}"))


@bp.route("/series/new", methods=FORM)
def new_series() -> ResponseReturnValue:
    require(can_run(actor()))

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        made = service.create_series(actor(), values)
        flash(words(say("The series is there. Plan its first event.")))
        return redirect(url_for("events.new_edition", slug=made.slug))

    return form_page("events/series_form.html", schemas.SeriesForm(), done, initial={"open_to_outsiders": True},
                     series=None, words_of=vocabulary)


@bp.route("/series/<slug>/edit", methods=FORM)
def edit_series(slug: str) -> ResponseReturnValue:
    require(can_run(actor()))
    series = service.get_series(slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.change_series(actor(), series, values, values["version"])
        flash(words(say("Saved.")))
        return redirect(url_for("events.series", slug=series.slug))

    return form_page("events/series_form.html", schemas.SeriesForm(), done, initial=schemas.form_of_series(series),
                     series=series, words_of=vocabulary)


@bp.route("/series/<slug>/new", methods=FORM)
def new_edition(slug: str) -> ResponseReturnValue:
    require(can_run(actor()))
    series = service.get_series(slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        made = service.create_edition(actor(), series, values)
        flash(words(say("Saved as a draft. Announce it when everything is right.")))
        return redirect(made.url)

    return form_page("events/edition_form.html", schemas.EditionForm(), done, series=series, edition=None,
                     initial=schemas.form_of_template(series, planning.next_day(series)), strands=vocabulary.STRANDS)


@bp.route("/<ref>/edit", methods=FORM)
def edit_edition(ref: str) -> ResponseReturnValue:
    require(can_run(actor()))
    edition = service.get(actor(), ref)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.change_edition(actor(), edition, values, values["version"])
        flash(words(say("Saved.")))
        return redirect(edition.url)

    return form_page("events/edition_form.html", schemas.EditionForm(), done, initial=schemas.form_of_edition(edition),
                     series=edition.series, edition=edition, strands=vocabulary.STRANDS)


@bp.post("/<ref>/state")
def set_state(ref: str) -> ResponseReturnValue:
    step = load(schemas.Step(unknown="exclude"), request.form.to_dict())
    service.set_state(actor(), service.get(actor(), ref), step["state"])
    flash(words(say("{event}: {state}.", event=service.get(actor(), ref), state=vocabulary.STATES[step["state"]])))
    return redirect(url_for("events.show", ref=ref))

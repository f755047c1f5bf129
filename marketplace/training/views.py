"""Training and certificates as pages: sessions to enrol for, brokers and what they are certified for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import clock
from marketplace.errors import Conflict, NotFound
from marketplace.phrases import Phrase, say
from marketplace.training import certificates, schemas, service, vocabulary
from marketplace.training.models import Level, Taking, TrainingSession
from marketplace.training.permissions import can_enrol, can_run
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("training", __name__)
FORM = ["GET", "POST"]
SIZE = 30
TERM = timedelta(days=3 * 365)
"""How long a certificate usually holds; only what a form begins with."""
WORDS: dict[str, Any] = {"levels": vocabulary.LEVELS, "takings": vocabulary.TAKINGS}


@bp.get("/training")
def index() -> ResponseReturnValue:
    over, total = service.past(actor(), page=page_argument(), size=SIZE)
    return render_template("training/index.html", coming=service.coming(actor()), mine=service.mine(actor()),
                           past=Slice(over, total, page_argument(), SIZE), runs=can_run(actor()), **WORDS)


@bp.route("/training/new", methods=FORM)
def new() -> ResponseReturnValue:
    if not can_run(actor()):
        raise NotFound

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        return redirect(url_for("training.show", number=service.plan(actor(), values).id))

    return form_page("training/edit.html", schemas.TrainingForm(), done, initial={"hours": 4, "seats": 30},
                     training=None, **WORDS)


@bp.route("/training/<int:number>/edit", methods=FORM)
def edit(number: int) -> ResponseReturnValue:
    training = service.to_run(actor(), number)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.change(actor(), training, values, values.pop("version"))
        return redirect(url_for("training.show", number=number))

    return form_page("training/edit.html", schemas.ChangedTraining(), done, initial=_written(training),
                     training=training, **WORDS)


@bp.get("/training/<int:number>")
def show(number: int) -> ResponseReturnValue:
    training = service.get(actor(), number)
    return render_template(
        "training/show.html", training=training, mine=service.mine(actor()).get(training.id), runs=can_run(actor()),
        may_enrol=can_enrol(actor(), training), enrolments=service.enrolments(actor(), training), **WORDS,
    )


@bp.post("/training/<int:number>/<any(enrol,leave):what>")
def attend(number: int, what: str) -> ResponseReturnValue:
    training = service.get(actor(), number)
    if what == "enrol":
        return _done(number, say("You have a place."), lambda: service.enrol(actor(), training))
    return _done(number, say("Your place is given back."), lambda: service.leave(actor(), training))


@bp.post("/training/<int:number>/cancel")
def cancel(number: int) -> ResponseReturnValue:
    training = service.to_run(actor(), number)
    return _done(number, say("Cancelled; who has a place is told."), lambda: service.cancel(actor(), training))


@bp.post("/training/<int:number>/enrolments/<int:enrolment_id>/<any(attended,absent):what>")
def mark(number: int, enrolment_id: int, what: str) -> ResponseReturnValue:
    training = service.to_run(actor(), number)
    return _done(number, say("Saved."), lambda: service.mark(actor(), training, enrolment_id, Taking(what)))


@bp.get("/brokers")
def brokers() -> ResponseReturnValue:
    asked = request.args.get("level", "")
    level = Level(asked) if asked in list(Level) else None
    items, total = certificates.brokers(actor(), level, page=page_argument(), size=SIZE)
    return render_template("training/brokers.html", brokers=Slice(items, total, page_argument(), SIZE), level=level,
                           **WORDS)


@bp.get("/brokers/<int:number>")
def broker(number: int) -> ResponseReturnValue:
    person = certificates.broker(actor(), number)
    return render_template("training/broker.html", person=person, certificates=certificates.of(person),
                           attended=service.attended(person), runs=can_run(actor()), **WORDS)


@bp.route("/brokers/<int:number>/certificates/new", methods=FORM)
def certify(number: int) -> ResponseReturnValue:
    if not can_run(actor()):
        raise NotFound
    person = service.trainee(actor(), number)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        training = service.session_of(person, values.pop("session_id"))
        certificates.record(actor(), person, training=training, **values)
        flash(words(say("The certificate is on the profile.")))
        return redirect(url_for("training.broker", number=number))

    sessions = [(one.session_id, one.training.title) for one in service.attended(person)]
    return form_page("training/certificate.html", schemas.CertificateForm(), done, initial=_usual(), person=person,
                     sessions=sessions, **WORDS)


@bp.route("/certificates/<ref>/withdraw", methods=FORM)
def withdraw(ref: str) -> ResponseReturnValue:
    certificate = certificates.get(actor(), ref)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        certificates.withdraw(actor(), certificate, values["reason"])
        flash(words(say("Withdrawn. The profile says so, and why.")))
        return redirect(url_for("training.broker", number=certificate.user_id))

    return form_page("training/withdraw.html", schemas.Withdrawal(), done, certificate=certificate, **WORDS)


def _usual() -> dict[str, Any]:
    """Issued today, for three years, for a session when the address names one."""
    asked = request.args.get("session", "")
    return {"issued_on": clock.today(), "valid_until": clock.today() + TERM,
            "session_id": int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None}


def _done(number: int, told: Phrase, act: Callable[[], object]) -> ResponseReturnValue:
    """Back to the page of the session, with what came of it."""
    try:
        act()
    except Conflict as problem:
        flash(words(problem.message), "error")
    else:
        flash(words(told))
    return redirect(url_for("training.show", number=number))


def _written(training: TrainingSession) -> dict[str, Any]:
    names = [name for name in schemas.ChangedTraining().fields if name != "starts_at"]
    here = training.starts_at.astimezone(clock.PLACE)
    return {**{name: getattr(training, name) for name in names}, "starts_at": f"{here:%Y-%m-%dT%H:%M}"}

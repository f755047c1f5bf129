"""Surveys as those who run them meet them: making, asking, ringing up, publishing."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, send_file, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Invalid, require
from marketplace.listings.sheets import csv_text, write_excel
from marketplace.organisations import vocabulary as organisations
from marketplace.phrases import say
from marketplace.surveys import asking, collecting, questions, schemas, service, showing
from marketplace.surveys.asking import Show, Wanted
from marketplace.surveys.models import SurveyOf
from marketplace.surveys.permissions import can_run
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import current, words
from marketplace.web.pagination import Slice, page_argument
from marketplace.web.payloads import load

bp = Blueprint("operator_surveys", __name__, url_prefix="/operator/surveys")
FORM = ["GET", "POST"]
SIZE, PEOPLE = 20, 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("")
def index() -> ResponseReturnValue:
    items, total = service.every(actor(), page=page_argument(), size=SIZE)
    return showing.page("surveys/every.html", surveys=Slice(items, total, page_argument(), SIZE))


@bp.route("/new", methods=FORM)
def new() -> ResponseReturnValue:
    require(can_run(actor()))

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        made = service.create(actor(), values.pop("kind"), values)
        flash(words(say("Saved as a draft with the usual questions. Look them over, then open it.")), "success")
        return redirect(url_for("operator_surveys.edit", number=made.id))

    first = {"kind": SurveyOf.MEMBERS.value, "smallest": 5}
    return form_page("surveys/new.html", schemas.NewSurvey(), done, initial=first, kinds=showing.KINDS)


@bp.get("/<int:number>")
def show(number: int) -> ResponseReturnValue:
    survey = service.get(actor(), number)
    asked = request.args.get("show")
    shown = Show(asked) if asked in list(Show) else Show.MISSING
    items, counts = asking.follow(actor(), survey, shown, page=page_argument(), size=PEOPLE)
    return showing.page("surveys/show.html", survey=survey, people=Slice(items, counts[shown], page_argument(), PEOPLE),
                        counts=counts, shown=shown, Show=Show, takes_answers=service.takes_answers(survey))


@bp.route("/<int:number>/edit", methods=FORM)
def edit(number: int) -> ResponseReturnValue:
    survey = service.get(actor(), number)
    rows = showing.rows_sent() if request.method == "POST" else questions.rows(service.questions_of(survey))

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        if survey.kind is SurveyOf.EVENT:
            values["closes_at"] = survey.closes_at
        service.change(actor(), survey, values, questions.written(rows), values["version"])
        flash(words(say("Saved.")), "success")
        return redirect(url_for("operator_surveys.show", number=number))

    return form_page("surveys/edit.html", schemas.SurveyForm(), done, initial=schemas.form_of(survey), survey=survey,
                     rows=showing.with_spare(rows), **showing.EDITOR)


@bp.post("/<int:number>/state")
def set_state(number: int) -> ResponseReturnValue:
    survey = service.get(actor(), number)
    step = load(schemas.Step(unknown="exclude"), request.form.to_dict())
    service.set_state(actor(), survey, step["state"])
    flash(words(say("{survey}: {state}.", survey=survey, state=showing.STATES[survey.state])), "success")
    return redirect(url_for("operator_surveys.show", number=number))


@bp.route("/<int:number>/ask", methods=FORM)
def ask(number: int) -> ResponseReturnValue:
    survey = service.get(actor(), number)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        count = asking.ask_members(actor(), survey, Wanted(**values))
        flash(words(say("{count} people have been asked.", count=count)), "success")
        return redirect(url_for("operator_surveys.show", number=number))

    return form_page(
        "surveys/ask.html", schemas.WantedForm(), done, initial=request.args.to_dict(flat=False), survey=survey,
        would=_would_be_asked(), memberships=organisations.MEMBERSHIPS, organisation_kinds=organisations.KINDS)


def _would_be_asked() -> int | None:
    """How many the choice in the address would reach; None before anything was chosen."""
    if not request.args.get("look"):
        return None
    sent = {name: request.args.getlist(name) for name in ("memberships", "kinds")}
    try:
        return len(asking.members(actor(), Wanted(**load(schemas.WantedForm(unknown="exclude"), sent))))
    except Invalid:
        return None


@bp.post("/<int:number>/publish")
def publish(number: int) -> ResponseReturnValue:
    survey = service.get(actor(), number)
    on = request.form.get("on") == "1"
    service.publish(actor(), survey, on)
    flash(words(say("Everybody can see the figures now.") if on else say("The figures are for staff only again.")),
          "success")
    return redirect(url_for("surveys.results", number=number))


@bp.route("/<int:number>/people/<int:person>", methods=FORM)
def person(number: int, person: int) -> ResponseReturnValue:
    survey = service.get(actor(), number)
    asked, calls, answer = asking.person(actor(), survey, person)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        reached = values["reached"] == "yes"
        asking.call(actor(), survey, person, number=values["number"], reached=reached, note=values["note"])
        flash(words(say("The call is noted.")), "success")
        return redirect(url_for("operator_surveys.show", number=number))

    said = showing.lines(survey, answer) if answer else []
    return form_page("surveys/person.html", schemas.CallForm(), done, survey=survey, asked=asked, calls=calls,
                     answer=answer, lines=said, initial={"number": asked.calls + 1})


@bp.get("/<int:number>/answers.<any(csv,xlsx):format>")
def export(number: int, format: str) -> Response:
    """Every answer with who gave it. Texts are never formulas: see listings/sheets.py."""
    survey = service.get(actor(), number)
    collecting.note_export(actor(), survey)
    titles, rows = collecting.headings(survey, current()), collecting.rows(actor(), survey, current())
    name = f"yinqiao-survey-{number}.{format}"
    if format == "csv":
        answer = Response(stream_with_context(csv_text(titles, rows)), content_type="text/csv; charset=utf-8")
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        return answer
    file = NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115 - it is gone once the answer has been sent
    write_excel(Path(file.name), titles, rows)
    return send_file(file, XLSX, as_attachment=True, download_name=name)

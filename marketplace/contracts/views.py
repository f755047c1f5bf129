"""Contracts as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.contracts import ledger, registration, sheets, showing, steps, surveys
from marketplace.contracts import vocabulary as words_of_contracts
from marketplace.contracts.form import FIELDS, SECTIONS
from marketplace.contracts.ledger import What
from marketplace.contracts.models import Answer
from marketplace.contracts.permissions import can_edit
from marketplace.contracts.schemas import CancelForm, LedgerQuery, RegistrationForm, StepForm, SurveyForm
from marketplace.errors import Invalid, NotFound
from marketplace.introductions import correcting
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction
from marketplace.introductions.schemas import form_of
from marketplace.introductions.showing import row
from marketplace.listings import classifications
from marketplace.listings.vocabulary import CONTRACT_TYPES, CURRENCIES
from marketplace.phrases import Phrase, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, words
from marketplace.web.pagination import Slice, page_argument
from marketplace.web.payloads import load

bp = Blueprint("contracts", __name__)
FORM = ["GET", "POST"]
SIZE = 30
WORDS = {
    "vocabulary": words_of_contracts, "sides": showing.SIDE_NAMES, "contract_types": CONTRACT_TYPES,
    "currencies": CURRENCIES,
}


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """For the page of a case, and for the desk."""
    return {
        "contract_part": lambda introduction: showing.part(actor(), introduction), "contract_words": WORDS,
        "overdue_steps": lambda: steps.overdue_for(actor()),
    }


@bp.route("/introductions/<ref>/contract/correct", methods=FORM)
def correct(ref: str) -> ResponseReturnValue:
    case = showing.correctable(actor(), introductions.get(actor(), ref))
    asked = correcting.correction_inputs(case)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        correcting.correct(actor(), case, form, former=form.pop("version", None))
        return _to(case, "contract", say("The contract is corrected; the former record stays below it."))

    latest = case.contracts[-1]
    initial = {**correcting.as_entered(latest), "version": latest.id}
    return form_page("contracts/correct.html", form_of(asked), done, initial=initial, case=case, inputs=asked)


@bp.get("/introductions/<ref>/registration")
def form(ref: str) -> ResponseReturnValue:
    case = introductions.get(actor(), ref)
    filled = registration.read(actor(), case)
    return render_template(
        "contracts/form.html", case=case, filled=filled, sections=showing.form_rows(filled.values), title=sheets.TITLE,
        note=sheets.NOTE, may_edit=can_edit(actor(), case),
    )


@bp.route("/introductions/<ref>/registration/edit", methods=FORM)
def edit_form(ref: str) -> ResponseReturnValue:
    case = showing.editable(actor(), introductions.get(actor(), ref))
    filled = registration.read(actor(), case)

    def done(entered: dict[str, Any]) -> ResponseReturnValue:
        given = {name: entered.get(name) for name in FIELDS}
        kept = registration.save(actor(), case, given, version=entered.get("version"))
        flash(words(_how_far(len(kept.missing))), "success")
        return redirect(url_for("contracts.form", ref=case.ref))

    return form_page(
        "contracts/form_edit.html", RegistrationForm(), done, initial={**filled.values, "version": filled.version},
        case=case, sections=SECTIONS, labels=showing.labels(), industries=classifications.industry_groups(current()),
    )


@bp.get("/introductions/<ref>/registration.xlsx")
def form_file(ref: str) -> Response:
    case = introductions.get(actor(), ref)
    filled = registration.read(actor(), case)
    return _file(sheets.registration_book(case.ref, filled.values), f"{case.ref}-registration.xlsx")


@bp.route("/introductions/<ref>/steps/new", methods=FORM)
def new_step(ref: str) -> ResponseReturnValue:
    """?kind=milestone or payment."""
    case = showing.editable(actor(), introductions.get(actor(), ref))

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        step = steps.plan(actor(), case, form)
        return _to(case, "steps", say("Noted: {title}.", title=step.title))

    initial = showing.new_step(case, request.args.get("kind", ""))
    return form_page("contracts/step.html", StepForm(), done, initial=initial, case=case, step=None, **WORDS)


@bp.route("/introductions/<ref>/steps/<int:number>", methods=FORM)
def step(ref: str, number: int) -> ResponseReturnValue:
    case = showing.editable(actor(), introductions.get(actor(), ref))
    one = steps.one(actor(), case, number)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        steps.change(actor(), one, form, version=form.pop("version", None))
        return _to(case, "steps", say("Noted: {title}.", title=form["title"]))

    return form_page(
        "contracts/step.html", StepForm(), done, initial=showing.as_entered(one), case=case, step=one, **WORDS
    )


@bp.route("/introductions/<ref>/steps/<int:number>/cancel", methods=FORM)
def cancel_step(ref: str, number: int) -> ResponseReturnValue:
    case = showing.editable(actor(), introductions.get(actor(), ref))
    one = steps.one(actor(), case, number)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        steps.cancel(actor(), one, form["because"], version=form.get("version"))
        return _to(case, "steps", say("Cancelled: {title}.", title=one.title))

    return form_page("contracts/cancel.html", CancelForm(), done, initial={"version": one.version}, case=case, step=one)


@bp.route("/introductions/<ref>/surveys/<int:number>", methods=FORM)
def survey(ref: str, number: int) -> ResponseReturnValue:
    case = introductions.get(actor(), ref)
    one = surveys.one(actor(), case, number)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        surveys.answer(actor(), one, form, version=form.pop("version", None))
        return _to(case, "surveys", say("Thank you. Your answer is on record."))

    names = ("answer", "jobs", "revenue", "currency", "satisfaction", "comment", "version")
    initial = {name: getattr(one, name) for name in names}
    return form_page("contracts/survey.html", SurveyForm(), done, initial=initial, survey=one, case=case,
                     may_answer=surveys.can_answer(actor(), one), **WORDS)


@bp.route("/survey/<token>", methods=FORM)
@public
def answer(token: str) -> ResponseReturnValue:
    """The links in the mail. A GET changes nothing: programs that look through mail open every link in it."""
    try:
        by = surveys.bearer(token)
    except NotFound:
        return _unlisted((render_template("contracts/survey_gone.html"), 404))

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        surveys.answer_by_link(token, form)
        return render_template("contracts/survey_done.html", survey=by.survey, **WORDS)

    if not by.is_open and request.method == "GET":
        return _unlisted(render_template("contracts/survey_done.html", survey=by.survey, **WORDS))
    asked = request.args.get("answer", "")
    initial = {"answer": asked if asked in list(Answer) else "", "currency": "CNY"}
    return _unlisted(form_page("contracts/survey_link.html", SurveyForm(), done, initial=initial, survey=by.survey,
                               **WORDS))


@bp.get("/ledger")
def ledger_page() -> ResponseReturnValue:
    errors: dict[str, Any] = {}
    try:
        within, broker = _asked()
    except Invalid as problem:  # the days come back with what is wrong with them
        errors, within, broker = problem.fields, ledger.this_year(), None
    lines = ledger.accounts(actor(), within, broker)
    context = {"lines": lines, "whole": ledger.total(lines), "what": ledger.WHAT, "means": ledger.MEANS,
               "within": within, "broker": broker, "periods": showing.periods(), "period_names": showing.PERIODS}
    values = {name: request.args.get(name, "") for name in ("from", "to")}
    page = render_template("contracts/ledger.html", values=values, errors=errors, **context)
    return make_response(page, 422 if errors else 200)


@bp.get("/ledger/<any(csv, xlsx):format>")
def ledger_file(format: str) -> Response:
    within, broker = _asked()
    content = sheets.ledger_file(ledger.accounts(actor(), within, broker), current(), format)
    ledger.note_export(actor(), broker)
    return _file(content, sheets.file_name("ledger", within.since, within.until, format))


@bp.get("/ledger/cases/<any(sourced, qualified, introduced, signed, implemented, declined):what>")
def ledger_cases(what: str) -> ResponseReturnValue:
    within, broker = _asked()
    page = page_argument()
    found, total = ledger.cases(actor(), What(what), within, broker, page, SIZE)
    rows = [(row(actor(), introduction), at) for introduction, at in found]
    return render_template("contracts/ledger_cases.html", page=Slice(rows, total, page, SIZE), what=What(what),
                           names=ledger.WHAT, means=ledger.MEANS, within=within, broker=broker)


def _asked() -> tuple[ledger.Period, Any]:
    given = {name: request.args[name] for name in ("from", "to", "broker") if request.args.get(name)}
    query = load(LedgerQuery(), given)
    return ledger.period(query["since"], query["until"]), ledger.broker_named(actor(), query["broker"])


def _how_far(missing: int) -> Phrase:
    if missing:
        return say("Saved. The office will ask for {n} more.", n=missing)
    return say("Saved. Nothing is missing: print it or download it.")


def _to(case: Introduction, anchor: str, message: Phrase) -> ResponseReturnValue:
    flash(words(message), "success")
    return redirect(url_for("introductions.show", ref=case.ref, _anchor=anchor))


def _file(content: bytes, name: str) -> Response:
    kind = sheets.XLSX if name.endswith(".xlsx") else sheets.CSV
    return Response(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _unlisted(page: ResponseReturnValue) -> Response:
    response = make_response(page)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response

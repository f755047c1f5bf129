"""Contracts over the API."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_smorest import Blueprint

from marketplace.contracts import form, ledger, registration, steps, surveys
from marketplace.contracts.models import Step, Survey
from marketplace.contracts.permissions import can_see_amounts
from marketplace.contracts.schemas import (
    ContractPage,
    LedgerCases,
    LedgerCasesQuery,
    LedgerOut,
    LedgerQuery,
    RegistrationForm,
    RegistrationOut,
    StepChange,
    StepForm,
    StepOut,
    StepPage,
    SurveyForm,
    SurveyOut,
    SurveyPage,
)
from marketplace.errors import NotFound
from marketplace.introductions import agreements, correcting
from marketplace.introductions import inputs as ask
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Contract, Introduction
from marketplace.introductions.schemas import form_of
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("contracts_api", __name__, url_prefix="/api/v1", description="From a contract to its outcome")
Correction = type(form_of((*ask.CONTRACT, ask.EVIDENCE, ask.REGISTRATION_NO, ask.WAIVER_REASON, correcting.BECAUSE)))


@bp.get("/introductions/<ref>/contract")
@bp.etag
@bp.response(200, ContractPage)
def contract(ref: str) -> dict[str, Any]:
    """The contract on record, and the records that it took the place of."""
    return _contract(_case(ref))


@bp.post("/introductions/<ref>/contract")
@bp.arguments(Correction)
@bp.response(200, ContractPage)
def correct(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Correct the contract: send all of it and why. `version` is that of the record you saw; the former one is kept.
    The first record is made by the moves `sign` and `record_contract`."""
    case = _case(ref)
    correcting.correct(actor(), case, given, former=given.pop("version", None))
    return _contract(case)


@bp.get("/introductions/<ref>/registration")
@bp.etag
@bp.response(200, RegistrationOut)
def show_registration(ref: str) -> dict[str, Any]:
    """The form for the registration office (技术合同登记表), as far as it is filled; `missing` is left to fill in."""
    case = introductions.get(actor(), ref)
    return _registration(case, registration.read(actor(), case))


@bp.patch("/introductions/<ref>/registration")
@bp.arguments(RegistrationForm)
@bp.response(200, RegistrationOut)
def save_registration(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Put values of your own in; what you leave out stays, null empties."""
    case = introductions.get(actor(), ref)
    return _registration(case, registration.save(actor(), case, given, version=given.pop("version", None)))


@bp.get("/introductions/<ref>/steps")
@bp.response(200, StepPage)
def every_step(ref: str) -> dict[str, Any]:
    """Milestones and payments, by planned day."""
    case = introductions.get(actor(), ref)
    listed = steps.every(actor(), case)
    shown = can_see_amounts(actor(), case)
    sums = steps.sums(case, listed) if shown else None
    return {"introduction": case.ref, "items": [_step(case, step) for step in listed], "sums": sums}


@bp.post("/introductions/<ref>/steps")
@bp.arguments(StepForm)
@bp.response(201, StepOut)
def plan_step(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Plan a milestone or a payment."""
    case = introductions.get(actor(), ref)
    given.pop("version", None)
    return _step(case, steps.plan(actor(), case, given))


@bp.get("/introductions/<ref>/steps/<int:number>")
@bp.etag
@bp.response(200, StepOut)
def show_step(ref: str, number: int) -> dict[str, Any]:
    """One milestone or payment."""
    case = introductions.get(actor(), ref)
    return _step(case, steps.one(actor(), case, number))


@bp.patch("/introductions/<ref>/steps/<int:number>")
@bp.arguments(StepChange)
@bp.response(200, StepOut)
def change_step(given: dict[str, Any], ref: str, number: int) -> dict[str, Any]:
    """Change it, say that it was done (`actual_on`), or cancel it (`cancelled_because`)."""
    case = introductions.get(actor(), ref)
    step, version = steps.one(actor(), case, number), given.pop("version", None)
    if given.get("cancelled_because"):
        return _step(case, steps.cancel(actor(), step, given["cancelled_because"], version=version))
    return _step(case, steps.change(actor(), step, {**_as_given(step), **given}, version=version))


@bp.get("/introductions/<ref>/surveys")
@bp.response(200, SurveyPage)
def every_survey(ref: str) -> dict[str, Any]:
    """What was asked 6 months after work began and 12 after first use: each side sees its own, the broker of the case
    and operators both."""
    case = introductions.get(actor(), ref)
    return {"introduction": case.ref, "items": [_survey(one) for one in surveys.of(actor(), case)]}


@bp.get("/introductions/<ref>/surveys/<int:number>")
@bp.etag
@bp.response(200, SurveyOut)
def show_survey(ref: str, number: int) -> dict[str, Any]:
    """One survey, with the answer where there is one."""
    return _survey(surveys.one(actor(), introductions.get(actor(), ref), number))


@bp.post("/introductions/<ref>/surveys/<int:number>")
@bp.arguments(SurveyForm)
@bp.response(200, SurveyOut)
def answer_survey(given: dict[str, Any], ref: str, number: int) -> dict[str, Any]:
    """Answer for your side: `in_use`, `under_way` or `stopped`, and more if you like. Answering again replaces it."""
    one = surveys.one(actor(), introductions.get(actor(), ref), number)
    surveys.answer(actor(), one, given, version=given.pop("version", None))
    return _survey(one)


@bp.get("/ledger")
@bp.arguments(LedgerQuery, location="query")
@bp.response(200, LedgerOut)
def whole_ledger(query: dict[str, Any]) -> dict[str, Any]:
    """What each broker sourced, qualified, introduced and closed: brokers their own, operators everybody's. Without
    days it is this year so far."""
    within = ledger.period(query["since"], query["until"])
    lines = ledger.accounts(actor(), within, ledger.broker_named(actor(), query["broker"]))
    return {"since": within.since, "until": within.until, "items": [_line(line) for line in lines]}


@bp.get("/ledger/cases")
@bp.arguments(LedgerCasesQuery, location="query")
@bp.response(200, LedgerCases)
def ledger_cases(query: dict[str, Any]) -> dict[str, Any]:
    """The cases behind a number of the ledger, each with the moment at which it counted."""
    within, page = ledger.period(query["since"], query["until"]), {name: query[name] for name in ("page", "size")}
    broker = ledger.broker_named(actor(), query["broker"])
    found, total = ledger.cases(actor(), query["what"], within, broker, **page)
    return {"items": [
        {"introduction": case.ref, "at": at, "url": url_for("introductions.show", ref=case.ref, _external=True)}
        for case, at in found
    ], "total": total, **page}


def _case(ref: str) -> Introduction:
    case = introductions.get(actor(), ref)
    if not case.contracts:
        raise NotFound
    return case


def _contract(case: Introduction) -> dict[str, Any]:
    former = [_record(case, record) for record in correcting.former_contracts(case)]
    return {"introduction": case.ref, "contract": _record(case, case.contracts[-1]), "former": former}


def _record(case: Introduction, record: Contract) -> dict[str, Any]:
    """A technology amount under an undisclosed contract amount is for the privy alone, and so is a former amount of a
    contract that no longer discloses it."""
    shown = can_see_amounts(actor(), case)
    return {
        **{name: getattr(record, name) for name in (*agreements.COPIED, "corrected_because")},
        "version": record.id, "recorded_at": record.at, "recorded_by": record.user.name,
        "undisclosed": record.amount is None, "parties": agreements.parties_of(record.parties),
        "amount": record.amount if shown else None, "technology_amount": record.technology_amount if shown else None,
    }


def _registration(case: Introduction, filled: registration.Filled) -> dict[str, Any]:
    return {
        "introduction": case.ref, "values": {name: form.to_json(value) for name, value in filled.values.items()},
        "entered": sorted(filled.entered), "version": filled.version,
        "missing": [{"name": field.name, "label": words(field.whole_label)} for field in filled.missing],
    }


def _as_given(step: Step) -> dict[str, Any]:
    names = ("kind", "title", "planned_on", "amount", "currency", "payer", "is_final", "actual_on", "actual_amount",
             "evidence")
    return {name: getattr(step, name) for name in names}


def _step(case: Introduction, step: Step) -> dict[str, Any]:
    names = ("id", "title", "planned_on", "currency", "payer", "is_final", "actual_on", "evidence", "cancelled_because",
             "version")
    shown = can_see_amounts(actor(), case)
    return {
        **{name: getattr(step, name) for name in names}, "kind": step.kind.value, "state": step.state.value,
        "amount": step.amount if shown else None, "actual_amount": step.actual_amount if shown else None,
    }


def _survey(survey: Survey) -> dict[str, Any]:
    names = ("id", "sent_at", "answered_at", "jobs", "revenue", "currency", "satisfaction", "comment", "version")
    return {
        **{name: getattr(survey, name) for name in names}, "kind": survey.kind.value, "side": survey.side.value,
        "answer": survey.answer.value if survey.answer else None,
    }


def _line(line: ledger.Account) -> dict[str, Any]:
    return {
        "broker_id": line.broker.id, "broker": line.broker.name, "undisclosed": line.undisclosed,
        "counts": {what.value: many for what, many in line.counts.items()},
        "amounts": [
            {"currency": currency, "contract": amount, "technology": technology}
            for currency, (amount, technology) in sorted(line.amounts.items())
        ],
    }

"""Refining over the API."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_smorest import Blueprint

from marketplace.errors import NotFound
from marketplace.listings.tiers import title_in
from marketplace.phrases import say
from marketplace.refining import service, texts
from marketplace.refining.answers import still_open
from marketplace.refining.hints import hints as hints_for
from marketplace.refining.models import Refinement
from marketplace.refining.permissions import is_of_company
from marketplace.refining.reading import STEPS, is_mine_to_do, read, rights
from marketplace.refining.schemas import (
    ApproveShape,
    AskForm,
    EndForm,
    HintsOut,
    ProposeForm,
    QuestionnaireOut,
    QuestionnaireShape,
    RefinementOut,
    RefinementsOut,
    ReturnForm,
    TextShape,
)
from marketplace.web.guard import actor
from marketplace.web.language import current, words

bp = Blueprint("refining_api", __name__, url_prefix="/api/v1", description="Refining a need before it goes out")


@bp.get("/refinements")
@bp.response(200, RefinementsOut)
def mine() -> dict[str, Any]:
    """The needs being refined that concern you: to take (for brokers), yours to do, others', over."""
    lists = service.lists_of(actor())
    return {name: [_brief(one) for one in getattr(lists, name).items] for name in ("to_take", "mine", "others", "over")}


@bp.get("/needs/<ref>/refinement")
@bp.etag
@bp.response(200, RefinementOut)
def show(ref: str) -> dict[str, Any]:
    """The need's latest refinement, as far as you may read it."""
    return _whole(service.get(actor(), ref))


@bp.post("/needs/<ref>/refinement")
@bp.arguments(AskForm, required=False)
@bp.response(201, RefinementOut)
def ask(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Ask a broker to refine your need; as a broker, offer to refine one that has been handed in."""
    return _whole(service.ask(actor(), service.need_of(actor(), ref), given["wish"]))


@bp.get("/needs/<ref>/refinement/questionnaire")
@bp.etag
@bp.response(200, QuestionnaireOut)
def questionnaire(ref: str) -> dict[str, Any]:
    """The answers so far, and in `still_open` what is not answered yet."""
    return _sheet(service.get(actor(), ref))


@bp.put("/needs/<ref>/refinement/questionnaire")
@bp.arguments(QuestionnaireShape)
@bp.response(200, RefinementOut)
def answer(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Save the answers, however few; the company or its broker."""
    refinement = service.get(actor(), ref)
    return _whole(service.answer(actor(), refinement, given["answers"], given["version"],
                                 hands_over=given["hands_over"]))


@bp.put("/needs/<ref>/refinement/text")
@bp.arguments(TextShape)
@bp.response(200, RefinementOut)
def write(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Keep the refined text as far as it is; its broker. The company sees it once it is proposed."""
    version, seen = given.pop("version"), given.pop("seen")
    return _whole(service.write(actor(), service.get(actor(), ref), given, version, seen))


@bp.post("/needs/<ref>/refinement/propose")
@bp.arguments(ProposeForm, required=False)
@bp.response(200, RefinementOut)
def propose(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Lay the refined text before the company."""
    return _whole(service.propose(actor(), service.get(actor(), ref), **given))


@bp.post("/needs/<ref>/refinement/approve")
@bp.arguments(ApproveShape, required=False)
@bp.response(200, RefinementOut)
def approve(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """For the company: the need says so from now on. 409 while fields that both changed are not decided."""
    return _whole(service.approve(actor(), service.get(actor(), ref), **given))


@bp.post("/needs/<ref>/refinement/return")
@bp.arguments(ReturnForm)
@bp.response(200, RefinementOut)
def send_back(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """For the company: something should be different; the broker reads the note."""
    return _whole(service.send_back(actor(), service.get(actor(), ref), **given))


@bp.post("/needs/<ref>/refinement/<verb>")
@bp.arguments(EndForm, required=False)
@bp.response(200, RefinementOut)
def step(given: dict[str, Any], ref: str, verb: str) -> dict[str, Any]:
    """take or release (brokers), hand-over the questionnaire, or end."""
    steps = {"take": service.take, "release": service.release, "hand-over": service.hand_over}
    refinement = service.get(actor(), ref)
    if verb == "end":
        return _whole(service.end(actor(), refinement, given["note"]))
    if verb not in steps:
        raise NotFound(say("There is no such action. These exist: {actions}.", actions=", ".join([*steps, "end"])))
    return _whole(steps[verb](actor(), refinement))


@bp.get("/needs/<ref>/refinement/hints")
@bp.response(200, HintsOut)
def hints(ref: str) -> dict[str, Any]:
    """Words of the need that find no result, what finds some, and what it leaves vague."""
    refinement = service.get(actor(), ref)
    seen = read(actor(), refinement)
    found = hints_for(actor(), refinement.listing, seen.text or texts.now_of(refinement.listing))
    return {
        "words_asked": found.asked, "unheard": found.unheard, "degraded": found.is_degraded,
        "nearby": [{"keyword": word, "results": count} for word, count in found.nearby],
        "vague": [{"field": one.field.name, "says": words(one.says)} for one in found.vague],
    }


def _brief(refinement: Refinement) -> dict[str, Any]:
    listing, may = refinement.listing, rights(actor(), refinement)
    company = is_of_company(actor(), listing)
    return {
        "need": listing.ref, "title": title_in(listing, current()), "organisation": words(listing.organisation),
        "number": refinement.number, "step": refinement.step, "step_name": words(STEPS[refinement.step]),
        "turn": refinement.turn, "mine_to_do": is_mine_to_do(refinement, may, company),
        "broker": refinement.broker.name if refinement.broker else None, "asked_at": refinement.asked_at,
        "changed_at": refinement.changed_at, "url": url_for("refining.show", ref=listing.ref, _external=True),
    }


def _whole(refinement: Refinement) -> dict[str, Any]:
    seen = read(actor(), refinement)
    names = ("version", "wish", "message", "remark")
    return {
        **_brief(refinement), **{name: getattr(refinement, name) for name in names},
        "original": seen.original, "text": seen.text, "text_now": texts.digest(texts.now_of(refinement.listing)),
        "changed_meanwhile": [change.field.name for change in seen.meanwhile],
        "questionnaire": _sheet(refinement),
        "history": [
            {"what": act.what, "at": act.at, "by": act.actor.name if act.actor else None, "note": act.note}
            for act in seen.acts
        ],
        "may": [name for name, allowed in vars(seen.may).items() if allowed],
    }


def _sheet(refinement: Refinement) -> dict[str, Any]:
    sheet = refinement.questionnaire
    open_ends = still_open(sheet.answers) if refinement.is_open else ()
    return {
        "answers": sheet.answers, "version": sheet.version, "changed_at": sheet.changed_at,
        "changed_by": sheet.changed_by.name if sheet.changed_by else None,
        "still_open": {name: words(said) for name, said in open_ends},
    }

"""From interest to use, over JSON."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_smorest import Blueprint

from marketplace.accounts.limits import by_speaker
from marketplace.introductions import service
from marketplace.introductions import vocabulary as vocabulary_of_stages
from marketplace.introductions.models import History, Introduction, Side, Stage
from marketplace.introductions.permissions import can_broker
from marketplace.introductions.reading import SideView, note_of, organisation_of, read, reason_of, who_moved, words_of
from marketplace.introductions.schemas import (
    HistoryPage,
    IntroductionPage,
    IntroductionShape,
    ListQuery,
    MoveShape,
    NewIntroduction,
)
from marketplace.introductions.service import Available
from marketplace.listings import service as listings
from marketplace.web.guard import actor
from marketplace.web.language import current, words

bp = Blueprint("introductions_api", __name__, url_prefix="/api/v1", description="From interest to use")
COMMON = (
    "ref", "status", "close_reason", "reason_code", "origin", "owed_by", "due_at", "entered_stage_at", "created_at"
)


@bp.get("/introductions")
@bp.arguments(ListQuery, location="query")
@bp.response(200, IntroductionPage)
def mine(query: dict[str, Any]) -> dict[str, Any]:
    """The introductions you are part of; what you owe comes first."""
    stage = None if query["stage"] is None else Stage(query["stage"])
    page = {"page": query["page"], "size": query["size"]}
    items, total = service.mine(actor(), status=query["status"], stage=stage, **page)
    return {"items": [_brief(introduction) for introduction in items], "total": total, **page}


@bp.post("/introductions")
@bp.arguments(NewIntroduction)
@bp.response(201, IntroductionShape)
@by_speaker
def begin(new: dict[str, Any]) -> dict[str, Any]:
    """Express interest for one side, or, as a broker who belongs to neither, suggest the pair to both."""
    need, result = listings.get(actor(), new.pop("need")), listings.get(actor(), new.pop("result"))
    if can_broker(actor(), need, result):
        return _whole(service.suggest(actor(), need, result, new["origin"]))
    return _whole(service.express_interest(actor(), need, result, **new))


@bp.get("/introductions/<ref>")
@bp.etag
@bp.response(200, IntroductionShape)
def show(ref: str) -> dict[str, Any]:
    """Where it stands, and in `moves` what you may do: each with what it asks, whether it is possible now, and what is
    missing when it is not."""
    return _whole(service.get(actor(), ref))


@bp.post("/introductions/<ref>/moves")
@bp.arguments(MoveShape)
@bp.response(200, IntroductionShape)
@by_speaker
def move(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Make a move. `/help/pipeline` lists them all; 409 when somebody else was faster or it is not its turn."""
    return _whole(service.move(actor(), service.get(actor(), ref), given.pop("move"), **given))


@bp.get("/introductions/<ref>/history")
@bp.response(200, HistoryPage)
def history(ref: str) -> dict[str, Any]:
    """Every move, the first one first, with the time it took effect and the time it was recorded."""
    introduction = service.get(actor(), ref)
    rows = service.history(actor(), introduction)
    return {"introduction": introduction.ref, "items": [_row(introduction, row) for row in rows]}


def _common(introduction: Introduction) -> dict[str, Any]:
    return {
        **{name: getattr(introduction, name) for name in COMMON},
        "stage": int(introduction.stage), "stage_name": words(vocabulary_of_stages.STAGES[introduction.stage].name),
        "broker": introduction.broker.name if introduction.broker else None,
        "url": url_for("introductions.show", ref=introduction.ref, _external=True),
    }


def _brief(introduction: Introduction) -> dict[str, Any]:
    return {**_common(introduction), **{side.value: _brief_side(introduction, side) for side in Side}}


def _brief_side(introduction: Introduction, side: Side) -> dict[str, Any]:
    listing = introduction.listing_of(side)
    said = words_of(actor(), listing)
    title = next((w.title for w in said if w.language == current()), said[0].title)
    return {"ref": listing.ref, "title": title, "organisation": words(organisation_of(actor(), introduction, side))}


def _whole(introduction: Introduction) -> dict[str, Any]:
    seen = read(actor(), introduction)
    return {
        **_common(introduction), "need": _side(seen.need), "result": _side(seen.result),
        "reason_text": reason_of(actor(), introduction), "wakes_at": introduction.wakes_at,
        "version": introduction.version, "nda_needed": seen.needs_nda,
        "moves": [_available(move) for move in service.all_moves(actor(), introduction)],
    }


def _side(view: SideView) -> dict[str, Any]:
    return {
        "ref": view.ref, "title": view.in_language(current()).title, "organisation": words(view.organisation),
        "mine": view.is_mine, "interest": view.answers, "consented": view.has_consented,
        "nda_signed": view.has_signed_nda, "contract_confirmed": view.has_confirmed_contract,
        "outcome_confirmed": view.has_confirmed_outcome, "contacts": view.people,
    }


def _available(available: Available) -> dict[str, Any]:
    move = available.move
    return {
        "move": move.name, "reason": move.reason, "label": words(move.label), "explains": words(move.explains),
        "to": [int(stage) for stage in available.targets], "possible": available.is_possible,
        "missing": [words(lack) for lack in available.missing],
        "inputs": [
            {"name": entry.name, "label": words(entry.label), "type": entry.shape.value, "required": entry.required,
             "choices": {code: words(label) for code, label in entry.choices.items()} if entry.choices else None}
            for entry in available.inputs
        ],
    }


def _row(introduction: Introduction, row: History) -> dict[str, Any]:
    names = ("version", "move", "from_status", "status", "effective_at", "recorded_at", "reason", "reason_code")
    return {
        **{name: getattr(row, name) for name in names}, "note": note_of(actor(), introduction, row),
        "from_stage": None if row.from_stage is None else int(row.from_stage), "to_stage": int(row.to_stage),
        "actor": words(who_moved(actor(), introduction, row)),
    }

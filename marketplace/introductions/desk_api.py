"""The broker's day over JSON: desk, board, list, workload, several cases handed on at once. For platform staff."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_smorest import Blueprint

from marketplace.errors import NotFound
from marketplace.introductions import desk, service, vocabulary, workload
from marketplace.introductions.cards import Card, End
from marketplace.introductions.desk_schemas import (
    BoardShape,
    CasePage,
    CaseQuery,
    DeskShape,
    HandedOnPage,
    HandOnShape,
    LoadsShape,
    PagedCaseQuery,
)
from marketplace.introductions.desk_showing import NAMES
from marketplace.introductions.filters import Filters
from marketplace.introductions.permissions import can_use_desk
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("desk_api", __name__, url_prefix="/api/v1", description="The broker's day")
ALIKE = (
    "ref", "status", "close_reason", "origin", "broker", "broker_has_left", "owed_by", "due_at", "wakes_at",
    "entered_stage_at", "created_at", "unanswered_since", "unanswered_by", "match_score", "version",
)


@bp.before_request
def for_staff() -> None:
    """Nobody else learns that there is a desk."""
    if not can_use_desk(actor()):
        raise NotFound


@bp.get("/desk")
@bp.response(200, DeskShape)
def today() -> dict[str, Any]:
    """What waits for you, the oldest first: `next` is the case to look at now."""
    found = service.desk(actor())
    piles = [
        {"name": name, "label": words(label), **_pile(getattr(found, name))} for name, (label, *_) in NAMES.items()
    ]
    return {"next": desk.next_in_line(actor()), "piles": piles}


@bp.get("/board")
@bp.arguments(CaseQuery, location="query")
@bp.response(200, BoardShape)
def board(query: dict[str, Any]) -> dict[str, Any]:
    """The cases by stage: how many there are, and the next due of each."""
    columns = desk.board(actor(), Filters(**query)).items()
    return {"columns": [
        {"stage": int(stage), "name": stage.name.lower(), "label": words(vocabulary.STAGES[stage].name), **_pile(pile)}
        for stage, pile in columns
    ]}


@bp.get("/cases")
@bp.arguments(PagedCaseQuery, location="query")
@bp.response(200, CasePage)
def cases(query: dict[str, Any]) -> dict[str, Any]:
    """The same as a list, with the same filters; the next due comes first."""
    page = {"page": query.pop("page"), "size": query.pop("size")}
    return {**_pile(desk.listed(actor(), Filters(**query), **page)), **page}


@bp.get("/brokers/workload")
@bp.response(200, LoadsShape)
def loads() -> dict[str, Any]:
    """What each broker has in hand."""
    return {"items": workload.workload(actor())}


@bp.post("/introductions/hand-on")
@bp.arguments(HandOnShape)
@bp.response(200, HandedOnPage)
def hand_on(given: dict[str, Any]) -> dict[str, Any]:
    """Give several cases to a broker: your own, or as an operator any. Each stands for itself; `problem` says why one
    was not handed on."""
    found = workload.hand_on(actor(), given["refs"], given["broker"], given["note"])
    return {"items": [{"ref": one.ref, "problem": words(one.problem)} for one in found]}


def _pile(pile: Any) -> dict[str, Any]:
    return {"total": pile.total, "items": [_case(card) for card in pile.items]}


def _case(card: Card) -> dict[str, Any]:
    return {
        **{name: getattr(card, name) for name in ALIKE}, "stage": int(card.stage),
        "stage_name": words(vocabulary.STAGES[card.stage].name), "need": _end(card.need), "result": _end(card.result),
        "url": url_for("introductions.show", ref=card.ref, _external=True),
    }


def _end(end: End) -> dict[str, Any]:
    return {"ref": end.ref, "title": words(end.title), "organisation": words(end.organisation)}

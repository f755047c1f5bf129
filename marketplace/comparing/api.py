"""Comparing over the API."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_smorest import Blueprint

from marketplace.comparing import service
from marketplace.comparing.answers import Answer, Board
from marketplace.comparing.schemas import (
    BoardOut,
    BoardQuery,
    CriteriaShape,
    DeclinesShape,
    OutcomesOut,
    ScoresShape,
    StarShape,
)
from marketplace.comparing.wording import owned, priced, reasons_line
from marketplace.introductions import vocabulary as pipeline
from marketplace.introductions.models import Introduction
from marketplace.listings.models import Listing
from marketplace.web.guard import actor
from marketplace.web.language import current, words

bp = Blueprint("comparing_api", __name__, url_prefix="/api/v1", description="All answers to a need side by side")


@bp.get("/needs/<ref>/comparison")
@bp.arguments(BoardQuery, location="query")
@bp.etag
@bp.response(200, BoardOut)
def show(query: dict[str, Any], ref: str) -> dict[str, Any]:
    """All answers to your need; for its organisation, operators, and brokers who run one of its introductions."""
    return _whole(service.need_of(actor(), ref), **query)


@bp.put("/needs/<ref>/comparison/criteria")
@bp.arguments(CriteriaShape)
@bp.response(200, BoardOut)
def criteria(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Set what you judge by, and how much each counts."""
    need = service.need_of(actor(), ref)
    service.set_criteria(actor(), need, given["criteria"], given["version"])
    return _whole(need)


@bp.put("/needs/<ref>/comparison/<introduction>/scores")
@bp.arguments(ScoresShape)
@bp.response(200, BoardOut)
def scores(given: dict[str, Any], ref: str, introduction: str) -> dict[str, Any]:
    """Give an answer your own points; what you leave out stays as it was."""
    need = service.need_of(actor(), ref)
    points = {one["criterion"]: (one["points"], one["note"]) for one in given["scores"]}
    service.score(actor(), _answer_of(need, introduction), points, given["version"])
    return _whole(need)


@bp.put("/needs/<ref>/comparison/<introduction>/star")
@bp.arguments(StarShape)
@bp.response(200, BoardOut)
def star(given: dict[str, Any], ref: str, introduction: str) -> dict[str, Any]:
    """Put an answer on the short list, or take it off."""
    need = service.need_of(actor(), ref)
    service.star(actor(), _answer_of(need, introduction), given["shortlisted"])
    return _whole(need)


@bp.post("/needs/<ref>/comparison/decline")
@bp.arguments(DeclinesShape)
@bp.response(200, OutcomesOut)
def decline(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Say no to several at once, each with its reason. Those that could not be closed say why."""
    need = service.need_of(actor(), ref)
    wanted = {one["introduction"]: (one["version"], one["reason_code"], one["text"]) for one in given["declines"]}
    chosen = service.checked_declines(actor(), need, wanted, given["reason_code"])
    return {"outcomes": [
        {"introduction": one.introduction.ref, "closed": one.why_not is None, "why_not": words(one.why_not)}
        for one in service.decline(actor(), need, chosen)
    ]}


def _answer_of(need: Listing, ref: str) -> Introduction:
    return service.answer_to(actor(), need, ref)


def _whole(need: Listing, show: str = "open", sort: str = "") -> dict[str, Any]:
    board: Board = service.compare(actor(), need, show, sort)
    comparison = board.comparison
    return {
        "need": need.ref, "version": comparison.version if comparison else 0,
        "criteria": comparison.criteria if comparison else [], "judges": board.judges, "counts": board.counts,
        "answers": [_answer(answer) for answer in board.answers],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    case, total, fields = answer.introduction, answer.total, answer.fields
    return {
        "introduction": case.ref, "version": case.version, "result": case.result.ref,
        "title": answer.in_language(current()).title, "organisation": words(answer.organisation),
        "stage": int(case.stage), "stage_name": words(pipeline.STAGES[case.stage].name), "status": case.status,
        "trl": fields.get("trl"), "modes": fields.get("modes", []), "price": priced(fields), "ip": owned(fields),
        "match": answer.match.score if answer.match else None, "reasons": reasons_line(answer.match),
        "interest": answer.offered, "last_minutes": answer.minutes.text if answer.minutes else None,
        "shortlisted": answer.star is not None, "total": total.value, "total_explained": total.explained,
        "cells": [
            {"criterion": cell.criterion.id, "average": cell.average, "lowest": cell.lowest, "highest": cell.highest,
             "scores": [{"by": one.user.name, "points": one.points, "note": one.note} for one in cell.scores]}
            for cell in total.cells
        ],
        "url": url_for("introductions.show", ref=case.ref, _external=True),
    }

"""Comparing as pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.comparing import service, showing
from marketplace.comparing.permissions import can_compare, can_judge
from marketplace.comparing.sheet import workbook
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.listings.models import Listing
from marketplace.listings.pages import done, refused
from marketplace.web.guard import actor
from marketplace.web.language import current, words

bp = Blueprint("comparing", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.app_context_processor
def about_needs() -> dict[str, Any]:
    """For the page of a need: may this reader compare its answers?"""
    return {"may_compare": lambda listing: can_compare(actor(), listing)}


@bp.get("/needs/<ref>/compare")
def show(ref: str) -> ResponseReturnValue:
    return showing.board_page(actor(), service.need_of(actor(), ref))


@bp.get("/needs/<ref>/compare/print")
def printed(ref: str) -> ResponseReturnValue:
    return showing.board_page(actor(), service.need_of(actor(), ref), "comparing/print.html")


@bp.get("/needs/<ref>/compare.xlsx")
def export(ref: str) -> Response:
    board = service.compare(actor(), service.need_of(actor(), ref), **showing.asked_view())
    service.note_export(actor(), board.need)
    response = Response(workbook(board), mimetype=XLSX)
    response.headers.set("Content-Disposition", "attachment", filename=f"{board.need.ref}-comparison.xlsx")
    return response


@bp.route("/needs/<ref>/compare/criteria", methods=["GET", "POST"])
def criteria(ref: str) -> ResponseReturnValue:
    need = _judged(ref)
    board = service.compare(actor(), need)
    if request.method == "GET":
        return _criteria_page(need, board, showing.shown_criteria(board), {}, 200)
    rows = showing.sent_criteria(request.form)
    try:
        service.set_criteria(actor(), need, rows, showing.sent_version())
    except (Invalid, Conflict) as problem:
        need = _judged(ref)
        return _criteria_page(need, service.compare(actor(), need), rows, *refused(problem))
    done(_("Criteria saved."))
    return redirect(url_for("comparing.show", ref=ref))


def _criteria_page(
    need: Listing, board: service.Board, rows: list[dict[str, Any]], errors: dict[str, str], status: int
) -> ResponseReturnValue:
    return showing.page("comparing/criteria.html", status, need=need, board=board, rows=rows, errors=errors,
                        most=service.MOST_CRITERIA)


@bp.post("/needs/<ref>/compare/template")
def template(ref: str) -> ResponseReturnValue:
    service.begin_with(actor(), _judged(ref), request.form.get("template", ""), current())
    done(_("These criteria are yours now: change them as you like."))
    return redirect(url_for("comparing.criteria", ref=ref))


@bp.route("/needs/<ref>/compare/<introduction>/scores", methods=["GET", "POST"])
def scores(ref: str, introduction: str) -> ResponseReturnValue:
    need = _judged(ref)
    answer = showing.answer_of(actor(), need, introduction)
    if request.method == "GET":
        return _scores_page(need, answer, showing.own_points(answer, actor().id), {}, 200)
    try:
        points = showing.sent_points(request.form)
        service.score(actor(), answer.introduction, points, showing.sent_version())
    except (Invalid, Conflict) as problem:
        need = _judged(ref)
        return _scores_page(need, showing.answer_of(actor(), need, introduction), request.form, *refused(problem))
    done(_("Your points are saved."))
    return showing.back(ref)


def _scores_page(
    need: Listing, answer: service.Answer, values: Mapping[str, Any], errors: dict[str, str], status: int
) -> ResponseReturnValue:
    return showing.page("comparing/scores.html", status, need=need, answer=answer, values=values, errors=errors,
                        board=service.compare(actor(), need, "all"))


@bp.post("/needs/<ref>/compare/<introduction>/star")
def star(ref: str, introduction: str) -> ResponseReturnValue:
    found = service.answer_to(actor(), _judged(ref), introduction)
    service.star(actor(), found, request.form.get("on") != "0")
    return showing.back(ref)


@bp.route("/needs/<ref>/compare/decline", methods=["GET", "POST"])
def decline(ref: str) -> ResponseReturnValue:
    """Choose the reasons; see exactly what will be closed; close it."""
    need = _judged(ref)
    if request.method == "GET":
        return showing.decline_page(actor(), need, {}, {})
    try:
        wanted = showing.sent_declines(request.form)
        chosen = service.checked_declines(actor(), need, wanted, request.form.get("code", ""))
    except Invalid as problem:
        return showing.decline_page(actor(), need, request.form, *refused(problem))
    if request.form.get("then") != "close":
        return showing.confirm_page(actor(), need, chosen)
    _tell(service.decline(actor(), need, chosen))
    return redirect(url_for("comparing.show", ref=ref))


def _tell(outcomes: list[service.Outcome]) -> None:
    closed = [one for one in outcomes if one.why_not is None]
    if closed:
        done(ngettext("%(num)s introduction was closed; the supplier has been told.",
                      "%(num)s introductions were closed; the suppliers have been told.", len(closed)))
    for one in outcomes:
        if one.why_not is not None:
            flash(_("%(ref)s was not closed: %(why)s", ref=one.introduction.ref, why=words(one.why_not)), "warning")


def _judged(ref: str) -> Listing:
    """A need whose answers this person judges."""
    need = service.need_of(actor(), ref)
    if not can_judge(actor(), need):
        raise NotFound
    return need

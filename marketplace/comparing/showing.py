"""What the pages show, and what was sent from their forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.accounts.models import User
from marketplace.comparing import service, wording
from marketplace.comparing.answers import SHOWS, SORTS, Answer, is_guess
from marketplace.comparing.models import HIGHEST, LOWEST
from marketplace.comparing.permissions import can_judge
from marketplace.comparing.service import MOST_CRITERIA, Decline
from marketplace.comparing.templates import TEMPLATES
from marketplace.comparing.totals import short
from marketplace.errors import NotFound
from marketplace.introductions import vocabulary as pipeline
from marketplace.introductions.moves import ANSWERS
from marketplace.introductions.showing import badge
from marketplace.listings import pages
from marketplace.listings.models import Listing

SPARE = 2
POINTS = range(LOWEST, HIGHEST + 1)
WORDS = {
    "shows": SHOWS, "sorts": SORTS, "asked": ANSWERS, "badge": badge, "is_guess": is_guess, "short": short,
    "priced": wording.priced, "owned": wording.owned, "reasons_line": wording.reasons_line, "points": POINTS,
    "stages": pipeline.STAGES, "templates": TEMPLATES,
    "reason_codes": {code.value: label for code, label in pipeline.REASON_CODES.items()},
}


def page(template: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    return pages.page(template, status, **WORDS, **context)


def asked_view() -> dict[str, str]:
    """Which answers, in which order; what is unknown means the usual."""
    show, sort = (request.values.get(name, "") for name in ("show", "sort"))
    return {"show": show if show in SHOWS else "open", "sort": sort if sort in SORTS else ""}


def board_page(actor: User, need: Listing, template: str = "comparing/show.html") -> ResponseReturnValue:
    chosen: dict[str, Any] = asked_view()
    board = service.compare(actor, need, **chosen)
    return page(template, board=board, need=need, judges=can_judge(actor, need), **chosen)


def back(need_ref: str) -> ResponseReturnValue:
    """To the comparison as it was looked at."""
    chosen: dict[str, Any] = {name: value for name, value in asked_view().items() if value and value != "open"}
    return redirect(url_for("comparing.show", ref=need_ref, **chosen))


def answer_of(actor: User, need: Listing, ref: str) -> Answer:
    introduction = service.answer_to(actor, need, ref)
    every = service.compare(actor, need, "all").answers
    found = next((one for one in every if one.introduction is introduction), None)
    if found is None:
        raise NotFound
    return found


def sent_criteria(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    """Every row, empty ones too: their numbers are those of the form."""
    rows = []
    for number in range(MOST_CRITERIA + SPARE):
        row: dict[str, Any] = {key: form.get(f"criteria.{number}.{key}", "") for key in ("name", "weight", "direction")}
        given = form.get(f"criteria.{number}.id", "")
        row["id"] = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
        rows.append(row)
    return rows


def shown_criteria(board: service.Board) -> list[dict[str, Any]]:
    criteria = board.comparison.criteria if board.comparison else []
    return [{"id": one.id, "name": one.name, "weight": one.weight, "direction": one.direction} for one in criteria]


def sent_points(form: MultiDict[str, str]) -> dict[int, tuple[Any, str]]:
    found: dict[int, tuple[Any, str]] = {}
    for name in form:
        kind, _, number = name.partition(".")
        if kind == "points" and number.isascii() and number.isdigit() and len(number) < 10:
            found[int(number)] = form[name], form.get(f"note.{number}", "")
    return found


def own_points(answer: Answer, user_id: int) -> dict[str, Any]:
    """What this member has given so far, by the names of the form."""
    values: dict[str, Any] = {}
    for cell in answer.total.cells:
        mine = cell.of(user_id)
        if mine is not None:
            values |= {f"points.{cell.criterion.id}": mine.points, f"note.{cell.criterion.id}": mine.note}
    return values


def sent_version(name: str = "version") -> int | None:
    given = request.form.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def sent_declines(form: MultiDict[str, str]) -> dict[str, tuple[int | None, str, str]]:
    """The ticked ones: introduction -> (version seen, reason, text)."""
    return {
        ref: (sent_version(f"version.{ref}"), form.get(f"code.{ref}", ""), form.get(f"text.{ref}", ""))
        for ref in form.getlist("close")[:200]
    }


def decline_page(
    actor: User, need: Listing, values: Mapping[str, Any], errors: Mapping[str, str], status: int = 200
) -> ResponseReturnValue:
    found = service.partings(actor, need)
    board = service.compare(actor, need, "starred")
    return page(
        "comparing/decline.html", status, need=need, values=values, errors=errors, board=board,
        ends=[one for one in found if one.way], stays=[one for one in found if not one.way],
        chosen=request.form.getlist("close") if request.method == "POST" else None, why_stays=service.not_to_end,
    )


def confirm_page(actor: User, need: Listing, chosen: list[Decline]) -> ResponseReturnValue:
    by_id = {one.introduction.id: one for one in service.compare(actor, need, "all").answers}
    named = [(one, by_id[one.introduction.id]) for one in chosen]
    return page("comparing/confirm.html", need=need, chosen=named)

"""Requests and published answers over the API."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_smorest import Blueprint

from marketplace.events import service as events
from marketplace.requests_desk import helping, service
from marketplace.requests_desk.lists import Filters
from marketplace.requests_desk.models import HelpAnswer, Request, RequestAct, Topic
from marketplace.requests_desk.permissions import can_see, rights
from marketplace.requests_desk.schemas import (
    HelpAnswerOut,
    HelpAnswersOut,
    HelpAnswersQuery,
    RequestAnswerForm,
    RequestAssignForm,
    RequestForm,
    RequestOut,
    RequestReturnForm,
    RequestsDeskQuery,
    RequestsOut,
    RequestsQuery,
    RequestVersionForm,
)
from marketplace.web.guard import actor, public
from marketplace.web.language import words

bp = Blueprint("requests_api", __name__, url_prefix="/api/v1", description="Requests to parks and authorities")
BRIEF = ("ref", "title", "topic", "step", "level", "department", "due_on", "is_overdue", "raised_at")
WHOLE = ("text", "answer", "answered_at", "remark", "version")


@bp.get("/requests")
@bp.arguments(RequestsQuery, location="query")
@bp.response(200, RequestsOut)
def mine(page: dict[str, Any]) -> dict[str, Any]:
    """What your organisations have asked, the newest first."""
    items, total = service.of_organisations(actor(), **page)
    return {"items": [_brief(one) for one in items], "total": total, **page}


@bp.get("/requests/desk")
@bp.arguments(RequestsDeskQuery, location="query")
@bp.response(200, RequestsOut)
def desk(query: dict[str, Any]) -> dict[str, Any]:
    """What you may work on, as an operator, a steward, or for a park or an authority; what is due first comes first."""
    page = {name: query.pop(name) for name in ("page", "size")}
    items, total = service.desk(actor(), Filters(**query), **page)
    return {"items": [_brief(one) for one in items], "total": total, **page}


@bp.post("/requests")
@bp.arguments(RequestForm)
@bp.response(201, RequestOut)
def ask(given: dict[str, Any]) -> dict[str, Any]:
    """Raise a request for your organisation. It is assigned at once where somebody is known to answer."""
    edition = events.get(actor(), given["event"]) if given["event"] else None
    organisation = service.organisation_of(actor(), given["organisation"])
    return _whole(service.ask(actor(), organisation, Topic(given["topic"]), given["title"], given["text"], edition))


@bp.get("/requests/<ref>")
@bp.etag
@bp.response(200, RequestOut)
def show(ref: str) -> dict[str, Any]:
    """One request, with its history."""
    return _whole(service.get(actor(), ref))


@bp.post("/requests/<ref>/assign")
@bp.arguments(RequestAssignForm)
@bp.response(200, RequestOut)
def assign(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Say who answers: operators; whoever is in charge passes it on or up. Who does not read it any more when it is
    passed on gets what is said of it in lists."""
    one = service.assign(actor(), service.get(actor(), ref), given.pop("to"), **given)
    return _whole(one) if can_see(actor(), one) else _brief(one)


@bp.post("/requests/<ref>/answer")
@bp.arguments(RequestAnswerForm)
@bp.response(200, RequestOut)
def answer(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Whoever is in charge answers; the company is asked whether that settles it."""
    return _whole(service.answer(actor(), service.get(actor(), ref), given["answer"], given["version"]))


@bp.post("/requests/<ref>/confirm")
@bp.arguments(RequestVersionForm, required=False)
@bp.response(200, RequestOut)
def confirm(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """For the company: that settles it."""
    return _whole(service.confirm(actor(), service.get(actor(), ref), given["version"]))


@bp.post("/requests/<ref>/return")
@bp.arguments(RequestReturnForm)
@bp.response(200, RequestOut)
def send_back(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """For the company: it is not settled. The second time, the next level takes it."""
    return _whole(service.send_back(actor(), service.get(actor(), ref), given["note"], given["version"]))


@bp.post("/requests/<ref>/withdraw")
@bp.response(200, RequestOut)
def withdraw(ref: str) -> dict[str, Any]:
    """The company no longer needs it."""
    return _whole(service.withdraw(actor(), service.get(actor(), ref)))


@bp.get("/help/answers")
@public
@bp.arguments(HelpAnswersQuery, location="query")
@bp.response(200, HelpAnswersOut)
def answers(query: dict[str, Any]) -> dict[str, Any]:
    """Answers that everybody may read, found by their words in either language."""
    page = {name: query[name] for name in ("page", "size")}
    items, total = helping.find(query["q"], query["topic"], **page)
    return {"items": [_help(one) for one in items], "total": total, **page}


@bp.get("/help/answers/<int:number>")
@public
@bp.etag
@bp.response(200, HelpAnswerOut)
def one_answer(number: int) -> dict[str, Any]:
    """One of them."""
    return _help(helping.get(actor(), number))


def _brief(one: Request) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in BRIEF}, "organisation": words(one.organisation),
        "event": one.edition.ref if one.edition else None, "in_charge": words(service.who_answers(one)),
        "url": url_for("requests_desk.show", ref=one.ref, _external=True),
    }


def _whole(one: Request) -> dict[str, Any]:
    return {
        **_brief(one), **{name: getattr(one, name) for name in WHOLE},
        "history": [_act(act) for act in service.history(actor(), one)],
        "may": [name for name, allowed in rights(actor(), one)._asdict().items() if allowed],
    }


def _act(act: RequestAct) -> dict[str, Any]:
    names = ("what", "at", "note", "level", "due_on")
    return {**{name: getattr(act, name) for name in names}, "by": act.actor.name if act.actor else None,
            "in_charge": words(service.who_answers(act))}


def _help(one: HelpAnswer) -> dict[str, Any]:
    names = ("id", "topic", "source", "published_at")
    return {**{name: getattr(one, name) for name in names}, "question": words(one.question),
            "answer": words(one.answer), "url": url_for("help_answers.show", number=one.id, _external=True)}

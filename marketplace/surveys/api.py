"""Surveys over the API: what is asked, one's own answers, and for those who run surveys everybody's."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts import links
from marketplace.organisations.models import Organisation
from marketplace.surveys import answering, asking, collecting, sent, service
from marketplace.surveys.api_shapes import (
    EveryPollAnswer,
    GivenAnswers,
    MyPolls,
    PollAnswers,
    PolledPage,
    PolledQuery,
    PollOut,
    PollQuery,
    PollsQuery,
    RunPolls,
)
from marketplace.surveys.asking import Standing
from marketplace.surveys.models import Answer, Survey
from marketplace.surveys.questions import Question, Type
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("surveys_api", __name__, url_prefix="/api/v1", description="Surveys before events and of members")


@bp.get("/surveys")
@bp.response(200, MyPolls)
def mine() -> dict[str, Any]:
    """The surveys that you are asked to answer or have answered, what waits for you first; at most a hundred."""
    return {"items": [{**_brief(one), "answered_at": at} for one, at in asking.mine(actor())]}


@bp.get("/surveys/run")
@bp.arguments(PollsQuery, location="query")
@bp.response(200, RunPolls)
def run(page: dict[str, Any]) -> dict[str, Any]:
    """For operators: every survey, the newest first, with how many are asked and how many have answered."""
    items, total = service.every(actor(), **page)
    shown = [{**_brief(one), "asked": asked, "answered": answered} for one, asked, answered in items]
    return {"items": shown, "total": total, **page}


@bp.get("/surveys/<int:survey>")
@bp.etag
@bp.arguments(PollQuery, location="query")
@bp.response(200, PollOut)
def show(query: dict[str, Any], survey: int) -> dict[str, Any]:
    """What a survey asks; for those who are asked, and for operators."""
    found = answering.readable(actor(), survey)
    number = query["number"] or found.number
    asked = service.questions_of(found, number)
    return {**_brief(found), "intro": words(found.intro), "number": number, "questions": [_asks(one) for one in asked]}


@bp.get("/surveys/<int:survey>/answer")
@bp.etag
@bp.response(200, PollAnswers)
def answer(survey: int) -> dict[str, Any]:
    """What you have answered; 404 as long as you have not."""
    return _answered(*answering.given(actor(), survey))


@bp.put("/surveys/<int:survey>/answer")
@bp.arguments(GivenAnswers)
@bp.response(200, PollAnswers)
def give(given: dict[str, Any], survey: int) -> dict[str, Any]:
    """Answer, or answer anew: all of it takes the place of what you answered before. With the `number` of the questions
    you have read, it answers those, also when they have changed meanwhile."""
    found, _ = answering.get(actor(), survey)
    return _answered(found, sent.answer(actor(), found, given["answers"], given["number"]))


@bp.get("/surveys/<int:survey>/answers")
@bp.arguments(PollsQuery, location="query")
@bp.response(200, EveryPollAnswer)
def answers(page: dict[str, Any], survey: int) -> dict[str, Any]:
    """For operators: what everybody has answered, in the order in which it came."""
    found = service.get(actor(), survey)
    items, total = collecting.answers(actor(), found, **page)
    told = sent.as_sent(items, service.every_questions(found))
    people = [{**_told(one, content), "name": one.user.name, "email": one.user.email}
              for one, content in zip(items, told, strict=True)]
    return {"items": people, "total": total, **page}


@bp.get("/surveys/<int:survey>/people")
@bp.arguments(PolledQuery, location="query")
@bp.response(200, PolledPage)
def people(query: dict[str, Any], survey: int) -> dict[str, Any]:
    """For operators: who has not answered (or `show` = `answered`, `everybody`), those never rung up first."""
    page = {name: query[name] for name in ("page", "size")}
    items, counts = asking.follow(actor(), service.get(actor(), survey), query["show"], **page)
    return {"items": [_standing(one) for one in items], "counts": {show.value: n for show, n in counts.items()},
            "total": counts[query["show"]], **page}


def _brief(one: Survey) -> dict[str, Any]:
    return {"id": one.id, "kind": one.kind, "state": one.state, "title": words(one.title), "closes_at": one.closes_at,
            "takes_answers": service.takes_answers(one), "url": links.to(one.url)}


def _asks(one: Question) -> dict[str, Any]:
    choices = [{"code": code, "text": words(label)} for code, label in one.coded.items()]
    return {"key": one.key, "text": words(one.label), "type": one.type, "required": one.required, "role": one.role,
            "longest": one.longest if one.type in (Type.TEXT, Type.LONG_TEXT) else None, "choices": choices}


def _answered(survey: Survey, one: Answer) -> dict[str, Any]:
    [content] = sent.as_sent([one], service.every_questions(survey))
    return _told(one, content)


def _told(one: Answer, content: dict[str, Any]) -> dict[str, Any]:
    return {"number": one.number, "answers": content, "organisation": _of(one.organisation),
            "answered_at": one.answered_at, "changed_at": one.changed_at}


def _standing(one: Standing) -> dict[str, Any]:
    row, call = one.asked, one.last_call
    steward = row.organisation.steward if row.organisation else None
    last = call and {"called_at": call.called_at, "by": call.called_by.name if call.called_by else None,
                     "reached": call.reached, "note": call.note}
    return {"id": row.id, "name": row.user.name, "email": row.user.email, "phone": row.user.phone,
            "organisation": _of(row.organisation), "steward": steward.name if steward else None,
            "asked_at": row.asked_at, "answered_at": one.answered_at, "reminders": row.reminders, "calls": row.calls,
            "last_call": last}


def _of(organisation: Organisation | None) -> dict[str, Any] | None:
    return {"slug": organisation.slug, "name": words(organisation)} if organisation else None

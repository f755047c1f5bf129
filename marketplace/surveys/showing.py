"""What the pages of surveys show, and what their forms send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import Conflict, Invalid
from marketplace.phrases import Label
from marketplace.surveys import answering, service
from marketplace.surveys.models import Answer, State, Survey, SurveyOf
from marketplace.surveys.questions import MOST, ROLES, ROW, TYPES, Question, Type
from marketplace.web.language import words

KINDS = {
    SurveyOf.EVENT: Label("会前问卷", "Before an event"),
    SurveyOf.MEMBERS: Label("成员年度调查", "Yearly survey of members"),
}
STATES = {
    State.DRAFT: Label("草稿", "Draft"), State.OPEN: Label("填写中", "Open"), State.CLOSED: Label("已结束", "Closed"),
}
TONES = {State.DRAFT: "quiet", State.OPEN: "good", State.CLOSED: "quiet"}
SPARE = 3
"""Empty rows beneath an editor's questions."""


@dataclass(frozen=True)
class Line:
    """One question with its answer, for reading."""

    question: Question
    value: Any
    """A text, a number, a label, or a list of labels or organisations."""


def page(template: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    filled = render_template(template, kinds=KINDS, states=STATES, tones=TONES, State=State, **context)
    return make_response(filled, status)


def lines(survey: Survey, answer: Answer) -> list[Line]:
    """What was answered, with the questions as they were asked then."""
    asked = service.questions_of(survey, answer.number)
    chosen = [number for one in asked if one.type is Type.ORGANISATIONS for number in answer.content.get(one.key, ())]
    names = answering.named(chosen)
    return [Line(one, _shown(one, answer.content.get(one.key), names)) for one in asked]


def _shown(question: Question, value: Any, names: Mapping[int, Any]) -> Any:
    if value is None:
        return None
    if question.type is Type.CHOICE:
        return question.coded.get(value)
    if question.type is Type.SEVERAL:
        return [question.coded[code] for code in value if code in question.coded]
    if question.type is Type.ORGANISATIONS:
        return [names[number] for number in value if number in names]
    return value


def answer_page(actor: User, survey: Survey, action: str) -> ResponseReturnValue:
    """The form, filled with what was answered before."""
    values = _filled(survey, answering.of(actor, survey), {one.id for one in answering.partners(actor, survey)})
    return _form(actor, survey, action, values, {}, 200, survey.number)


def answer_sent(actor: User, survey: Survey, action: str) -> ResponseReturnValue:
    """Keep what was sent and lead on, or show the form again with what was wrong and all that was written."""
    number = _number(request.form.get("number"), survey.number)
    asked = service.questions_of(survey, number)
    given = _given(request.form, asked)
    try:
        answering.answer(actor, survey, given, number)
        return redirect(url_for("surveys.answered", number=survey.id))
    except Invalid as problem:
        errors, status = {f"a-{key}": str(words(said)) for key, said in problem.fields.items()}, 422
    except Conflict as problem:
        errors, status = {"": str(words(problem.message))}, 409
    session.rollback()
    values = {name: request.form.getlist(name) if name.endswith("-picked") else request.form[name]
              for name in request.form if name.startswith("a-")}
    values |= {f"a-{one.key}": request.form.getlist(f"a-{one.key}") for one in asked if one.type is Type.SEVERAL}
    return _form(actor, survey, action, values, errors, status, number)


def _form(
    actor: User, survey: Survey, action: str, values: Mapping[str, Any], errors: dict[str, str], status: int,
    number: int,
) -> ResponseReturnValue:
    asked = service.questions_of(survey, number)
    chooses = any(one.type is Type.ORGANISATIONS for one in asked)
    partners = answering.partners(actor, survey) if chooses else []
    return page("surveys/answer.html", status, survey=survey, asked=asked, values=values, errors=errors, action=action,
                partners=[(one.id, one) for one in partners], is_open=service.takes_answers(survey), number=number,
                theirs=answering.of(actor, survey))


def _filled(survey: Survey, theirs: Answer | None, partners: set[int]) -> dict[str, Any]:
    """What they answered, as far as the same is still asked."""
    if theirs is None:
        return {}
    before = {one.key: one for one in service.questions_of(survey, theirs.number)}
    values: dict[str, Any] = {}
    for one in service.questions_of(survey):
        value, was = theirs.content.get(one.key), before.get(one.key)
        if value is None or was is None or (was.type, was.choices) != (one.type, one.choices):
            continue
        values[f"a-{one.key}"] = value
        if one.type is Type.ORGANISATIONS:
            values[f"a-{one.key}-picked"] = [number for number in value if number in partners]
            others = answering.named([number for number in value if number not in partners])
            values[f"a-{one.key}"] = "\n".join(other.name for other in others.values())
    return values


def _given(form: MultiDict[str, str], asked: Sequence[Question]) -> dict[str, list[str]]:
    """Question's key -> all that was sent for it."""
    return {one.key: [*form.getlist(f"a-{one.key}-picked"), *form.getlist(f"a-{one.key}")] for one in asked}


def _number(text: str | None, usual: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) else usual


def rows_sent() -> list[dict[str, str]]:
    """The editor's rows as they were sent, without those left empty: what is wrong is said by their places here."""
    form, places = request.form, range(MOST + SPARE)
    rows = [{name: form.get(f"questions.{place}.{name}", "") for name in ROW} for place in places]
    return [row for row in rows if row["zh"].strip() or row["en"].strip()]


def with_spare(rows: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The rows, and some to be filled in."""
    return [*rows, *({} for _ in range(min(SPARE, MOST - len(rows))))]


EDITOR = {"types": TYPES, "roles": ROLES}

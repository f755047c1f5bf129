"""Answers as a program sends them: JSON values become what the form would have sent, and organisations have short names
in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marketplace.accounts.models import User
from marketplace.errors import Invalid
from marketplace.phrases import Label, say
from marketplace.surveys import answering, service
from marketplace.surveys.models import Answer, Survey
from marketplace.surveys.questions import Question, Type

_TEXT, _CODES = Label("一段文字", "a text"), Label("由选项代码组成的列表", "a list of the codes of its choices")
WANTED = {
    Type.TEXT: _TEXT, Type.LONG_TEXT: _TEXT, Type.NUMBER: Label("一个数字", "a number"),
    Type.CHOICE: Label("一个选项的代码", "the code of one of its choices"), Type.SEVERAL: _CODES,
    Type.ORGANISATIONS: Label("由机构短名或全称组成的列表", "a list of organisations by short or full name"),
}
_LISTS = frozenset({Type.SEVERAL, Type.ORGANISATIONS})
SHOWN = 60


def answer(actor: User, survey: Survey, given: Mapping[str, Any], number: int | None) -> Answer:
    """Keep these in the place of earlier ones. Raises Invalid, by `answers.<question's key>`."""
    number, every = number or survey.number, service.every_questions(survey)
    if number not in every:
        raise Invalid({"number": say("“{input}” is none of the choices: {choices}.", input=number,
                                     choices=", ".join(str(one) for one in every))})
    texts = _texts(every[number], given)
    try:
        return answering.answer(actor, survey, texts, number)
    except Invalid as problem:
        raise Invalid({f"answers.{key}": said for key, said in problem.fields.items()}) from None


def as_sent(answers: Sequence[Answer], asked: Mapping[int, Sequence[Question]]) -> list[dict[str, Any]]:
    """What was answered, as the same person would send it again. One query for all the organisations in it."""
    naming = {number: {one.key for one in questions if one.type is Type.ORGANISATIONS}
              for number, questions in asked.items()}
    chosen = {number for one in answers for key in naming[one.number] for number in one.content.get(key, ())}
    names = answering.named(sorted(chosen))

    def told(one: Answer, key: str, value: Any) -> Any:
        return [names[number].slug for number in value if number in names] if key in naming[one.number] else value

    return [{key: told(one, key, value) for key, value in one.content.items()} for one in answers]


def _texts(asked: Iterable[Question], given: Mapping[str, Any]) -> dict[str, list[str]]:
    by_key = {one.key: one for one in asked}
    errors = {f"answers.{key[:SHOWN]}": say("This survey has no question “{input}”. It has: {known}.",
                                            input=key[:SHOWN], known=", ".join(by_key))
              for key in given if key not in by_key}
    found: dict[str, list[str]] = {}
    for key, question in by_key.items():
        texts = _as_texts(question, given.get(key))
        if texts is None:
            errors[f"answers.{key}"] = say("“{input}” does not answer this question: send {wanted}.",
                                           input=str(given[key])[:SHOWN], wanted=WANTED[question.type])
        else:
            found[key] = texts
    if errors:
        raise Invalid(errors)
    return found


def _as_texts(question: Question, value: Any) -> list[str] | None:
    """As the form's field would have sent it; None where the value is of another kind."""
    if value is None:
        return []
    if question.type in _LISTS:
        return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None
    if question.type is Type.NUMBER and isinstance(value, (int, float)) and not isinstance(value, bool):
        return [str(value)]
    return [value] if isinstance(value, str) else None

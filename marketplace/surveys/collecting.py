"""All answers to a survey, for those who run it: page by page, and as a table to take away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import require
from marketplace.organisations.models import Organisation
from marketplace.phrases import Label, in_language, say
from marketplace.surveys.models import Answer, Survey
from marketplace.surveys.permissions import can_run
from marketplace.surveys.questions import Question, Type
from marketplace.surveys.service import every_questions

AT_ONCE = 200
"""Answers that are in memory together, and organisations that are looked up together."""
FIRST = (say("Who answered"), say("E-mail address"), say("Organisation"), say("First answered"), say("Last changed"))


def answers(actor: User, survey: Survey, *, page: int = 1, size: int = 20) -> tuple[Sequence[Answer], int]:
    """(one page of them, in the order in which they came; how many there are)."""
    require(can_run(actor))
    these = select(Answer).where(Answer.survey_id == survey.id)
    total = session.scalar(select(func.count()).select_from(these.subquery())) or 0
    found = these.options(joinedload(Answer.user), joinedload(Answer.organisation)).order_by(Answer.id)
    return session.scalars(found.limit(size).offset((page - 1) * size)).all(), total


def note_export(actor: User, survey: Survey) -> None:
    """Somebody takes every answer away, with the names."""
    require(can_run(actor))
    audit.record(actor.id, "questionnaire.exported", "questionnaire", survey.id)


def headings(survey: Survey, language: str) -> list[str]:
    """Who answered and when, then each question, those first that are asked now."""
    asked = [label for _, label in _columns(_sets(survey), survey.number)]
    return [str(in_language(one, language)) for one in (*FIRST, *asked)]


def rows(actor: User, survey: Survey, language: str) -> Iterator[list[Any]]:
    """Every answer, a row each, in the order in which they came; memory is bounded."""
    require(can_run(actor))
    sets = _sets(survey)
    keys = [key for key, _ in _columns(sets, survey.number)]
    names: dict[int, Label] = {}
    these = (
        select(Answer.number, Answer.content, Answer.answered_at, Answer.changed_at, User.name, User.email,
               Organisation.name.label("organisation"), Organisation.name_en)
        .join(User, User.id == Answer.user_id).outerjoin(Organisation, Organisation.id == Answer.organisation_id)
        .where(Answer.survey_id == survey.id).order_by(Answer.id).execution_options(yield_per=AT_ONCE)
    )
    for part in session.execute(these).partitions():
        _look_up(names, (number for row in part for number in _chosen(sets[row.number], row.content)))
        for row in part:
            of = Label(row.organisation or "", row.name_en or row.organisation or "").in_language(language)
            told = [_told(sets[row.number].get(key), row.content.get(key), names, language) for key in keys]
            yield [row.name, row.email, of, _moment(row.answered_at), _moment(row.changed_at), *told]


def _sets(survey: Survey) -> dict[int, dict[str, Question]]:
    """number -> key -> the question as it was asked under that number."""
    return {number: {one.key: one for one in asked} for number, asked in every_questions(survey).items()}


def _columns(sets: Mapping[int, Mapping[str, Question]], now: int) -> list[tuple[str, Label]]:
    """(key, its latest words) of what is asked now, then of what was asked before."""
    found: dict[str, Label] = {}
    for number in (now, *sorted(set(sets) - {now}, reverse=True)):
        for key, question in sets[number].items():
            found.setdefault(key, question.label)
    return list(found.items())


def _chosen(asked: Mapping[str, Question], content: Mapping[str, Any]) -> Iterator[int]:
    for key, question in asked.items():
        if question.type is Type.ORGANISATIONS:
            yield from content.get(key, ())


def _look_up(names: dict[int, Label], numbers: Iterable[int]) -> None:
    """Read the names of organisations that are not known yet, some at a time."""
    missing = sorted(set(numbers) - set(names))
    for start in range(0, len(missing), AT_ONCE):
        these = Organisation.id.in_(missing[start:start + AT_ONCE])
        for row in session.execute(select(Organisation.id, Organisation.name, Organisation.name_en).where(these)):
            names[row.id] = Label(row.name, row.name_en or row.name)


def _told(question: Question | None, value: Any, names: Mapping[int, Label], language: str) -> Any:
    """A cell: numbers stay numbers, several entries are parted by line ends."""
    if question is None or value is None:
        return None
    labels: list[Label | None]
    match question.type:
        case Type.CHOICE:
            labels = [question.coded.get(value)]
        case Type.SEVERAL:
            labels = [question.coded.get(code) for code in value]
        case Type.ORGANISATIONS:
            labels = [names.get(number) for number in value]
        case _:
            return value
    return "\n".join(label.in_language(language) for label in labels if label is not None)


def _moment(at: datetime) -> str:
    return at.astimezone(clock.PLACE).strftime("%Y-%m-%d %H:%M")

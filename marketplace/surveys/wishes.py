"""What those who are seated need, offer and wish, as they answered before an event: for the rooms above."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from marketplace.db import session
from marketplace.surveys import questions
from marketplace.surveys.models import Answer, AnswerListing, QuestionSet, Role


@dataclass(frozen=True)
class Wishes:
    needs: str = ""
    offers: str = ""
    meet: frozenset[int] = frozenset()
    """Organisations they want to meet."""
    avoid: frozenset[int] = frozenset()
    """Organisations they do not want to sit with. Told to nobody but those who seat people."""
    listing_ids: tuple[int, ...] = ()
    """Listings that were made of the answer; they may still be drafts."""


def wishes(survey_id: int | None) -> dict[int, Wishes]:
    """user's id -> what they answered; each answer read with the questions of its time. Three queries."""
    if survey_id is None:
        return {}
    keys = {row.number: _keys(row.questions) for row in session.execute(
        select(QuestionSet.number, QuestionSet.questions).where(QuestionSet.survey_id == survey_id))}
    made: dict[int, list[int]] = defaultdict(list)
    for row in session.execute(
        select(AnswerListing.answer_id, AnswerListing.listing_id)
        .join(Answer, Answer.id == AnswerListing.answer_id).where(Answer.survey_id == survey_id)
        .order_by(AnswerListing.listing_id)
    ):
        made[row.answer_id].append(row.listing_id)
    answers = session.execute(
        select(Answer.id, Answer.user_id, Answer.number, Answer.content).where(Answer.survey_id == survey_id))
    return {row.user_id: _wishes(row.content, keys.get(row.number, {}), tuple(made[row.id])) for row in answers}


def _keys(rows: list[Any]) -> dict[Role, str]:
    return {question.role: question.key for question in questions.read(rows) if question.role is not None}


def _wishes(content: dict[str, Any], keys: dict[Role, str], listing_ids: tuple[int, ...]) -> Wishes:
    def said(role: Role) -> Any:
        return content.get(keys.get(role, ""))

    return Wishes(
        said(Role.NEED) or "", said(Role.OFFER) or "", frozenset(said(Role.MEET) or ()),
        frozenset(said(Role.AVOID) or ()), listing_ids,
    )

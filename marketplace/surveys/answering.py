"""Reading what somebody sent as answers, and keeping it: one answer a person, which answering again changes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from unicodedata import normalize

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.listings.content import tidy
from marketplace.organisations import permissions as organisations
from marketplace.organisations.models import Organisation
from marketplace.phrases import say
from marketplace.surveys import asking
from marketplace.surveys.models import Answer, Asked, Role, Survey
from marketplace.surveys.permissions import can_answer, can_run
from marketplace.surveys.questions import MOST_ORGANISATIONS, Question, Type
from marketplace.surveys.service import questions_of, takes_answers

MOST_TO_CHOOSE = 300
"""Organisations offered to be ticked."""
DIGITS = 12
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
Given = Mapping[str, Sequence[str]]
"""Question's key -> what was sent for it; of organisations, numbers that were ticked and names that were written."""


def get(actor: User, number: int) -> tuple[Survey, Asked]:
    """A survey that this person is asked to answer; NotFound for everybody else."""
    survey = session.get(Survey, number)
    asked = asking.of(actor, survey) if survey is not None else None
    if survey is None or asked is None or not can_answer(asked):
        raise NotFound
    return survey, asked


def of(actor: User, survey: Survey) -> Answer | None:
    return session.scalar(select(Answer).where(Answer.survey_id == survey.id, Answer.user_id == actor.id))


def given(actor: User, number: int) -> tuple[Survey, Answer]:
    """A survey and this person's answer to it; NotFound where there is none."""
    survey = session.get(Survey, number)
    theirs = of(actor, survey) if survey is not None else None
    if survey is None or theirs is None:
        raise NotFound
    return survey, theirs


def readable(actor: User, number: int) -> Survey:
    """A survey whose questions this person may read: who is asked it, has answered it, or runs it."""
    survey = session.get(Survey, number)
    if survey is None or not (can_run(actor) or can_answer(asking.of(actor, survey)) or of(actor, survey)):
        raise NotFound
    return survey


def answer(actor: User, survey: Survey, sent: Given, number: int) -> Answer:
    """Keep the answers to the questions of that number, those the page showed, in the place of earlier ones."""
    asked = asking.of(actor, survey)
    if asked is None or not can_answer(asked):
        raise NotFound
    if not takes_answers(survey):
        raise Conflict(say("This survey takes no answers any more."))
    content = checked(actor, questions_of(survey, number), sent)
    with transaction():
        theirs = _own_row(actor, survey)
        theirs.organisation_id, theirs.number, theirs.content = asked.organisation_id, number, content
        theirs.changed_at = clock.now()
        session.flush()
        session.expire(theirs, ["organisation"])
        audit.record(actor.id, "questionnaire.answered", "questionnaire", survey.id)
    return theirs


def partners(actor: User, survey: Survey) -> Sequence[Organisation]:
    """The other organisations whose people are asked, to be ticked; for those who may know who takes part."""
    if not organisations.is_verified_member(actor):
        return []
    asked = select(Asked.organisation_id).where(Asked.survey_id == survey.id, Asked.ended_at.is_(None))
    return session.scalars(
        select(Organisation).where(Organisation.id.in_(asked), organisations.visible_to(actor),
                                   Organisation.id.not_in(organisations.organisation_ids(actor)))
        .order_by(Organisation.name).limit(MOST_TO_CHOOSE)).all()


def named(numbers: Sequence[int]) -> dict[int, Organisation]:
    """Organisations by their numbers, for showing answers."""
    if not numbers:
        return {}
    return {one.id: one for one in session.scalars(select(Organisation).where(Organisation.id.in_(numbers)))}


def checked(actor: User, asked: Sequence[Question], sent: Given) -> dict[str, Any]:
    """The answers as they are kept. Raises Invalid, by question's key."""
    errors: dict[str, str] = {}
    content: dict[str, Any] = {}
    for question in asked:
        texts = [text for one in sent.get(question.key, ()) if (text := tidy(one))]
        value = _READERS[question.type](actor, question, texts, errors)
        if value not in (None, "", []):
            content[question.key] = value
        elif question.required:
            errors.setdefault(question.key, say("This is needed."))
    _disagree(asked, content, errors)
    if errors:
        raise Invalid(errors)
    return content


def _own_row(actor: User, survey: Survey) -> Answer:
    this = select(Answer).where(Answer.survey_id == survey.id, Answer.user_id == actor.id)
    this = this.with_for_update(of=Answer).execution_options(populate_existing=True)
    theirs = session.scalar(this)
    if theirs is None:
        now = clock.now()
        try:
            with session.begin_nested():
                session.add(Answer(survey_id=survey.id, user_id=actor.id, number=survey.number, content={},
                                   answered_at=now, changed_at=now))
        except IntegrityError:  # the form was sent twice at once
            pass
        theirs = session.scalars(this).one()
    return theirs


def _text(actor: User, question: Question, sent: Sequence[str], errors: dict[str, str]) -> str:
    text = sent[0] if sent else ""
    if len(text) > question.longest:
        errors[question.key] = say("At most {max} characters; this has {given}.", max=question.longest, given=len(text))
    return text


def _number(actor: User, question: Question, sent: Sequence[str], errors: dict[str, str]) -> float | int | None:
    text = normalize("NFKC", sent[0]).replace("−", "-").strip() if sent else ""
    if not text:
        return None
    try:
        number = Decimal(text.replace(",", "") if _GROUPED.fullmatch(text) else text)
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        errors[question.key] = say("“{input}” is not a number. Write it like 12, 0.5 or 1,200.", input=text[:40])
        return None
    if abs(number.adjusted()) > DIGITS:
        errors[question.key] = say("“{input}” is larger than anything we can count.", input=text[:40])
        return None
    return int(number) if number == number.to_integral() else float(number)


def _choice(actor: User, question: Question, sent: Sequence[str], errors: dict[str, str]) -> str | None:
    codes = _several(actor, question, sent[:1], errors)
    return codes[0] if codes else None


def _several(actor: User, question: Question, sent: Sequence[str], errors: dict[str, str]) -> list[str]:
    unknown = [code for code in sent if code not in question.coded]
    if unknown:
        errors[question.key] = say("“{input}” is none of the choices.", input=unknown[0][:40])
    return [code for code in question.coded if code in sent]


def _organisations(actor: User, question: Question, sent: Sequence[str], errors: dict[str, str]) -> list[int]:
    """Numbers of those ticked, names or short names, one a line, of the others."""
    written = list(dict.fromkeys(line.strip() for text in sent for line in text.splitlines() if line.strip()))
    if len(written) > MOST_ORGANISATIONS:
        errors[question.key] = say("At most {max} organisations; this has {given}.", max=MOST_ORGANISATIONS,
                                   given=len(written))
        return []
    numbers = [int(one) for one in written if one.isascii() and one.isdigit() and len(one) < 10]
    found = session.scalars(select(Organisation).where(
        or_(Organisation.id.in_(numbers), Organisation.slug.in_(written), Organisation.name.in_(written),
            Organisation.name_en.in_(written)), organisations.visible_to(actor))).all()
    by_name = {name: one.id for one in found for name in (str(one.id), one.slug, one.name, one.name_en) if name}
    unknown = [name for name in written if name not in by_name]
    if unknown:
        errors[question.key] = say("No verified organisation is called “{name}”. Write its name as its own page shows "
                                   "it, one a line.", name=unknown[0][:60])
        return []
    chosen = list(dict.fromkeys(by_name[name] for name in written))
    own = set(organisations.organisation_ids(actor)) & set(chosen)
    if own:
        one = next(one for one in found if one.id in own)
        errors[question.key] = say("{organisation} is your own organisation; name others.", organisation=one)
    return chosen


_READERS = {
    Type.TEXT: _text, Type.LONG_TEXT: _text, Type.NUMBER: _number, Type.CHOICE: _choice, Type.SEVERAL: _several,
    Type.ORGANISATIONS: _organisations,
}


def _disagree(asked: Sequence[Question], content: Mapping[str, Any], errors: dict[str, str]) -> None:
    """Nobody can be met and not met at once."""
    by_role = {question.role: question.key for question in asked if question.role}
    meet, avoid = by_role.get(Role.MEET), by_role.get(Role.AVOID)
    if meet is None or avoid is None:
        return
    both = set(content.get(meet, ())) & set(content.get(avoid, ()))
    if both:
        one = session.get_one(Organisation, min(both))
        errors[avoid] = say("You want to meet {organisation} and not to sit with it. Take it out of one of the two.",
                            organisation=one)

"""Making surveys, opening and closing them, letting everybody see the figures. With its parts (asking, answering,
drafting) the only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.phrases import say
from marketplace.surveys import questions
from marketplace.surveys.models import SMALLEST, Answer, Asked, QuestionSet, State, Survey, SurveyOf
from marketplace.surveys.permissions import Reader, can_run, can_see_figures
from marketplace.surveys.questions import Question

FIELDS = ("title_zh", "title_en", "intro_zh", "intro_en", "closes_at", "smallest")
FIRST = {SurveyOf.EVENT: questions.BEFORE_EVENT, SurveyOf.MEMBERS: questions.YEARLY}
"""The questions that a survey begins with."""
STEPS = {(State.DRAFT, State.OPEN), (State.OPEN, State.CLOSED), (State.CLOSED, State.OPEN)}
_ACTS = {State.OPEN: "questionnaire.opened", State.CLOSED: "questionnaire.closed"}
STALE = say("Somebody else changed it while you were writing. "
            "What you entered is still here: compare, then save again.")


def get(actor: Reader, number: int) -> Survey:
    """For those who run surveys; NotFound for everybody else."""
    survey = session.get(Survey, number) if can_run(actor) else None
    if survey is None:
        raise NotFound
    return survey


def with_figures(actor: Reader, number: int) -> Survey:
    """One whose figures this reader may see."""
    survey = session.get(Survey, number)
    if survey is None or not can_see_figures(actor, survey):
        raise NotFound
    return survey


def every(actor: User, *, page: int = 1, size: int = 20) -> tuple[Sequence[tuple[Survey, int, int]], int]:
    """(one page of (survey, how many are asked, how many have answered), the newest first; how many surveys)."""
    require(can_run(actor))
    asked = select(func.count()).where(Asked.survey_id == Survey.id, Asked.ended_at.is_(None)).scalar_subquery()
    answered = select(func.count()).where(Answer.survey_id == Survey.id).scalar_subquery()
    latest = select(Survey, asked, answered).order_by(Survey.created_at.desc(), Survey.id.desc())
    total = session.scalar(select(func.count()).select_from(Survey)) or 0
    found = session.execute(latest.limit(size).offset((page - 1) * size)).all()
    return [(row[0], row[1] or 0, row[2] or 0) for row in found], total


def published() -> Sequence[Survey]:
    """Those whose figures everybody may see, the latest first."""
    public = select(Survey).where(Survey.published_at.is_not(None))
    return session.scalars(public.order_by(Survey.published_at.desc()).limit(50)).all()


def create(actor: User, kind: SurveyOf, content: Mapping[str, Any], *, page: str | None = None) -> Survey:
    """A draft that asks what such surveys usually ask. `content`: FIELDS."""
    require(can_run(actor))
    _check(content)
    with transaction():
        now = clock.now()
        survey = Survey(kind=kind, state=State.DRAFT, page=page, number=1, created_at=now, changed_at=now,
                        created_by_id=actor.id)
        _fill(survey, content)
        session.add(survey)
        session.flush()
        first = questions.kept(FIRST[kind])
        session.add(QuestionSet(survey_id=survey.id, number=1, questions=first, created_at=now))
        audit.record(actor.id, "questionnaire.created", "questionnaire", survey.id, kind=kind.value)
    return survey


def change(
    actor: User, survey: Survey, content: Mapping[str, Any], asks: Sequence[Question], version: int | None
) -> None:
    """Questions that people have seen are kept as they were asked; the new ones are another set."""
    require(can_run(actor))
    _check(content)
    with transaction():
        lock(survey)
        if version is not None and survey.version != version:
            raise Conflict(STALE)
        _fill(survey, content)
        if takes_answers(survey):
            survey.published_at = survey.published_by_id = None
        survey.changed_at = clock.now()
        _ask_from_now_on(survey, questions.kept(asks))
        audit.record(actor.id, "questionnaire.changed", "questionnaire", survey.id)


def set_state(actor: User, survey: Survey, state: State) -> None:
    """Open it, close it, open it again, which hides the figures."""
    require(can_run(actor))
    if (survey.state, state) not in STEPS:
        raise Conflict(say("It is in another state by now; look again."))
    if state is State.OPEN and survey.closes_at is not None and survey.closes_at <= clock.now():
        raise Conflict(say("Its last day is over. Choose a later one first."))
    with transaction():
        this = update(Survey).where(Survey.id == survey.id, Survey.state == survey.state)
        hides = {"published_at": None, "published_by_id": None} if state is State.OPEN else {}
        moved = session.execute(
            this.values(state=state, changed_at=clock.now(), version=Survey.version + 1, **hides)
            .execution_options(synchronize_session=False))
        if moved.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict(say("Somebody else was faster; look again."))
        session.refresh(survey)
        audit.record(actor.id, _ACTS[state], "questionnaire", survey.id)


def publish(actor: User, survey: Survey, on: bool) -> None:
    """Let everybody see the figures, without names and small groups; or no longer. Not while answers come in: what
    each of them changes would tell it."""
    require(can_run(actor))
    with transaction():
        lock(survey)
        if on and takes_answers(survey):
            raise Conflict(say("Close the survey first: from figures that change, each answer that comes could be "
                               "told."))
        survey.published_at, survey.published_by_id = (clock.now(), actor.id) if on else (None, None)
        audit.record(actor.id, "questionnaire.published" if on else "questionnaire.hidden", "questionnaire", survey.id)


def questions_of(survey: Survey, number: int | None = None) -> tuple[Question, ...]:
    """What it asks now, or asked under that number; NotFound when it never did."""
    kept = session.scalar(select(QuestionSet.questions).where(
        QuestionSet.survey_id == survey.id, QuestionSet.number == (number or survey.number)))
    if kept is None:
        raise NotFound
    return questions.read(kept)


def every_questions(survey: Survey) -> dict[int, tuple[Question, ...]]:
    """number -> what was asked under it, the first first; the last is what is asked now."""
    found = session.execute(select(QuestionSet.number, QuestionSet.questions).where(
        QuestionSet.survey_id == survey.id).order_by(QuestionSet.number))
    return {row.number: questions.read(row.questions) for row in found}


def takes_answers(survey: Survey) -> bool:
    return survey.state is State.OPEN and (survey.closes_at is None or clock.now() < survey.closes_at)


def lock(survey: Survey) -> None:
    """Hold the survey's row until the commit, and read it as it is now."""
    session.execute(select(Survey.id).where(Survey.id == survey.id).with_for_update())
    session.refresh(survey)


def _ask_from_now_on(survey: Survey, asks: list[dict[str, Any]]) -> None:
    current = session.scalars(select(QuestionSet).where(
        QuestionSet.survey_id == survey.id, QuestionSet.number == survey.number)).one()
    if current.questions == asks:
        return
    if survey.state is State.DRAFT:  # nobody can have the form before them
        current.questions = asks
        return
    survey.number += 1
    session.add(QuestionSet(survey_id=survey.id, number=survey.number, questions=asks, created_at=clock.now()))


def _fill(survey: Survey, content: Mapping[str, Any]) -> None:
    for name in FIELDS:
        setattr(survey, name, content.get(name))
    survey.smallest = content.get("smallest") or 5


def _check(content: Mapping[str, Any]) -> None:
    smallest = content.get("smallest")
    if smallest is not None and smallest < SMALLEST:
        raise Invalid({"smallest": say("Groups of fewer than {min} could be recognised; write {min} or more.",
                                       min=SMALLEST)})

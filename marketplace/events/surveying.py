"""The survey before an edition: begun with one click, answered by those who have a place, closed when it begins."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, NotFound, require
from marketplace.events import attending
from marketplace.events.models import HAS_PLACE, RUNS, Attendance, Edition, Registration, State
from marketplace.events.permissions import can_run
from marketplace.phrases import Label, say
from marketplace.surveys import asking
from marketplace.surveys import service as surveys
from marketplace.surveys.models import State as SurveyState
from marketplace.surveys.models import Survey, SurveyOf

OUT = frozenset({Attendance.CANCELLED, Attendance.DECLINED})
LOOKED_AFTER = timedelta(days=1)
"""After an edition has begun its survey is looked after for so long: it may still be moved."""


def begin(actor: User, edition: Edition) -> Survey:
    """Ask those who come what they need, offer and wish; open from now until the edition begins."""
    require(can_run(actor))
    if edition.has_begun:
        raise Conflict(say("The event has begun; there is nothing left to ask beforehand."))
    with transaction():
        attending.lock(edition)
        if edition.survey_id is not None:
            return session.get_one(Survey, edition.survey_id)
        title = _title(edition)
        content = {"title_zh": title.zh, "title_en": title.en, "closes_at": edition.starts_at}
        survey = surveys.create(actor, SurveyOf.EVENT, content, page=edition.url)
        surveys.set_state(actor, survey, SurveyState.OPEN)
        edition.survey_id = survey.id
        audit.record(actor.id, "event.changed", "event", edition.id)
        asking.keep(survey, _placed(edition))
    return survey


def to_answer(actor: User, edition: Edition) -> Survey:
    """The survey of an edition for somebody who has registered; NotFound for everybody else."""
    theirs = attending.of(actor, edition)
    if edition.survey_id is None or theirs is None or theirs.state in OUT:
        raise NotFound
    return session.get_one(Survey, edition.survey_id)


def let_answer(actor: User, edition: Edition) -> None:
    """Whoever has registered may answer at once, also while they wait for a place."""
    theirs, survey = attending.of(actor, edition), to_answer(actor, edition)
    assert theirs is not None
    asking.ask(survey, {actor.id: theirs.organisation_id})


def look_after() -> int:
    """Ask whoever got a place since, let go whoever gave it back, and follow an edition that was moved or cancelled.
    Safe to run at any time; returns how many were asked."""
    coming = select(Edition).where(Edition.survey_id.is_not(None), Edition.starts_at > clock.now() - LOOKED_AFTER)
    asked = 0
    for edition in session.scalars(coming.order_by(Edition.starts_at)).all():
        survey = session.get_one(Survey, edition.survey_id)
        with transaction():
            _follow(edition, survey)
            if edition.state in RUNS and surveys.takes_answers(survey):
                asked += asking.keep(survey, _registered(edition, survey))
    return asked


def _follow(edition: Edition, survey: Survey) -> None:
    """An edition that was moved takes its survey along; one that was cancelled ends it."""
    if survey.closes_at != edition.starts_at:
        survey.closes_at, survey.changed_at = edition.starts_at, clock.now()
        session.flush()
    if edition.state is State.CANCELLED and survey.state is SurveyState.OPEN:
        session.execute(update(Survey).where(Survey.id == survey.id, Survey.state == SurveyState.OPEN).values(
            state=SurveyState.CLOSED, version=Survey.version + 1))
        session.refresh(survey)


def _placed(edition: Edition) -> dict[int, int | None]:
    return _people(edition, *HAS_PLACE)


def _registered(edition: Edition, survey: Survey) -> dict[int, int | None]:
    """Those who have a place, and of those who wait for one whoever has come to the form already."""
    waiting = _people(edition, Attendance.WAITING, Attendance.REQUESTED)
    return {**{n: o for n, o in waiting.items() if n in asking.known(survey, waiting)}, **_placed(edition)}


def _people(edition: Edition, *states: Attendance) -> dict[int, int | None]:
    rows = session.execute(select(Registration.user_id, Registration.organisation_id).where(
        Registration.edition_id == edition.id, Registration.state.in_(sorted(states))))
    return {row.user_id: row.organisation_id for row in rows}


def _title(edition: Edition) -> Label:
    title = edition.title
    return Label(f"会前问卷：{title.zh}"[:120], f"Before “{title.en}”"[:120])

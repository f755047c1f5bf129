"""Who is asked, reminded and rung up, and whose answer is still missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from marketplace import audit, clock, workdays
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.messaging import service as messaging
from marketplace.messaging.kinds import Kind
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Membership, MembershipClass, Organisation
from marketplace.organisations.models import Role as MemberRole
from marketplace.organisations.models import State as OrganisationState
from marketplace.phrases import say
from marketplace.surveys.models import Answer, Asked, Call, State, Survey, SurveyOf
from marketplace.surveys.permissions import can_run

DAY = timedelta(days=1)
REMINDED = {SurveyOf.EVENT: (3 * DAY, DAY), SurveyOf.MEMBERS: (7 * DAY, 2 * DAY)}
"""How long before the end people are reminded, once each time."""
SETTLED = timedelta(hours=20)
"""Nobody is reminded of what they were asked less long ago."""
AT_ONCE, LONGEST_NOTE = 500, 1_000
ANSWERS_FOR = (MemberRole.ADMIN,)
"""Who is asked for an organisation that is a member."""


class Show(StrEnum):
    MISSING = "missing"
    ANSWERED = "answered"
    EVERYBODY = "everybody"


@dataclass(frozen=True)
class Standing:
    """Somebody who was asked, and where that stands."""

    asked: Asked
    answered_at: datetime | None
    last_call: Call | None


@dataclass(frozen=True)
class Wanted:
    """Whose members a survey goes to; nothing chosen means all."""

    memberships: Sequence[MembershipClass] = ()
    kinds: Sequence[OrganisationKind] = ()


def of(actor: User, survey: Survey) -> Asked | None:
    return session.scalar(select(Asked).where(Asked.survey_id == survey.id, Asked.user_id == actor.id))


def known(survey: Survey, people: Collection[int]) -> set[int]:
    """Those of these people who were asked before."""
    return set(session.scalars(select(Asked.user_id).where(Asked.survey_id == survey.id, Asked.user_id.in_(people))))


def visible_numbers(actor: User, numbers: Sequence[str]) -> list[str]:
    """Those of these surveys that this person is asked to answer."""
    wanted = [int(one) for one in numbers if one.isascii() and one.isdigit() and len(one) < 10]
    asked = select(Asked.survey_id).where(Asked.user_id == actor.id, Asked.ended_at.is_(None))
    return [str(one) for one in session.scalars(asked.where(Asked.survey_id.in_(wanted)))]


def mine(actor: User) -> Sequence[tuple[Survey, datetime | None]]:
    """(survey, when they last answered it) of all they are or were asked, what is open and unanswered first."""
    answered = select(Answer.changed_at).where(Answer.survey_id == Survey.id, Answer.user_id == actor.id)
    when = answered.scalar_subquery()
    asked = exists().where(Asked.survey_id == Survey.id, Asked.user_id == actor.id,
                           or_(Asked.ended_at.is_(None), when.is_not(None)))
    found = select(Survey, when).where(asked, Survey.state != State.DRAFT)
    rows = session.execute(found.order_by(Survey.created_at.desc(), Survey.id.desc()).limit(100)).all()
    return sorted(((row[0], row[1]) for row in rows), key=lambda one: one[0].state is not State.OPEN or bool(one[1]))


def ask(survey: Survey, people: Mapping[int, int | None]) -> list[int]:
    """Let these people answer, each for the organisation given; returns who was not asked before. Nobody is told."""
    new = []
    with transaction():
        known = {row.user_id: row for row in session.scalars(
            select(Asked).where(Asked.survey_id == survey.id, Asked.user_id.in_(people)))}
        for user_id, organisation_id in people.items():
            if user_id not in known:
                new += _add(survey, user_id, organisation_id)
            elif known[user_id].ended_at is not None or known[user_id].organisation_id != organisation_id:
                known[user_id].ended_at, known[user_id].organisation_id = None, organisation_id
    return new


def keep(survey: Survey, people: Mapping[int, int | None]) -> int:
    """From now on exactly these are asked; who is new hears of it. Returns how many heard. Safe to run at any time."""
    with transaction():
        gone = update(Asked).where(Asked.survey_id == survey.id, Asked.ended_at.is_(None), Asked.user_id.not_in(people))
        session.execute(gone.values(ended_at=clock.now()).execution_options(synchronize_session="fetch"))
        new = ask(survey, people)
        if new:
            _invite(survey, new)
    return len(new)


def members(actor: User, wanted: Wanted) -> dict[int, int | None]:
    """user's id -> organisation, of those who would be asked: the administrators of verified members."""
    require(can_run(actor))
    conditions: list[ColumnElement[bool]] = [Organisation.state == OrganisationState.VERIFIED]
    if wanted.memberships:
        conditions.append(Organisation.membership.in_(wanted.memberships))
    if wanted.kinds:
        conditions.append(Organisation.kind.in_(wanted.kinds))
    found = session.execute(
        select(Membership.user_id, Membership.organisation_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.role.in_(ANSWERS_FOR), User.disabled_at.is_(None), *conditions)
        .order_by(Membership.id.desc()))
    return {row.user_id: row.organisation_id for row in found}


def ask_members(actor: User, survey: Survey, wanted: Wanted) -> int:
    """Ask the members chosen; who was asked already is not told again. Returns how many are new."""
    require(can_run(actor))
    if survey.state is not State.OPEN:
        raise Conflict(say("Open the survey first; those who are asked want to answer at once."))
    if survey.kind is SurveyOf.EVENT:
        raise Conflict(say("Whoever registers for the event is asked; nobody else."))
    people = members(actor, wanted)
    with transaction():
        new = ask(survey, people)
        if new:
            _invite(survey, new)
        audit.record(actor.id, "questionnaire.asked", "questionnaire", survey.id, count=len(new))
    return len(new)


def follow(
    actor: User, survey: Survey, show: Show, *, page: int = 1, size: int = 50
) -> tuple[Sequence[Standing], dict[Show, int]]:
    """(one page of those asked, who was never rung up first, then by organisation; how many there are of each)."""
    require(can_run(actor))
    answered = exists().where(Answer.survey_id == Asked.survey_id, Answer.user_id == Asked.user_id)
    asked = (Asked.survey_id == survey.id, Asked.ended_at.is_(None))
    which = {Show.MISSING: (*asked, ~answered), Show.ANSWERED: (*asked, answered), Show.EVERYBODY: asked}
    counts = {one: session.scalar(select(func.count()).select_from(Asked).where(*which[one])) or 0 for one in Show}
    people = session.scalars(
        select(Asked).outerjoin(Asked.organisation).where(*which[show])
        .options(joinedload(Asked.organisation).joinedload(Organisation.steward))
        .order_by(Asked.calls, Organisation.name, Asked.id).limit(size).offset((page - 1) * size)).all()
    when = {row.user_id: row.changed_at for row in session.execute(select(Answer.user_id, Answer.changed_at).where(
        Answer.survey_id == survey.id, Answer.user_id.in_([one.user_id for one in people])))}
    last = {call.asked_id: call for call in session.scalars(
        select(Call).where(Call.asked_id.in_([one.id for one in people if one.calls])).order_by(Call.number))}
    return [Standing(one, when.get(one.user_id), last.get(one.id)) for one in people], counts


def person(actor: User, survey: Survey, asked_id: int) -> tuple[Asked, Sequence[Call], Answer | None]:
    """Somebody who was asked, the calls to them, and what they answered."""
    require(can_run(actor))
    asked = session.get(Asked, asked_id)
    if asked is None or asked.survey_id != survey.id:
        raise NotFound
    calls = session.scalars(select(Call).where(Call.asked_id == asked.id).order_by(Call.number)).all()
    this = select(Answer).where(Answer.survey_id == survey.id, Answer.user_id == asked.user_id)
    return asked, calls, session.scalar(this)


def call(actor: User, survey: Survey, asked_id: int, *, number: int, reached: bool, note: str | None) -> None:
    """Note that somebody was rung up. `number` is the call's, from the page: a form sent twice notes one call."""
    require(can_run(actor))
    if note and len(note) > LONGEST_NOTE:
        raise Invalid({"note": say("At most {max} characters; this has {given}.", max=LONGEST_NOTE, given=len(note))})
    asked, _, _ = person(actor, survey, asked_id)
    with transaction():
        this = update(Asked).where(Asked.id == asked.id, Asked.calls == number - 1).values(calls=number)
        noted = session.execute(this.execution_options(synchronize_session=False))
        if noted.rowcount == 0:  # type: ignore[attr-defined]
            _same_or_conflict(actor, asked, number)
            return
        session.add(Call(asked_id=asked.id, number=number, called_at=clock.now(), called_by_id=actor.id,
                         reached=reached, note=note or None))
        session.refresh(asked, ["calls"])
        audit.record(actor.id, "questionnaire.called", "questionnaire", survey.id, user_id=asked.user_id)


def remind() -> int:
    """Remind those who have not answered, some days before the end and again the day before, on working days and not
    before nine; safe to run at any time and more than once."""
    now = clock.now()
    if workdays.hour_from(now) > now:
        return 0
    ending = select(Survey).where(Survey.state == State.OPEN, Survey.closes_at > now,
                                  Survey.closes_at <= now + max(max(leads) for leads in REMINDED.values()))
    reminded = 0
    for survey in session.scalars(ending).all():
        assert survey.closes_at is not None
        turn = sum(survey.closes_at - now <= lead for lead in REMINDED[survey.kind])
        reminded += _remind(survey, turn, now) if turn else 0
    return reminded


def _remind(survey: Survey, turn: int, now: datetime) -> int:
    answered = exists().where(Answer.survey_id == Asked.survey_id, Answer.user_id == Asked.user_id)
    with transaction():
        silent = session.scalars(
            select(Asked).where(Asked.survey_id == survey.id, Asked.ended_at.is_(None), Asked.reminders < turn,
                                Asked.asked_at <= now - SETTLED, ~answered)
            .order_by(Asked.id).limit(AT_ONCE).with_for_update(of=Asked)).all()
        for one in silent:
            one.reminders = turn
        messaging.notify(
            [one.user_id for one in silent],
            say("“{survey}” still waits for your answer; a few minutes are enough.", survey=survey),
            survey.url, kind=Kind.REMINDERS, once=f"survey:{survey.id}:reminder:{turn}")
    return len(silent)


def _invite(survey: Survey, people: list[int]) -> None:
    if survey.kind is SurveyOf.EVENT:
        phrase = say("{survey}: tell us what you need, what you offer and whom you want to meet. Tables are made from "
                     "the answers.", survey=survey)
        kind = Kind.EVENTS
    else:
        phrase = say("{survey}: please answer for your organisation.", survey=survey)
        kind = Kind.ORGANISATION
    messaging.notify(people, phrase, survey.url, kind=kind, once=f"survey:{survey.id}:asked")


def _add(survey: Survey, user_id: int, organisation_id: int | None) -> list[int]:
    try:
        with session.begin_nested():
            session.add(Asked(survey_id=survey.id, user_id=user_id, organisation_id=organisation_id,
                              asked_at=clock.now(), reminders=0, calls=0))
    except IntegrityError:  # the same person is added at this moment
        return []
    return [user_id]


def _same_or_conflict(actor: User, asked: Asked, number: int) -> None:
    theirs = session.scalar(select(Call.called_by_id).where(Call.asked_id == asked.id, Call.number == number))
    if theirs != actor.id:
        raise Conflict(say("Somebody else has rung {name} up meanwhile; look at what they noted.",
                           name=asked.user.name))

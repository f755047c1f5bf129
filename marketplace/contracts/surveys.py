"""Surveys of what became of a technology: sent to both sides months later, answered with one click or in the case.
The only writer of their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from itsdangerous import BadData
from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from marketplace import audit, clock, workdays
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.clock import later
from marketplace.contracts import survey_mail
from marketplace.contracts.models import Answer, Survey, SurveyKind
from marketplace.contracts.permissions import can_see_answers
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions import telling
from marketplace.introductions.due import start_of
from marketplace.introductions.models import CloseReason, History, Introduction, Side, Stage, Status
from marketplace.introductions.permissions import acting_sides, can_see, member_sides
from marketplace.organisations.permissions import editable_ids
from marketplace.phrases import say

ASKED = {SurveyKind.SIX_MONTHS: (Stage.PERFORMING, 6), SurveyKind.TWELVE_MONTHS: (Stage.IMPLEMENTED, 12)}
"""So many months after the case came to this stage."""
LIFETIME, REMINDED_AFTER = timedelta(days=90), timedelta(days=14)
MOST_JOBS, LONGEST_COMMENT, AT_ONCE = 1_000_000, 2_000, 100
STALE = say("Somebody else answered this meanwhile. What you entered is still here; save again if it is right.")


@dataclass(frozen=True)
class Bearer:
    """Whom a link in a mail acts for."""

    survey: Survey
    person: User
    is_open: bool
    """False: too late, or answered already."""


def run() -> int:
    """Send what is due and remind once of what stays unanswered, on working days and not before nine; safe to run at
    any time and more than once."""
    now = clock.now()
    if workdays.hour_from(now) > now:
        return 0
    return sum(_send(kind) for kind in SurveyKind) + _remind()


def of(actor: User, introduction: Introduction) -> Sequence[Survey]:
    """What this reader may see of a case's surveys: each side its own, the broker of the case and operators all."""
    if not can_see(actor, introduction):
        raise NotFound
    this = select(Survey).where(Survey.introduction_id == introduction.id).order_by(Survey.sent_at, Survey.id)
    if not can_see_answers(actor, introduction):
        this = this.where(Survey.side.in_(member_sides(actor, introduction)))
    return session.scalars(this).all()


def one(actor: User, introduction: Introduction, number: int) -> Survey:
    found = next((survey for survey in of(actor, introduction) if survey.id == number), None)
    if found is None:
        raise NotFound
    return found


def can_answer(actor: User, survey: Survey) -> bool:
    return survey.side in acting_sides(actor, survey.introduction)


def answer(actor: User, survey: Survey, given: Mapping[str, Any], *, version: int | None) -> None:
    """Answer in the case, or put another answer in the place of the one given."""
    require(can_answer(actor, survey), say("Those who write for this side answer for it."))
    _write(actor, survey, given, version)


def bearer(token: str) -> Bearer:
    """Whom a link acts for; NotFound when it is forged or too old, or its person no longer writes for that side."""
    try:
        number, person_id = links.signer("survey").loads(token, max_age=int(LIFETIME.total_seconds()))
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    survey, person = session.get(Survey, number), session.get(User, person_id)
    if survey is None or person is None or not person.is_active or survey.organisation_id not in editable_ids(person):
        raise NotFound
    return Bearer(survey, person, survey.answered_at is None and clock.now() < survey.expires_at)


def answer_by_link(token: str, given: Mapping[str, Any]) -> None:
    """A link answers once; whoever wants to say something else signs in."""
    by = bearer(token)
    if not by.is_open:
        raise Conflict(say("This survey has been answered, or its time is over. Sign in to change the answer."))
    _write(by.person, by.survey, given, by.survey.version)


def token(survey: Survey, person: User) -> str:
    return str(links.signer("survey").dumps([survey.id, person.id]))


def _write(actor: User, survey: Survey, given: Mapping[str, Any], version: int | None) -> None:
    values = _checked(given)
    if version is not None and version != survey.version:
        raise Conflict(STALE)
    try:
        with transaction():
            for name, value in values.items():
                setattr(survey, name, value)
            survey.answered_at, survey.answered_by_id = clock.now(), actor.id
            session.flush()
            audit.record(actor.id, "survey.answered", "survey", survey.id, survey.introduction.ref)
            survey_mail.tell_broker(survey)
    except StaleDataError:
        raise Conflict(STALE) from None


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    wrong = dict[str, str]()
    if given.get("answer") not in list(Answer):
        wrong["answer"] = say("Choose one of the three answers.")
    jobs, revenue, satisfaction = given.get("jobs"), given.get("revenue"), given.get("satisfaction")
    if jobs is not None and not 0 <= jobs <= MOST_JOBS:
        wrong["jobs"] = say("{input} jobs? Give a number from 0 to {max}.", input=jobs, max=MOST_JOBS)
    if satisfaction is not None and not 1 <= satisfaction <= 5:
        wrong["satisfaction"] = say("{input} is not between 1 and 5.", input=satisfaction)
    comment = given.get("comment") or None
    if comment and len(comment) > LONGEST_COMMENT:
        wrong["comment"] = say("At most {max} characters; this has {given}.", max=LONGEST_COMMENT, given=len(comment))
    if wrong:
        raise Invalid(wrong)
    currency = (given.get("currency") or "CNY") if revenue is not None else None
    return {"answer": Answer(given["answer"]), "jobs": jobs, "revenue": revenue, "currency": currency,
            "satisfaction": satisfaction, "comment": comment}


def _send(kind: SurveyKind) -> int:
    """Ask both sides of every case that came to the stage so many months ago and still stands there or beyond."""
    stage, months = ASKED[kind]
    today = clock.today()
    since = func.max(History.effective_at)
    arrived = (
        select(History.introduction_id, since.label("since"))
        .where(History.to_stage == stage, or_(History.from_stage.is_(None), History.from_stage < stage))
        .group_by(History.introduction_id)
        .having(since < start_of(today - timedelta(days=28 * months))).subquery()
    )
    asked = select(Survey.introduction_id).where(Survey.kind == kind)
    waiting = (
        select(Introduction.id, arrived.c.since).join(arrived, arrived.c.introduction_id == Introduction.id)
        .where(Introduction.stage >= stage, Introduction.id.not_in(asked), _goes_on()).order_by(arrived.c.since)
    )
    due = [number for number, at in session.execute(waiting).all() if later(_day(at), months) <= today]
    return sum(_ask(number, kind) for number in due[:AT_ONCE])


def _goes_on() -> Any:
    return or_(Introduction.status != Status.CLOSED, Introduction.close_reason == CloseReason.COMPLETED)


def _day(at: datetime) -> date:
    return at.astimezone(clock.PLACE).date()


def _ask(introduction_id: int, kind: SurveyKind) -> int:
    now = clock.now()
    with transaction():
        introduction = session.get_one(Introduction, introduction_id)
        surveys = [
            Survey(introduction=introduction, kind=kind, side=side, sent_at=now, expires_at=now + LIFETIME,
                   organisation_id=introduction.listing_of(side).organisation_id)
            for side in Side
        ]
        try:
            with session.begin_nested():
                session.add_all(surveys)
        except IntegrityError:  # another worker asks at this moment
            return 0
        for survey in surveys:
            _mail(survey, is_reminder=False)
    return len(surveys)


def _remind() -> int:
    now, reminded = clock.now(), 0
    silent = (
        select(Survey.id).join(Introduction, Introduction.id == Survey.introduction_id)
        .where(Survey.answered_at.is_(None), Survey.reminded_at.is_(None), Survey.sent_at <= now - REMINDED_AFTER,
               Survey.expires_at > now, _goes_on())
        .order_by(Survey.id).limit(AT_ONCE)
    )
    for number in session.scalars(silent).all():
        with transaction():
            survey = session.scalar(select(Survey).where(Survey.id == number, Survey.reminded_at.is_(None))
                                    .with_for_update().execution_options(populate_existing=True))
            if survey is not None and survey.answered_at is None:
                survey.reminded_at = now
                _mail(survey, is_reminder=True)
                reminded += 1
    return reminded


def _mail(survey: Survey, *, is_reminder: bool) -> None:
    """To the contact of the side's listing if they still write for it, else to everybody who does."""
    introduction = survey.introduction
    people = telling.people_of(introduction, survey.side)
    contact = introduction.listing_of(survey.side).contact_id
    chosen = [contact] if contact in people else sorted(people)
    theirs = select(User).where(User.id.in_(chosen), User.disabled_at.is_(None)).order_by(User.id)
    for person in session.scalars(theirs):
        survey_mail.write(survey, person, token(survey, person), is_reminder=is_reminder)

"""Nobody is left waiting: whoever is to answer is reminded on the day, and a day later the next level has it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm.exc import StaleDataError

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.phrases import say
from marketplace.requests_desk import telling
from marketplace.requests_desk.assigning import can_rise, due_day, escalate, in_working_days
from marketplace.requests_desk.models import OPEN_STEPS, Request, Step, What

AGAIN = 5
"""Working days between reminders of what cannot go any higher, or waits for the company."""
MOST_OF_COMPANY = 2
"""Reminders to the company whose request is answered; then its silence stands."""


def run() -> int:
    """Look at what is due; safe to run at any time and more than once."""
    done = 0
    due = select(Request.id, Request.remind_at).where(
        Request.remind_at <= clock.now(), Request.step.in_(sorted(OPEN_STEPS)))
    for request_id, at in session.execute(due).all():
        try:
            with transaction():
                done += _look_at(request_id, at)
        except StaleDataError:  # somebody moved it at this moment; what follows begins anew
            session.rollback()
    return done


def _look_at(request_id: int, at: datetime | None) -> bool:
    """False when another worker was here first. A reminder leaves the version as it was, so that nobody's form grows
    stale by it."""
    claim = update(Request).where(Request.id == request_id, Request.remind_at == at)
    claim = claim.values(remind_at=None, reminders=Request.reminders + 1).returning(Request.id)
    if session.scalar(claim.execution_options(synchronize_session=False)) is None:
        return False
    request = session.get_one(Request, request_id, populate_existing=True)
    if request.step is Step.ANSWERED:
        _ask_company(request)
    elif request.step is Step.WAITING:
        _remind_operators(request)
    elif request.reminders == 1:
        _remind_on_the_day(request)
    elif can_rise(request):
        escalate(request, What.OVERDUE)
    else:
        _remind_at_the_top(request)
    return True


def _remind_on_the_day(request: Request) -> None:
    telling.in_charge(request, say("“{title}” of {organisation} is to be answered today.", title=request.title,
                                   organisation=request.organisation), None, _fact(request))
    _next(request, in_working_days(1))


def _remind_at_the_top(request: Request) -> None:
    phrase = say("“{title}” of {organisation} was to be answered by {day}.", title=request.title,
                 organisation=request.organisation, day=due_day(request))
    telling.in_charge(request, phrase, None, _fact(request))
    telling.steward(request, phrase, None, _fact(request))
    telling.operators(request, phrase, None, _fact(request))
    _next(request, in_working_days(AGAIN))


def _remind_operators(request: Request) -> None:
    telling.operators(request, say("“{title}” still needs somebody who answers.", title=request.title), None,
                      _fact(request))
    _next(request, in_working_days(1))


def _ask_company(request: Request) -> None:
    telling.company(request, say("Does the answer to “{title}” settle it? Please confirm, or send it back.",
                                 title=request.title), None, _fact(request))
    if request.reminders < MOST_OF_COMPANY:
        _next(request, in_working_days(AGAIN))


def _fact(request: Request) -> str:
    return telling.fact_of(request, f"reminder:{request.reminders}")


def _next(request: Request, at: datetime) -> None:
    change = update(Request).where(Request.id == request.id).values(remind_at=at)
    session.execute(change.execution_options(synchronize_session=False))
    session.expire(request)

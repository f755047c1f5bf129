"""Reminders: of the event to those who have a place, the day before; of the invitation, once, to those who have not
answered and allow to be asked again so soon."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select, update

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.events import doors, invited, inviting, welcoming
from marketplace.events.models import RUNS, Attendance, Edition, EventInvitation, Registration, State
from marketplace.messaging import service as messaging
from marketplace.phrases import say

BEFORE = timedelta(days=1)
"""Who has a place is reminded so long before it begins."""
ONCE_MORE = timedelta(days=4)
"""Who has not answered is asked again so long before it begins,"""
AT_LEAST = timedelta(days=2)
"""and so long after the invitation."""
_SLICE = 200


def run() -> int:
    """The clock's turn; how many were told. What is left waits for the next turn."""
    doors.give_codes()
    return remind_of_events() + remind_of_invitations()


def remind_of_events() -> int:
    told = 0
    for edition in _soon(BEFORE, RUNS):
        told += _remind_all(edition)
    return told


def remind_of_invitations() -> int:
    told = 0
    for edition in _soon(ONCE_MORE, frozenset({State.OPEN})):
        told += _ask_again(edition)
    return told


def _soon(ahead: timedelta, states: frozenset[State]) -> list[Edition]:
    now = clock.now()
    which = (Edition.state.in_(sorted(states)), Edition.starts_at > now, Edition.starts_at <= now + ahead)
    return list(session.scalars(select(Edition).where(*which).order_by(Edition.starts_at, Edition.id)))


def _remind_all(edition: Edition) -> int:
    """Marked in the transaction that tells, so that nobody is told twice; told anew when the edition was moved since.
    Who registered within the last day knows."""
    eve = edition.starts_at - BEFORE
    untold = or_(Registration.reminded_at.is_(None), Registration.reminded_at < eve)
    due = select(Registration.id).where(
        Registration.edition_id == edition.id, Registration.state == Attendance.REGISTERED, untold,
        Registration.registered_at < eve,
    ).order_by(Registration.id).limit(_SLICE)
    with transaction():
        # `untold` once more: a row that another worker has marked meanwhile is looked at again, `due` is not.
        claimed = update(Registration).where(Registration.id.in_(due), untold).values(reminded_at=clock.now())
        ids = list(session.scalars(
            claimed.returning(Registration.id).execution_options(synchronize_session=False)))
        for one in session.scalars(select(Registration).where(Registration.id.in_(ids)).order_by(Registration.id)):
            _tell(edition, one)
    return len(ids)


def _tell(edition: Edition, registration: Registration) -> None:
    values = {"event": edition, "moment": welcoming.when(edition), "place": edition.place}
    online = say("{event}, {moment}: {link}", **values, link=edition.video_url)
    there = say("{event} is tomorrow or sooner: {moment}, {place}. Your code for the check-in is on this page.",
                **values)
    messaging.notify([registration.user_id], online if edition.video_url and not edition.place_zh else there,
                     f"{doors.PAGE}{registration.token}", kind=messaging.Kind.EVENTS)


def _ask_again(edition: Edition) -> int:
    waiting = session.scalars(select(EventInvitation).where(
        EventInvitation.edition_id == edition.id, EventInvitation.answer.is_(None),
        EventInvitation.reminded_at.is_(None), EventInvitation.sent_at <= clock.now() - AT_LEAST,
        EventInvitation.user_id.not_in(select(Registration.user_id).where(Registration.edition_id == edition.id)),
    ).order_by(EventInvitation.id)).all()
    people = [one.user_id for one in waiting]
    often, last = invited.wishes(people), invited.last_asked(people)
    told = 0
    for one in waiting:
        if invited.may_be_asked(often[one.user_id], last.get(one.user_id)):
            told += _once_more(one)
    return told


def _once_more(invitation: EventInvitation) -> int:
    with transaction():
        mark = update(EventInvitation).where(
            EventInvitation.id == invitation.id, EventInvitation.reminded_at.is_(None), EventInvitation.answer.is_(None)
        ).values(reminded_at=clock.now()).returning(EventInvitation.id)
        if session.scalar(mark.execution_options(synchronize_session=False)) is None:
            return 0
        messaging.notify([invitation.user_id], say("Once more: {what}", what=inviting.sentence(invitation)),
                         invited.path(invitation), kind=messaging.Kind.INVITATIONS,
                         once=f"event.invited:{invitation.id}:again")
    return 1

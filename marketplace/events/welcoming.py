"""Who may come, whose wish an operator decides on, and what those who register are told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from marketplace import clock
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import require
from marketplace.events.models import Attendance, Edition, EventInvitation, Registration, new_token
from marketplace.events.permissions import can_run
from marketplace.messaging import service as messaging
from marketplace.organisations.models import MembershipClass, Organisation
from marketplace.phrases import Phrase, say

ONLY_MEMBERS = say(
    "This event is for founding and ordinary members of the marketplace. Ask the organisers to invite you."
)


def is_outsider(who: User, organisation: Organisation | None) -> bool:
    """Somebody from no founding or ordinary member. Staff are at home everywhere."""
    if who.is_reviewer:
        return False
    return organisation is None or not organisation.is_verified or organisation.membership is MembershipClass.GUEST


def is_invited(who: User, edition: Edition) -> bool:
    asked = select(EventInvitation.id).where(
        EventInvitation.edition_id == edition.id, EventInvitation.user_id == who.id)
    return session.scalar(asked) is not None


def entered(
    actor: User, edition: Edition, who: User, organisation_id: int | None, before: Registration | None
) -> Registration:
    """The registration of somebody who wants to come, REQUESTED where an operator is to decide. Whoever an operator
    has invited or registers needs neither to be a member nor to be approved. In the caller's transaction."""
    organisation = session.get(Organisation, organisation_id) if organisation_id else None
    wanted = can_run(actor) or is_invited(who, edition)
    require(wanted or edition.open_to_outsiders or not is_outsider(who, organisation), ONLY_MEMBERS)
    theirs = before or Registration(edition_id=edition.id, user_id=who.id, token=new_token())
    theirs.organisation_id, theirs.registered_at = organisation_id, clock.now()
    theirs.registered_by_id = None if who.id == actor.id else actor.id
    theirs.decline_reason = theirs.attended_at = theirs.left_at = None
    theirs.state = Attendance.REQUESTED if edition.needs_approval and not wanted else Attendance.WAITING
    session.add(theirs)
    session.flush()
    return theirs


def tell_registered(actor: User, edition: Edition, theirs: Registration) -> None:
    """A colleague learns who registered them; operators, once a day, that somebody waits for their answer."""
    if theirs.user_id != actor.id:
        values = {"person": actor.name, "event": edition, "moment": when(edition)}
        tell([theirs.user_id], edition, {
            Attendance.REGISTERED: say("{person} has registered you for {event}, {moment}.", **values),
            Attendance.WAITING: say("{person} has put you on the waiting list for {event}, {moment}.", **values),
            Attendance.REQUESTED: say("{person} has asked for a place for you at {event}, {moment}.", **values),
        }[theirs.state])
    if theirs.state is Attendance.REQUESTED:
        waits = say("People ask to come to {event} and wait for your answer.", event=edition)
        messaging.notify(accounts.operators(), waits, f"{edition.url}/participants", kind=messaging.Kind.EVENTS,
                         once=f"event.requested:{edition.id}:{clock.today()}")


def tell(user_ids: Collection[int], edition: Edition, message: Phrase) -> None:
    if user_ids:
        messaging.notify(user_ids, message, edition.url, kind=messaging.Kind.EVENTS)


def when(edition: Edition) -> str:
    return moment(edition.starts_at)


def moment(at: datetime) -> str:
    return f"{at.astimezone(clock.PLACE):%Y-%m-%d %H:%M}"

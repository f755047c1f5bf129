"""Saying yes or no to those who ask to come to an edition."""

from __future__ import annotations

from marketplace import audit
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events import attending, welcoming
from marketplace.events.models import HAS_PLACE, RUNS, Attendance, Edition, Registration
from marketplace.events.permissions import can_run
from marketplace.phrases import say

LONGEST_REASON = 500
DECIDED = say("Somebody else has decided on this meanwhile. Look again.")
CAN_DECLINE = frozenset({Attendance.REQUESTED, Attendance.WAITING, Attendance.REGISTERED})


def approve(
    actor: User, edition: Edition, registration_id: int, seen: Attendance | None = None
) -> Registration:
    """They get a place, or a turn on the waiting list, and are told. Doing it twice changes nothing; somebody who was
    declined may be let in after all, by who has seen (`seen`) that they were."""
    require(can_run(actor))
    with transaction():
        attending.lock(edition)
        theirs = one(edition, registration_id)
        if theirs.state in (*HAS_PLACE, Attendance.WAITING):
            return theirs
        if theirs.state is Attendance.DECLINED and seen not in (None, Attendance.DECLINED):
            raise Conflict(DECIDED)
        if theirs.state is Attendance.CANCELLED:
            raise Conflict(say("{name} has cancelled.", name=theirs.user.name))
        if edition.state not in RUNS or edition.is_past:
            raise Conflict(say("This event does not take registrations any more."))
        theirs.decline_reason = None
        attending.give_place_or_turn(edition, theirs)
        audit.record(actor.id, "event.approved", "event", edition.id, registration=theirs.id)
        values = {"event": edition, "moment": welcoming.when(edition)}
        welcoming.tell([theirs.user_id], edition, say("You have a place at {event}, {moment}.", **values)
                       if theirs.state is Attendance.REGISTERED else
                       say("You may come to {event}, {moment}; you are on its waiting list.", **values))
    return theirs


def decline(
    actor: User, edition: Edition, registration_id: int, reason: str, seen: Attendance | None = None
) -> Registration:
    """They cannot come and are told why; their place, if they had one, goes to the first who waits. `seen` is what
    they were when the operator decided."""
    require(can_run(actor))
    reason = reason.strip()
    if not reason:
        raise Invalid({"reason": say("Write why, in a sentence they can read.")})
    if len(reason) > LONGEST_REASON:
        raise Invalid({"reason": say("At most {max} characters; this has more.", max=LONGEST_REASON)})
    with transaction():
        attending.lock(edition)
        theirs = one(edition, registration_id)
        if theirs.state is Attendance.DECLINED and theirs.decline_reason == reason:
            return theirs
        if theirs.state not in CAN_DECLINE or (seen is not None and theirs.state is not seen):
            raise Conflict(DECIDED)
        theirs.decline_reason = reason
        attending.take_back(edition, theirs, Attendance.DECLINED)
        audit.record(actor.id, "event.declined", "event", edition.id, registration=theirs.id)
        welcoming.tell([theirs.user_id], edition, say(
            "You cannot be given a place at {event}, {moment}: {reason}", event=edition,
            moment=welcoming.when(edition), reason=reason))
    return theirs


def to_decide(actor: User, edition: Edition, registration_id: int) -> Registration:
    """The registration, for those who run events."""
    require(can_run(actor))
    return one(edition, registration_id)


def one(edition: Edition, registration_id: int) -> Registration:
    """The registration as it is now; NotFound when it is for another edition."""
    registration = session.get(Registration, registration_id, populate_existing=True)
    if registration is None or registration.edition_id != edition.id:
        raise NotFound
    return registration

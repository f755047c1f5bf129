"""Registering, waiting, cancelling, checking in and leaving: every place is given out once.

Each change first locks the edition's row, so that whoever comes for the last place and whoever gives one up see
each other; the count of places is changed by compare-and-set all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.accounts.permissions import CONFIRM_FIRST, can_act
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events import welcoming
from marketplace.events.models import HAS_PLACE, RUNS, Attendance, Edition, Registration
from marketplace.events.permissions import Reader, can_run, can_see_people
from marketplace.organisations.permissions import organisation_ids
from marketplace.phrases import Phrase, say

DOORS_OPEN = timedelta(hours=12)
"""People are checked in from this long before the beginning."""


def register(
    actor: User, edition: Edition, organisation_id: int | None = None, *, person: User | None = None
) -> Registration:
    """Take a place for oneself, or for a colleague (`person`), who is told of it; the last turn on the waiting list
    when none is left; or the wish to come, where an operator is to say yes. Registering twice changes nothing.

    `organisation_id` is the organisation they come for, one of their own; without it, their first.
    """
    require(can_act(actor), CONFIRM_FIRST)
    who = person or actor
    organisation_id = _organisation_of(actor, who, organisation_id)
    with transaction():
        lock(edition)
        theirs = of(who, edition)
        if theirs is not None and theirs.state is not Attendance.CANCELLED:
            return theirs
        if theirs is not None and who.id != actor.id:
            raise Conflict(say("{person} has cancelled; only they can register again.", person=who.name))
        if not edition.takes_registrations:
            raise Conflict(say("This event does not take registrations any more."))
        theirs = welcoming.entered(actor, edition, who, organisation_id, theirs)
        if theirs.state is not Attendance.REQUESTED:
            give_place_or_turn(edition, theirs)
        detail: dict[str, Any] = {} if who.id == actor.id else {"person": who.id}
        audit.record(actor.id, "event.registered", "event", edition.id, state=theirs.state.value, **detail)
        welcoming.tell_registered(actor, edition, theirs)
    return theirs


def cancel(actor: User, edition: Edition, person: User | None = None) -> None:
    """Give one's place back, or that of a colleague (`person`) one has registered; the first who waits gets it and is
    told."""
    with transaction():
        lock(edition)
        theirs = of(person or actor, edition)
        if theirs is None or theirs.state in (Attendance.CANCELLED, Attendance.DECLINED):
            return
        require(actor.id in (theirs.user_id, theirs.registered_by_id))
        if edition.has_begun or theirs.state is Attendance.ATTENDED:
            raise Conflict(say("The event has begun; there is nothing left to cancel."))
        audit.record(actor.id, "event.cancelled", "event", edition.id)
        take_back(edition, theirs, Attendance.CANCELLED)
        if theirs.user_id != actor.id:
            welcoming.tell([theirs.user_id], edition, say(
                "{person} has cancelled your registration for {event}, {moment}.", person=actor.name, event=edition,
                moment=welcoming.when(edition)))


def check_in(actor: User, edition: Edition, registration_id: int) -> Registration:
    """Note that somebody came, or came back. Who waited is let in while a place is left. Doing it twice changes
    nothing: forms are sent again where the network is bad."""
    require(can_run(actor))
    with transaction():
        lock(edition)
        registration = _registration(edition, registration_id)
        if registration.is_present:
            return registration
        _require_day(edition)
        if registration.state not in HAS_PLACE and not _take_place(edition):
            raise Conflict(say("All {capacity} places are given out. Raise the capacity, or free a place first.",
                               capacity=edition.capacity))
        registration.state, registration.left_at = Attendance.ATTENDED, None
        registration.attended_at = registration.attended_at or clock.now()
        audit.record(actor.id, "event.checked_in", "event", edition.id, registration=registration.id)
    return registration


def leave(actor: User, edition: Edition, registration_id: int) -> Registration:
    """They have gone before the end; `check_in` notes that they are back."""
    require(can_run(actor))
    with transaction():
        lock(edition)
        registration = _registration(edition, registration_id)
        if registration.state is not Attendance.ATTENDED:
            raise Conflict(say("{person} has not been checked in.", person=registration.user.name))
        if registration.left_at is None:
            registration.left_at = clock.now()
            audit.record(actor.id, "event.left", "event", edition.id, registration=registration.id)
    return registration


def undo_check_in(actor: User, edition: Edition, registration_id: int) -> Registration:
    """They were checked in by mistake; they keep their place."""
    require(can_run(actor))
    with transaction():
        lock(edition)
        registration = _registration(edition, registration_id)
        if registration.state is Attendance.ATTENDED:
            registration.state, registration.attended_at = Attendance.REGISTERED, None
            registration.left_at = None
            audit.record(actor.id, "event.check_in_undone", "event", edition.id, registration=registration.id)
    return registration


def of(actor: Reader, edition: Edition) -> Registration | None:
    """This person's registration, cancelled or not."""
    if actor is None:
        return None
    this = select(Registration).where(Registration.edition_id == edition.id, Registration.user_id == actor.id)
    return session.scalar(this)


def mine(actor: Reader, editions: Iterable[Edition]) -> dict[int, Attendance]:
    """edition's id -> how this person stands to it, for those they have not cancelled."""
    if actor is None:
        return {}
    ids = [edition.id for edition in editions]
    rows = session.execute(select(Registration.edition_id, Registration.state).where(
        Registration.user_id == actor.id, Registration.edition_id.in_(ids),
        Registration.state != Attendance.CANCELLED,
    ))
    return {row.edition_id: row.state for row in rows}


def turn(registration: Registration) -> int:
    """Which turn somebody on the waiting list has, from 1."""
    before = select(func.count()).select_from(Registration).where(
        *_waits(registration.edition_id),
        (Registration.registered_at < registration.registered_at)
        | ((Registration.registered_at == registration.registered_at) & (Registration.id <= registration.id)),
    )
    return session.scalar(before) or 0


def how_it_stands(registration: Registration) -> Phrase:
    """For the person, who has just asked to come."""
    if registration.state is Attendance.DECLINED:
        return say("The organisers cannot give you a place: {reason}", reason=registration.decline_reason or "")
    if registration.state is Attendance.REQUESTED:
        return say("The organisers decide on it. You hear from them.")
    if registration.state is Attendance.WAITING:
        return say("You are on the waiting list, turn {turn}. You hear from us when a place becomes free.",
                   turn=turn(registration))
    return say("You are registered.")


def people(actor: Reader, edition: Edition, limit: int = 500) -> Sequence[Registration]:
    """Who has a place, in the order they registered; nobody, for readers who may not know."""
    if not can_see_people(actor):
        return []
    return session.scalars(select(Registration).where(
        Registration.edition_id == edition.id, Registration.state.in_(sorted(HAS_PLACE))
    ).order_by(Registration.registered_at, Registration.id).limit(limit)).all()


def participants(actor: User, edition: Edition) -> Sequence[Registration]:
    """Everybody who ever registered, as those at the door need them: by name."""
    require(can_run(actor))
    return session.scalars(select(Registration).join(Registration.user).where(
        Registration.edition_id == edition.id).order_by(User.name, Registration.id)).all()


def placed(edition: Edition) -> list[Registration]:
    """Who has a place, by number of registration."""
    return _those(edition, Registration.state.in_(sorted(HAS_PLACE)))


def present(edition: Edition) -> list[Registration]:
    """Who came and has not gone since."""
    return _those(edition, Registration.state == Attendance.ATTENDED, Registration.left_at.is_(None))


def by_token(token: str) -> Registration:
    """Whose QR code this is; NotFound for one that we never gave out."""
    found = session.scalar(select(Registration).where(Registration.token == token))
    if found is None:
        raise NotFound
    return found


def lock(edition: Edition) -> None:
    """Hold the edition's row until the commit, and read it as it is now."""
    session.execute(select(Edition.id).where(Edition.id == edition.id).with_for_update())
    session.refresh(edition)


def give_place_or_turn(edition: Edition, registration: Registration) -> None:
    """The edition is locked."""
    registration.state = Attendance.REGISTERED if _take_place(edition) else Attendance.WAITING
    session.flush()


def take_back(edition: Edition, registration: Registration, state: Attendance) -> None:
    """They come no more; their place, if they had one, goes to the first who waits. The edition is locked."""
    had_place = registration.state in HAS_PLACE
    registration.state = state
    session.flush()
    if had_place:
        _give_back(edition)
        fill(edition)


def fill(edition: Edition) -> None:
    """Give free places to those who wait, in their order, and tell them. The edition is locked."""
    if edition.state not in RUNS or edition.has_begun:
        return
    while edition.places_left:
        first = session.scalar(select(Registration).where(*_waits(edition.id)).order_by(
            Registration.registered_at, Registration.id).limit(1))
        if first is None or not _take_place(edition):
            return
        first.state = Attendance.REGISTERED
        session.flush()
        welcoming.tell([first.user_id], edition, say(
            "A place has become free: you are registered for {event}, {moment}.", event=edition,
            moment=welcoming.when(edition)))


def tell_of_change(actor: User, edition: Edition) -> None:
    news = say("{event} has a new time or place: {moment}, {place}.",
               event=edition, moment=welcoming.when(edition), place=edition.place)
    welcoming.tell(_everybody(edition, but=actor), edition, news)


def tell_of_move(actor: User, edition: Edition, before: datetime, reason: str) -> None:
    moved = {"event": edition, "before": welcoming.moment(before), "moment": welcoming.when(edition)}
    said = say("{event} is moved from {before} to {moment}. {reason}", **moved, reason=reason)
    welcoming.tell(_everybody(edition, but=actor), edition, said if reason else say(
        "{event} is moved from {before} to {moment}.", **moved))


def tell_of_cancellation(actor: User, edition: Edition) -> None:
    welcoming.tell(_everybody(edition, but=actor), edition, say(
        "{event} on {moment} is cancelled.", event=edition, moment=welcoming.when(edition)))


def _those(edition: Edition, *which: Any) -> list[Registration]:
    these = select(Registration).where(Registration.edition_id == edition.id, *which).order_by(Registration.id)
    return list(session.scalars(these))


def _organisation_of(actor: User, who: User, organisation_id: int | None) -> int | None:
    """Of a colleague, one that both belong to."""
    own = organisation_ids(actor)
    if who.id != actor.id:
        own = [number for number in own if number in organisation_ids(who)]
        if not own or not can_act(who):
            raise Invalid({"colleagues": say("Choose colleagues from the list.")})
    if organisation_id is None:
        return own[0] if own else None
    if organisation_id not in own:
        raise Invalid({"organisation": say("Choose an organisation you belong to.")})
    return organisation_id


def _take_place(edition: Edition) -> bool:
    return _count(edition, +1, Edition.taken < Edition.capacity, Edition.state.in_(sorted(RUNS)))


def _give_back(edition: Edition) -> None:
    if not _count(edition, -1, Edition.taken > 0):
        raise RuntimeError(f"{edition.ref} gives back a place it never gave out")


def _count(edition: Edition, change: int, *conditions: Any) -> bool:
    this = update(Edition).where(Edition.id == edition.id, *conditions).values(taken=Edition.taken + change)
    done = session.execute(this.execution_options(synchronize_session=False))
    session.refresh(edition, ["taken"])
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _registration(edition: Edition, registration_id: int) -> Registration:
    registration = session.get(Registration, registration_id, populate_existing=True)
    if registration is None or registration.edition_id != edition.id:
        raise NotFound
    if registration.state is Attendance.CANCELLED:
        raise Conflict(say("{name} has cancelled.", name=registration.user.name))
    if registration.state is Attendance.DECLINED:
        raise Conflict(say("{person} was declined: {reason}", person=registration.user.name,
                           reason=registration.decline_reason or ""))
    return registration


def _require_day(edition: Edition) -> None:
    if edition.state not in RUNS or edition.starts_at - clock.now() > DOORS_OPEN:
        raise Conflict(say("People are checked in from {hours} hours before the beginning.",
                           hours=int(DOORS_OPEN / timedelta(hours=1))))


def _waits(edition_id: int) -> tuple[Any, ...]:
    return (Registration.edition_id == edition_id, Registration.state == Attendance.WAITING)


def _everybody(edition: Edition, but: User) -> list[int]:
    states = [Attendance.REGISTERED, Attendance.WAITING, Attendance.REQUESTED]
    return list(session.scalars(select(Registration.user_id).where(
        Registration.edition_id == edition.id, Registration.state.in_(states), Registration.user_id != but.id)))

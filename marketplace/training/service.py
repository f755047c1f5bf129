"""Training of brokers: sessions are planned, people enrol, operators say who was there. With certificates.py the only
writer of this room's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.accounts.permissions import CONFIRM_FIRST, can_act
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say
from marketplace.training.models import Enrolment, Taking, TrainingSession
from marketplace.training.permissions import can_run

STALE = say("Somebody else changed it while you were writing. What you wrote is still here: compare it with the page "
            "as it is now, then save again.")
FULL = say("All places are taken.")
CANCELLED = say("It has been cancelled already.")
IN_IT = (Taking.ENROLLED, Taking.ATTENDED, Taking.ABSENT)


def get(actor: Reader, number: int) -> TrainingSession:
    found = session.get(TrainingSession, number)
    if found is None or actor is None:
        raise NotFound
    return found


def to_run(actor: Reader, number: int) -> TrainingSession:
    """The session, for those who plan such; nobody else learns of these pages."""
    if not can_run(actor):
        raise NotFound
    return get(actor, number)


def coming(actor: Reader) -> Sequence[TrainingSession]:
    """What has not begun, the next first."""
    require(actor is not None)
    ahead = select(TrainingSession).where(TrainingSession.starts_at > clock.now())
    return session.scalars(ahead.order_by(TrainingSession.starts_at, TrainingSession.id).limit(100)).all()


def past(actor: Reader, *, page: int = 1, size: int = 20) -> tuple[Sequence[TrainingSession], int]:
    """(one page of those that have begun, the latest first; how many there are)."""
    require(actor is not None)
    over = TrainingSession.starts_at <= clock.now()
    total = session.scalar(select(func.count()).select_from(TrainingSession).where(over)) or 0
    rows = select(TrainingSession).where(over).order_by(TrainingSession.starts_at.desc(), TrainingSession.id.desc())
    return session.scalars(rows.limit(size).offset((page - 1) * size)).all(), total


def next_ones(actor: Reader, *, page: int = 1, size: int = 20) -> tuple[Sequence[TrainingSession], int]:
    """(one page of `coming`, how many there are)."""
    found = coming(actor)
    return found[(page - 1) * size:page * size], len(found)


def mine(actor: User) -> dict[int, Taking]:
    """session -> how this person stands to it."""
    rows = select(Enrolment.session_id, Enrolment.state).where(Enrolment.user_id == actor.id)
    return {row[0]: row[1] for row in session.execute(rows)}


def attended(person: User) -> Sequence[Enrolment]:
    """The sessions somebody took part in, the latest first."""
    rows = select(Enrolment).join(TrainingSession, TrainingSession.id == Enrolment.session_id).where(
        Enrolment.user_id == person.id, Enrolment.state == Taking.ATTENDED)
    return session.scalars(rows.order_by(TrainingSession.starts_at.desc()).limit(50)).all()


def session_of(person: User, number: int | None) -> TrainingSession | None:
    """The session a certificate of theirs follows, if one is named; they have taken part in it."""
    if number is None:
        return None
    found = next((one.training for one in attended(person) if one.session_id == number), None)
    if found is None:
        raise Invalid({"session_id": say(
            "{person} has not taken part in session {number}. Say first who was there, or leave it out.",
            person=person.name, number=number)})
    return found


def enrolments(actor: Reader, training: TrainingSession) -> Sequence[Enrolment]:
    """Who has a place, by name; for those who run it."""
    if not can_run(actor):
        return []
    rows = select(Enrolment).join(User, User.id == Enrolment.user_id).where(
        Enrolment.session_id == training.id, Enrolment.state.in_(IN_IT))
    return session.scalars(rows.order_by(User.name, Enrolment.id)).all()


def trainee(actor: Reader, number: int) -> User:
    """Whom a certificate may be recorded for: a broker, or who took part in a session."""
    person = session.get(User, number)
    if person is None or not can_run(actor) or not person.is_active or not (person.is_broker or attended(person)):
        raise NotFound
    return person


def plan(actor: Reader, content: Mapping[str, Any]) -> TrainingSession:
    require(can_run(actor))
    assert actor is not None
    with transaction():
        training = TrainingSession(**content, created_at=clock.now(), created_by_id=actor.id)
        session.add(training)
        session.flush()
        audit.record(actor.id, "training.planned", "training", training.id)
    return training


def change(actor: Reader, training: TrainingSession, content: Mapping[str, Any], version: int) -> None:
    """Who is enrolled is told when it is at another time or place."""
    require(can_run(actor))
    with transaction():
        _one_after_the_other(training)
        if version != training.version:
            raise Conflict(STALE)
        if training.cancelled_at is not None:
            raise Conflict(CANCELLED)
        if content["seats"] < training.taken:
            raise Conflict(say("{n} people have a place; it cannot have fewer.", n=training.taken))
        moved = (content["starts_at"], content["place"]) != (training.starts_at, training.place)
        for name, value in content.items():
            setattr(training, name, value)
        session.flush()
        audit.record(actor.id if actor else None, "training.changed", "training", training.id)
        if moved:
            outbox.publish("training.changed", training.id)


def cancel(actor: Reader, training: TrainingSession) -> None:
    """It does not take place; who is enrolled is told."""
    require(can_run(actor))
    if training.has_begun:
        raise Conflict(say("It has begun; it cannot be cancelled any more."))
    with transaction():
        this = update(TrainingSession).where(TrainingSession.id == training.id, TrainingSession.cancelled_at.is_(None))
        gone = this.values(cancelled_at=clock.now(), version=TrainingSession.version + 1).returning(TrainingSession.id)
        if session.scalar(gone.execution_options(synchronize_session=False)) is None:
            raise Conflict(CANCELLED)
        audit.record(actor.id if actor else None, "training.cancelled", "training", training.id)
        outbox.publish("training.changed", training.id)
    session.refresh(training)


def enrol(actor: User, training: TrainingSession) -> Enrolment:
    """Take a place. Pressing twice takes one."""
    require(can_act(actor), CONFIRM_FIRST)
    with transaction():
        _one_after_the_other(training)
        row = _own(actor, training)
        if row is not None and row.state in IN_IT:
            return row
        if training.cancelled_at is not None or training.has_begun:
            raise Conflict(say("It takes nobody any more."))
        _take(training, 1)
        if row is None:
            row = Enrolment(session_id=training.id, user_id=actor.id)
            session.add(row)
        row.state, row.enrolled_at = Taking.ENROLLED, clock.now()
        session.flush()
        audit.record(actor.id, "training.enrolled", "training", training.id)
    session.refresh(training)
    return row


def leave(actor: User, training: TrainingSession) -> None:
    """Give the place back, until it begins."""
    with transaction():
        _one_after_the_other(training)
        row = _own(actor, training)
        if row is None or row.state is not Taking.ENROLLED:
            return
        if training.has_begun:
            raise Conflict(say("It has begun; the place cannot be given back."))
        row.state = Taking.CANCELLED
        _take(training, -1)
        audit.record(actor.id, "training.left", "training", training.id)
    session.refresh(training)


def mark(actor: Reader, training: TrainingSession, enrolment_id: int, state: Taking) -> Enrolment:
    """Say who was there."""
    require(can_run(actor))
    row = session.get(Enrolment, enrolment_id)
    if row is None or row.session_id != training.id or row.state is Taking.CANCELLED:
        raise NotFound
    if not training.has_begun:
        raise Conflict(say("It has not begun yet."))
    with transaction():
        row.state = state
        audit.record(actor.id if actor else None, "training.marked", "training", training.id, user_id=row.user_id,
                     state=state.value)
    return row


def told(number: int) -> tuple[TrainingSession | None, list[int]]:
    """(a session, who has a place in it), for what is written to them."""
    rows = select(Enrolment.user_id).where(Enrolment.session_id == number, Enrolment.state == Taking.ENROLLED)
    return session.get(TrainingSession, number), list(session.scalars(rows))


def _own(actor: User, training: TrainingSession) -> Enrolment | None:
    this = select(Enrolment).where(Enrolment.session_id == training.id, Enrolment.user_id == actor.id)
    return session.scalar(this.execution_options(populate_existing=True))


def _one_after_the_other(training: TrainingSession) -> None:
    """Two who press at once wait for one another here."""
    this = select(TrainingSession).where(TrainingSession.id == training.id).with_for_update()
    session.scalars(this.execution_options(populate_existing=True)).one()


def _take(training: TrainingSession, places: int) -> None:
    this = update(TrainingSession).where(
        TrainingSession.id == training.id, TrainingSession.taken + places <= TrainingSession.seats)
    taken = this.values(taken=TrainingSession.taken + places).returning(TrainingSession.id)
    if session.scalar(taken.execution_options(synchronize_session=False)) is None:
        raise Conflict(FULL)

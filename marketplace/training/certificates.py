"""Certificates of brokers: recorded, shown on their profile with level and validity, withdrawn, and told of before they
end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select, update

from marketplace import audit, clock, outbox, refs
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say
from marketplace.training.models import Certificate, Level, TrainingSession
from marketplace.training.permissions import can_run

BEFORE = timedelta(days=60)
"""How long before its end the holder is told."""
RANK = {level: place for place, level in enumerate(Level)}


@dataclass(frozen=True)
class Broker:
    """A broker in the list: the person, and the highest certificate that holds today."""

    person: User
    certificate: Certificate | None


def brokers(actor: Reader, level: Level | None = None, *, page: int = 1, size: int = 30) -> tuple[list[Broker], int]:
    """(one page of the brokers by name, those alone who hold this level now if one is given; how many there are)."""
    require(actor is not None)
    chosen = [User.is_broker, User.disabled_at.is_(None)]
    if level is not None:
        chosen.append(User.id.in_(select(Certificate.user_id).where(*_holds(), Certificate.level == level)))
    total = session.scalar(select(func.count()).select_from(User).where(*chosen)) or 0
    rows = select(User).where(*chosen).order_by(User.name, User.id).limit(size).offset((page - 1) * size)
    people = session.scalars(rows).all()
    held: dict[int, Certificate] = {}
    for one in session.scalars(select(Certificate).where(*_holds(), Certificate.user_id.in_([p.id for p in people]))):
        if one.user_id not in held or RANK[one.level] > RANK[held[one.user_id].level]:
            held[one.user_id] = one
    return [Broker(person, held.get(person.id)) for person in people], total


def highest(person: User) -> Certificate | None:
    """Of those that hold today."""
    return max((one for one in of(person) if one.is_valid), key=lambda one: RANK[one.level], default=None)


def broker(actor: Reader, number: int) -> User:
    """The person behind a profile: brokers have one, and whoever holds a certificate."""
    person = session.get(User, number) if actor is not None else None
    if person is None or not person.is_active or not (person.is_broker or of(person)):
        raise NotFound
    return person


def of(person: User) -> Sequence[Certificate]:
    """All of somebody's, the latest first; those that ended or were withdrawn among them."""
    rows = select(Certificate).where(Certificate.user_id == person.id)
    return session.scalars(rows.order_by(Certificate.issued_on.desc(), Certificate.id.desc())).all()


def get(actor: Reader, ref: str) -> Certificate:
    """The certificate, for those who record and withdraw such."""
    found = session.scalar(select(Certificate).where(Certificate.ref == ref.upper())) if len(ref) < 40 else None
    if found is None or not can_run(actor):
        raise NotFound
    return found


def record(
    actor: Reader, person: User, *, level: Level, issuer: str, issued_on: date, valid_until: date,
    training: TrainingSession | None = None,
) -> Certificate:
    """Put a certificate on somebody's profile; they are told."""
    require(can_run(actor))
    assert actor is not None
    if issued_on > clock.today():
        raise Invalid({"issued_on": say("This day has not come yet.")})
    if valid_until <= issued_on:
        raise Invalid({"valid_until": say("A certificate ends after it was issued.")})
    with transaction():
        same = select(Certificate.id).where(
            Certificate.user_id == person.id, Certificate.level == level, Certificate.issued_on == issued_on,
            Certificate.withdrawn_at.is_(None))
        # Two operators who record the same at once wait for one another here.
        session.execute(select(User.id).where(User.id == person.id).with_for_update())
        if session.scalar(same.limit(1)) is not None:
            raise Invalid({"level": say("{person} has this level with this day of issue already.",
                                        person=person.name)})
        found = Certificate(
            ref=refs.take("C")[0], user_id=person.id, level=level, issuer=issuer, issued_on=issued_on,
            valid_until=valid_until, session_id=training.id if training else None, recorded_at=clock.now(),
            recorded_by_id=actor.id,
        )
        session.add(found)
        session.flush()
        audit.record(actor.id, "certificate.recorded", "certificate", found.id, user_id=person.id)
        outbox.publish("certificate.recorded", found.id)
    return found


def withdraw(actor: Reader, certificate: Certificate, reason: str) -> None:
    """It holds no longer; that it did, and why it ended, stays on record."""
    require(can_run(actor))
    with transaction():
        this = update(Certificate).where(Certificate.id == certificate.id, Certificate.withdrawn_at.is_(None))
        values = {"withdrawn_at": clock.now(), "withdrawn_by_id": actor.id if actor else None, "reason": reason}
        gone = this.values(values).returning(Certificate.id).execution_options(synchronize_session=False)
        if session.scalar(gone) is None:
            raise Conflict(say("It has been withdrawn already."))
        audit.record(actor.id if actor else None, "certificate.withdrawn", "certificate", certificate.id,
                     user_id=certificate.user_id)
    session.refresh(certificate)


def ending() -> Sequence[Certificate]:
    """Those that end soon and that no later one of the same level follows."""
    today = clock.today()
    rows = session.scalars(select(Certificate).where(
        *_holds(), Certificate.valid_until <= today + BEFORE).order_by(Certificate.id)).all()
    later = select(Certificate.user_id, Certificate.level).where(
        *_holds(), Certificate.valid_until > today + BEFORE, Certificate.user_id.in_({one.user_id for one in rows}))
    followed = {(row[0], row[1]) for row in session.execute(later)}
    return [one for one in rows if (one.user_id, one.level) not in followed]


def _holds() -> tuple[ColumnElement[bool], ...]:
    return Certificate.withdrawn_at.is_(None), Certificate.valid_until >= clock.today()

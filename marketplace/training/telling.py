"""What people are told of training: another time, a cancellation, a certificate, its end."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts import service as accounts
from marketplace.db import session
from marketplace.messaging import service as messaging
from marketplace.messaging.kinds import Kind
from marketplace.phrases import day_of, say
from marketplace.training import certificates, service
from marketplace.training.models import Certificate
from marketplace.training.vocabulary import LEVELS


def session_changed(ids: list[int]) -> None:
    """training.changed: who has a place hears of another time or place, or that it does not take place."""
    for number in ids:
        training, people = service.told(number)
        if training is None or not people:
            continue
        phrase = say("{title} does not take place.", title=training.title) if training.cancelled_at else say(
            "{title} is at another time or place: look at it again.", title=training.title)
        messaging.notify(people, phrase, f"/training/{training.id}", kind=Kind.EVENTS,
                         once=f"training.changed:{training.id}:{training.version}")


def certificate_recorded(ids: list[int]) -> None:
    """certificate.recorded: its holder sees it on the profile."""
    for one in session.scalars(select(Certificate).where(Certificate.id.in_(ids))).all():
        if one.is_valid:
            messaging.notify(
                [one.user_id], say("A certificate is on your profile: {level}, valid until {day}.",
                                   level=LEVELS[one.level], day=day_of(one.valid_until)),
                f"/brokers/{one.user_id}", kind=Kind.ORGANISATION, once=f"certificate.recorded:{one.id}")


def run() -> None:
    """By the clock: whose certificate ends soon is told once, and so are the operators."""
    for one in certificates.ending():
        messaging.notify(
            {one.user_id, *accounts.operators()},
            say("The certificate of {person} ends on {day}: {level}.", person=one.user.name,
                day=day_of(one.valid_until), level=LEVELS[one.level]),
            f"/brokers/{one.user_id}", kind=Kind.REMINDERS, once=f"certificate.ending:{one.id}")

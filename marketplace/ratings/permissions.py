"""Who may say what of a talk, and who may read what was noted."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.accounts.models import User
from marketplace.events.models import HAS_PLACE, Edition, Registration
from marketplace.events.permissions import can_run
from marketplace.organisations.permissions import Reader
from marketplace.ratings.models import EditionMinutes


def can_rate(registration: Registration | None) -> bool:
    """Whoever has a place; what there is to rate, talks.py says."""
    return registration is not None and registration.state in HAS_PLACE


def can_write_minutes(actor: Reader) -> bool:
    return can_run(actor)


def can_read_minutes(actor: Reader, came: Iterable[Registration], minutes: EditionMinutes | None) -> bool:
    """Operators always; those who came, once the minutes are sent."""
    if can_run(actor):
        return True
    if actor is None or minutes is None or minutes.sent_at is None:
        return False
    return any(one.user_id == actor.id for one in came)


def can_send_minutes(actor: User, edition: Edition) -> bool:
    return can_run(actor) and edition.has_begun

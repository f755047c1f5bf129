"""What a broker writes, and what somebody has been told."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.messaging.models import Notice

REFINED = {"title": "Electrolyte with no flame in the nail test", "targets": "Flame time 0 s in GB 38031, 25 °C"}


def heard(person: User) -> list[str]:
    return list(session.scalars(select(Notice.msgid).where(Notice.user_id == person.id).order_by(Notice.id)))

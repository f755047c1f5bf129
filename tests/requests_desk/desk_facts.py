"""What is asked and answered in the tests of the desk, and what people were told."""

from __future__ import annotations

from datetime import timedelta

from marketplace import clock, workdays
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.messaging.models import Notice

TITLE, TEXT = "Permit for a pilot line", "Which office takes the papers for a line of 200 litres?"
REPLY = "Window 12 of the service hall takes them; bring the site plan."


def told(person: User) -> list[str]:
    """What a person has been told, the latest last."""
    rows = session.query(Notice).filter_by(user_id=person.id).order_by(Notice.id)
    return [row.msgid for row in rows]


def morning(working_days: int):
    """The clock stands in the forenoon so many working days from now."""
    day = workdays.after(clock.today(), working_days)
    return clock.at(workdays.beginning(day) + timedelta(minutes=5))

"""Months of history, told in the order in which it happened."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from marketplace import clock, outbox, subscriptions
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.events.models import Edition
from marketplace.listings.models import Listing
from marketplace.organisations.models import Organisation

Act = Callable[[], object]
TELLING = ("mail", "notices")
"""The outbox's subscribers that write to people, which in the past they do at once; the index hears from the worker."""


@dataclass
class World:
    """What there is so far, by the keys of the JSON files."""

    people: dict[str, User] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    editions: dict[str, Edition] = field(default_factory=dict)


class Timeline:
    """Acts, each with the moment at which it took place."""

    def __init__(self, now: datetime, telling: Collection[str] = TELLING) -> None:
        self.now = now
        self._telling = telling
        self.today: date = now.astimezone(clock.PLACE).date()
        self._acts: list[tuple[datetime, Act]] = []

    def moment(self, days_ago: float, hour: int = 10, minute: int = 0) -> datetime:
        """That day at that time of day, or now when that has not come yet."""
        day = self.today - timedelta(days=int(days_ago))
        return min(datetime.combine(day, time(hour, minute), clock.PLACE), self.now)

    def day(self, in_days: int) -> date:
        return self.today + timedelta(days=in_days)

    def add(self, moment: datetime, act: Act) -> None:
        self._acts.append((min(moment, self.now), act))

    def run(self, progress: Callable[[int], object]) -> None:
        """Let everything happen, the earliest first; what has the same moment, as it was added.

        `progress` hears of every hundredth that is done.
        """
        done = 0
        for number, (moment, act) in enumerate(sorted(self._acts, key=lambda entry: entry[0]), 1):
            with clock.at(moment):
                act()
                _tell(self._telling)
            if number * 100 // len(self._acts) > done:
                progress(number * 100 // len(self._acts) - done)
                done = number * 100 // len(self._acts)


def rows(name: str) -> Any:
    """What one of the JSON files beside this module says."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))


def _tell(subscribers: Collection[str]) -> None:
    """What is owed by what was just done is done on that day, and what follows from that."""
    session.flush()
    table = subscriptions.table()
    owed = select(outbox.Entry.id, outbox.Entry.topic, outbox.Entry.subscriber, outbox.Entry.subject_id)
    while waiting := session.execute(owed.where(outbox.Entry.subscriber.in_(subscribers))).all():
        with transaction():
            session.execute(delete(outbox.Entry).where(outbox.Entry.id.in_([entry.id for entry in waiting])))
        for entry in waiting:
            table[entry.topic][entry.subscriber]([entry.subject_id])

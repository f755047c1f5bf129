"""Load the demonstration: months of a marketplace's life, made by its own rules.

Nothing is written past the services: each person acts under their own name, at the moment of the story, and what the
rules forbid on that day fails here as it would have then. Only mail is held back, and old notices count as read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import exists, select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.demo import (
    asked,
    cases,
    contracts,
    desks,
    gatherings,
    mailboxes,
    members,
    offers,
    people,
    questions,
    weighing,
)
from marketplace.demo.timeline import Timeline, World
from marketplace.errors import Conflict
from marketplace.listings import service as listings
from marketplace.listings.models import Listing
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Organisation
from marketplace.phrases import say

FRESH = timedelta(days=7)
"""Notices of the last days are still unread, as on any morning."""


def load(progress: Callable[[int], object]) -> World:
    """Fill an empty database, all or nothing. `progress` is called with how many more hundredths are done. Returns who
    and what there is, for fridays.load.

    Raises Conflict when there are people, organisations or listings already.
    """
    if has_data():
        raise Conflict(say("This database has data, and the demonstration would mix with it. Choose an empty one."))
    timeline, world = Timeline(clock.now()), World()
    for part in (people, mailboxes, offers, gatherings, asked, cases, contracts, questions, weighing, desks, members):
        part.plan(timeline, world)
    with messaging.without_mail():
        with transaction():
            timeline.run(progress)
            messaging.let_be_read(before=timeline.now - FRESH)
        listings.expire_due()
    return world


def has_data() -> bool:
    """Is there anybody or anything that the demonstration would mix with?"""
    return any(session.scalar(select(exists().where(table.id.is_not(None)))) for table in (User, Organisation, Listing))

"""For tests of saved searches: somebody saves one, something arrives, time passes."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime

from conftest import a_listing
from indexing import index_listings
from sqlalchemy import select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.finding import alerts, arrivals, hits, saved
from marketplace.finding.criteria import Criteria
from marketplace.finding.models import Frequency, SavedSearch
from marketplace.listings import documents
from marketplace.listings.models import Listing
from marketplace.messaging.models import OutgoingMail

WEDNESDAY = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
"""Ten in the morning where the marketplace is."""


@contextmanager
def at(moment: datetime):
    with clock.at(moment):
        yield


def saves(
    person: User, q: str = "electrolyte", frequency: Frequency = Frequency.AT_ONCE, name: str = "", **criteria: object
) -> SavedSearch:
    return saved.save(person, Criteria(q=q, **criteria), name or q or "everything", frequency)


def arrive() -> None:
    """What the worker does with changed listings."""
    index_listings()
    arrivals.note(list(documents.every_id()))


def published(organisation, moment: datetime, **fields: object) -> Listing:
    """A listing is published at that moment, and compared by the worker with the searches there are."""
    with clock.at(moment):
        listing = a_listing(organisation, **fields)
        arrive()
        hits.look(5)
    return listing


def work(moment: datetime) -> None:
    """The worker's timer, at that moment."""
    with clock.at(moment):
        alerts.run()


def mails() -> list[OutgoingMail]:
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))

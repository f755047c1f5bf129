"""What tests of webhooks share: a receiver, an address registered for it, and nothing sent by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from webhooks.receiving import Receiver, receiving

from marketplace import config, outbox
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.organisations.models import Organisation
from marketplace.webhooks import receivers, sending, service
from marketplace.webhooks.models import Delivery, Endpoint, Fact

EVERY = [fact.value for fact in Fact if fact is not Fact.TEST]


@pytest.fixture(autouse=True)
def inner_receivers(settings: config.Settings) -> Iterator[None]:
    """Receivers may be on this machine."""
    receivers.bind(dataclasses.replace(settings, webhooks_allow=("127.0.0.1",)))
    yield
    receivers.bind(settings)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def endpoint(alice: User, institute: Organisation, receiver: Receiver) -> Endpoint:
    return service.register(alice, institute, receiver.url, EVERY)[0]


def told() -> int:
    """What has happened waits for addresses, and is sent; returns how many tries there were."""
    outbox.drain()
    return sending.send_due()


def log_of(endpoint_id: int) -> list[Delivery]:
    session.expire_all()
    return list(session.query(Delivery).filter_by(endpoint_id=endpoint_id).order_by(Delivery.id))


def again(endpoint_id: int) -> Endpoint:
    """As it is in the database now."""
    return session.get_one(Endpoint, endpoint_id, populate_existing=True)

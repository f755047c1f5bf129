import re

import pytest
from sqlalchemy import select

from marketplace import outbox
from marketplace.db import session
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations import service
from marketplace.organisations.models import Kind


@pytest.fixture
def told():
    """told(alice) -> what her notices say in English, the oldest first, once the worker has passed."""

    def sentences(person):
        while outbox.drain():
            pass
        theirs = select(Notice).where(Notice.user_id == person.id).order_by(Notice.id)
        return [str(notice.phrase) for notice in session.scalars(theirs)]

    return sentences


@pytest.fixture
def invitation_link():
    """invitation_link("x@y.example") -> the path of the link in the latest mail there."""

    def path(address):
        while outbox.drain():
            pass
        latest = select(OutgoingMail.body).where(OutgoingMail.to == address).order_by(OutgoingMail.id.desc())
        return re.search(r"http://127\.0\.0\.1:8000(/join/\S+)", session.scalars(latest).first())[1]

    return path


@pytest.fixture
def founded(alice):
    """A second organisation of Alice's, not verified yet."""
    about = {"name": "澄岳先进技术研究院", "name_en": "Chengyue Institute", "region": "320500"}
    return service.create(alice, kind=Kind.INSTITUTE, **about)

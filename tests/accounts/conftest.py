import re

import pytest
from sqlalchemy import select

from marketplace import outbox
from marketplace.db import session
from marketplace.messaging.models import OutgoingMail
from marketplace.web.limits import limiter

PASSWORD = "correct horse battery"


@pytest.fixture
def mailed():
    """mailed("a@b.example") -> the texts of the mails to that address, the oldest first, once the worker has passed."""

    def texts(address):
        while outbox.drain():
            pass
        theirs = select(OutgoingMail).where(OutgoingMail.to == address).order_by(OutgoingMail.id)
        return [f"{mail.subject}\n{mail.body}" for mail in session.scalars(theirs)]

    return texts


@pytest.fixture
def link_in():
    """link_in(text) -> the path of the first link in a mail."""
    return lambda text: re.search(r"http://127\.0\.0\.1:8000(/\S+)", text)[1]


@pytest.fixture
def limited():
    limiter.enabled = True
    limiter.reset()
    yield
    limiter.enabled = False

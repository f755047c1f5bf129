import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from marketplace import clock, outbox
from marketplace.accounts import accepting, second_factor, service
from marketplace.db import session
from marketplace.messaging.models import OutgoingMail
from marketplace.web.limits import limiter

PASSWORD = "correct horse battery"


def an_account(email, name, **is_):
    """Somebody who has signed in before: what waits for an answer at sign-in is answered."""
    person = service.create(email, name, PASSWORD, language="en", **is_)
    accepting.accept(person)
    return person


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


@pytest.fixture
def mode(settings):
    """mode("staff") -> SECOND_FACTOR has this value until the test is over."""
    yield lambda value: second_factor.bind(replace(settings, second_factor=value))
    second_factor.bind(settings)


@pytest.fixture
def after(monkeypatch):
    """after(seconds=…) -> so much later it is from now on. It begins at a full half minute."""
    began = clock.now().replace(second=0, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: began)
    return lambda **span: monkeypatch.setattr(clock, "now", lambda: began + timedelta(**span))


@pytest.fixture
def telephone(after):
    """telephone(person) -> their app, set up; `codes` are the recovery codes they were shown."""

    class Telephone:
        def __init__(self, person):
            drafted = second_factor.draft(person)
            self.app = pyotp.TOTP(drafted.seed)
            self.codes = second_factor.turn_on(person, drafted.token, self.shows(-30))

        def shows(self, off=0):
            return self.app.at(int(clock.now().timestamp()) + off)

    return Telephone

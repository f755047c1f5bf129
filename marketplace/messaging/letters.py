"""What is written to whom when something happened in the rooms below: handlers of their topics.

They re-read the rows as they are now; a letter whose reason has gone is not written.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from marketplace.accounts import links
from marketplace.accounts.links import Purpose
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.messaging import service
from marketplace.phrases import Phrase, say

IGNORE = say("If it was not you, there is nothing to do.")


def confirm_address(ids: list[int]) -> None:
    """user.registered: ask whether the address is theirs; who has confirmed it long since has an account, and is told."""
    for person in _people(ids):
        if person.confirmed_at is None:
            link = links.link(Purpose.CONFIRM, person)
            _write(person, say("Confirm your address"), [
                say("Hello {name},", name=person.name),
                say("somebody, probably you, has registered with this address. Open the link within 7 days to "
                    "confirm it:"),
            ], link, IGNORE)
        else:
            _write(person, say("You have an account already"), [
                say("Hello {name},", name=person.name),
                say("somebody, probably you, has tried to register with this address, which has an account already. "
                    "If you have forgotten the password, this page helps:"),
            ], "/forgotten", IGNORE)


def reset_password(ids: list[int]) -> None:
    """user.reset_requested"""
    for person in _people(ids):
        _write(person, say("Choose a new password"), [
            say("Hello {name},", name=person.name),
            say("somebody, probably you, wants to choose a new password for this account. Open the link within "
                "2 hours. Setting the password signs you out everywhere:"),
        ], links.link(Purpose.RESET, person), IGNORE)


def welcome(ids: list[int]) -> None:
    """user.invited: the account waits for its person to choose a password."""
    for person in _people(ids):
        if person.password_hash is None:
            _write(person, say("Your account at Yinqiao"), [
                say("Hello {name},", name=person.name),
                say("an account has been opened for you. Open the link within 14 days and choose a password:"),
            ], links.link(Purpose.WELCOME, person))


def _people(ids: list[int]) -> Sequence[User]:
    return session.scalars(select(User).where(User.id.in_(ids), User.disabled_at.is_(None)).order_by(User.id)).all()


def _write(person: User, subject: Phrase, paragraphs: Sequence[Phrase], link: str, after: Phrase | None = None) -> None:
    with transaction():
        service.post_mail(person.email, person.language, subject, paragraphs, link, after)

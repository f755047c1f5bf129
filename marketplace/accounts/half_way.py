"""Between the password and the code: who has shown the one and not yet the other, kept in this browser's cookie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import session

from marketplace import clock
from marketplace.accounts import service
from marketplace.accounts.models import User

KEY = "half_way"
LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True)
class HalfWay:
    person: User
    after: str
    remember: bool
    by_mail: bool


def note(person: User, after: str, *, remember: bool, by_mail: bool) -> None:
    """The password was right. The cookie is signed; it says whose it was and holds until the password changes."""
    session[KEY] = {
        "who": person.id, "until": int((clock.now() + LIFETIME).timestamp()), "number": person.session_number,
        "after": after, "remember": remember, "by_mail": by_mail,
    }


def found() -> HalfWay | None:
    """Who is half way in; None when nobody is, it took too long, or the account has changed meanwhile."""
    kept = session.get(KEY)
    if not isinstance(kept, dict) or kept["until"] < clock.now().timestamp():
        return None
    person = service.active(kept["who"])
    if person is None or person.session_number != kept["number"]:
        return None
    return HalfWay(person, kept["after"], kept["remember"], kept["by_mail"])

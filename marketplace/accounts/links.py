"""Links in mails that act for their reader: signed, for one purpose, expiring, and good only once.

A link carries a digest of what using it changes, so that it stops working the moment it has been used.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from urllib.parse import urlsplit

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.config import Settings
from marketplace.db import session


class Purpose(StrEnum):
    CONFIRM = "confirm"
    RESET = "reset"
    WELCOME = "welcome"


LIFETIME = {Purpose.CONFIRM: timedelta(days=7), Purpose.RESET: timedelta(hours=2), Purpose.WELCOME: timedelta(days=14)}

_bound: list[Settings] = []


def bind(settings: Settings) -> None:
    """Sign with these settings' key from now on; called by the composition root."""
    _bound[:] = [settings]


class Signer(TimestampSigner):
    """Dates links by the marketplace's clock."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


def signer(purpose: str) -> URLSafeTimedSerializer:
    """What signs and reads links of one purpose; other rooms' links take purposes of their own."""
    return URLSafeTimedSerializer(_settings().secret_key, salt=f"link to {purpose}", signer=Signer)


def to(path: str) -> str:
    """The full address of a page of ours."""
    return f"{_settings().base_url}{path}"


def host() -> str:
    """The name of the machine we are reached at, without a port."""
    return urlsplit(_settings().base_url).hostname or "localhost"


def link(purpose: Purpose, user: User) -> str:
    return to(f"/{purpose}/{token(purpose, user)}")


def token(purpose: Purpose, user: User) -> str:
    return str(signer(purpose).dumps([user.id, _state(purpose, user)]))


def reader(purpose: Purpose, token: str) -> User | None:
    """Whom the link acts for; None when it is forged, too old, used, or its person disabled."""
    try:
        number, state = signer(purpose).loads(token, max_age=int(LIFETIME[purpose].total_seconds()))
    except (BadData, ValueError, TypeError):
        return None
    user = session.get(User, number)
    if user is None or user.disabled_at is not None or state != _state(purpose, user):
        return None
    return user


def _state(purpose: Purpose, user: User) -> str:
    changes = (user.email, user.confirmed_at) if purpose is Purpose.CONFIRM else (
        user.email, user.password_hash, user.session_number
    )
    return sha256(repr(changes).encode()).hexdigest()[:20]


def _settings() -> Settings:
    if not _bound:
        raise RuntimeError("accounts.links.bind() has not been called")
    return _bound[0]

"""Bearer tokens: random, shown once, kept as a digest."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select

from marketplace.accounts.models import ApiToken, User
from marketplace.db import session, transaction

LIFETIME = timedelta(days=30)
EXACTNESS = timedelta(hours=1)
"""How finely the last use is noted: not every reading request should have to write."""


def new(user: User, now: datetime) -> tuple[str, ApiToken]:
    """(the token for its bearer, the row to add)."""
    token = "yq_" + secrets.token_urlsafe(32)
    return token, ApiToken(user_id=user.id, digest=digest(token), created_at=now, expires_at=now + LIFETIME)


def digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def user_for(token: str, now: datetime) -> User | None:
    """Whose token this is, if it is known, unexpired, and its person not disabled. Notes that it was used."""
    row = session.scalar(select(ApiToken).where(ApiToken.digest == digest(token), ApiToken.expires_at > now))
    if row is None or row.user.disabled_at is not None:
        return None
    if row.last_used_at is None or row.last_used_at < now - EXACTNESS:
        with transaction():
            row.last_used_at = now
    return row.user

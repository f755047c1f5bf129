"""Bearer tokens: random, shown once, kept as a digest."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, func, select, update

from marketplace import clock, outbox
from marketplace.accounts.models import ApiToken, User
from marketplace.db import session, transaction

LIFETIMES = (30, 90, 365)
"""Days, of which somebody chooses when making one."""
LIFETIME = timedelta(days=LIFETIMES[0])
WARNING = timedelta(days=7)
"""How long before its end a token's person is told."""
KEPT = timedelta(days=30)
"""How long the row of a token stays that has ended."""
MOST_NAMED, MOST_UNNAMED = 30, 50
"""A person's tokens at a time. Programs that ask for another at every run take the place of those used longest ago."""
EXACTNESS = timedelta(hours=1)
"""How finely the last use is noted: not every reading request should have to write."""


def new(
    user: User, now: datetime, *, name: str | None = None, scopes: list[str] | None = None, days: int = LIFETIMES[0]
) -> tuple[str, ApiToken]:
    """(the token for its bearer, the row to add)."""
    token = "yq_" + secrets.token_urlsafe(32)
    return token, ApiToken(user_id=user.id, name=name, scopes=scopes, digest=digest(token), created_at=now,
                           expires_at=now + timedelta(days=days))


def digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def good(token: str, now: datetime) -> ApiToken | None:
    """The row of a token that is known, unexpired, and its person not disabled. Notes that it was used."""
    row = session.scalar(select(ApiToken).where(ApiToken.digest == digest(token), ApiToken.expires_at > now))
    if row is None or row.user.disabled_at is not None:
        return None
    if row.last_used_at is None or row.last_used_at < now - EXACTNESS:
        # Not through the row: two requests at once, or one that gives the token up meanwhile, must not meet here.
        used = update(ApiToken).where(ApiToken.id == row.id).values(last_used_at=now)
        with transaction():
            session.execute(used.execution_options(synchronize_session=False))
        session.expire(row, ["last_used_at"])
    return row


def look_after() -> None:
    """Tell people of the tokens they have named that end within a week, once, by a notice; throw out what has ended
    long ago. Run by the clock."""
    now = clock.now()
    with transaction():
        session.execute(delete(ApiToken).where(ApiToken.expires_at < now - KEPT))
        ending = (ApiToken.name.is_not(None), ApiToken.warned_at.is_(None), ApiToken.expires_at > now,
                  ApiToken.expires_at <= now + WARNING)
        told = update(ApiToken).where(*ending).values(warned_at=now).returning(ApiToken.id)
        outbox.publish("token.ending", *session.scalars(told.execution_options(synchronize_session=False)).all())


def ending(ids: list[int]) -> Sequence[ApiToken]:
    """Those of these tokens that are still there to be told of."""
    return session.scalars(select(ApiToken).where(ApiToken.id.in_(ids), ApiToken.expires_at > clock.now())).all()


def end_all(person: User) -> None:
    """None of the person's tokens opens anything any more. In the caller's transaction."""
    session.execute(delete(ApiToken).where(ApiToken.user_id == person.id))


def make_room(person: User, now: datetime) -> None:
    """Sweep away what has expired, and of the tokens without a name those used longest ago. In a transaction."""
    mine = ApiToken.user_id == person.id
    session.execute(delete(ApiToken).where(mine, ApiToken.expires_at <= now))
    used = func.coalesce(ApiToken.last_used_at, ApiToken.created_at)
    spare = (
        select(ApiToken.id).where(mine, ApiToken.name.is_(None)).order_by(used.desc(), ApiToken.id.desc())
        .offset(MOST_UNNAMED - 1)
    )
    too_many = session.scalars(spare).all()
    if too_many:
        session.execute(delete(ApiToken).where(ApiToken.id.in_(too_many)))

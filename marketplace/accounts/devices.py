"""Browsers that people have signed in with before. A cookie of their own recognises them; it opens nothing."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from marketplace import clock, context, outbox
from marketplace.accounts.models import KnownDevice, User
from marketplace.db import session, transaction

KEPT = timedelta(days=400)
"""After this time unused a device is new again; browsers keep no cookie longer."""
NEW_ACCOUNT = timedelta(days=1)
"""The first device of an account that is younger is its person's own: no mail is needed to say so."""


def key_from(cookie: str | None) -> str:
    """The key in a device's cookie; another where there is none that could be ours."""
    return cookie if cookie and re.fullmatch(r"[\w-]{43}", cookie, re.ASCII) else secrets.token_urlsafe(32)


def note(person: User, key: str, *, tell: bool) -> None:
    """The person signs in with this device. In the caller's transaction; a new one is told of once."""
    now, here, digest = clock.now(), context.current(), sha256(key.encode()).hexdigest()
    known = session.scalars(select(KnownDevice).where(KnownDevice.user_id == person.id)).all()
    this = next((one for one in known if one.digest == digest), None)
    if this is not None:
        this.last_at = now
        return
    row = KnownDevice(user_id=person.id, digest=digest, device=here.device, address=here.address, first_at=now,
                      last_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # the same browser, in two windows at once
        return
    is_first_of_new_account = not known and now - person.created_at < NEW_ACCOUNT
    if tell and not is_first_of_new_account:
        outbox.publish("user.new_device", row.id)


def of(ids: list[int]) -> Sequence[tuple[KnownDevice, User]]:
    """These devices with their people, as far as there still are any."""
    pairs = select(KnownDevice, User).join(User, User.id == KnownDevice.user_id)
    found = session.execute(pairs.where(KnownDevice.id.in_(ids), User.disabled_at.is_(None))).all()
    return [(device, person) for device, person in found]


def forget_old() -> None:
    with transaction():
        session.execute(delete(KnownDevice).where(KnownDevice.last_at < clock.now() - KEPT))

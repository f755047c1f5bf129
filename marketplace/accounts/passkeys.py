"""Passkeys: keys that a person's device keeps for this site and uses once its person has shown themselves to it, by
finger, face or PIN (WebAuthn). One signs in by itself, and stands for the password and for the second factor.

What a device is asked to sign keeps five minutes, in the cookie of the browser that asked (passkey_views.py), and is
good once: each passkey remembers when what it signed last was asked, and signs nothing older.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock, context, outbox
from marketplace.accounts.models import ExternalIdentity, Passkey, User
from marketplace.accounts.permissions import CONFIRM_FIRST, can_act
from marketplace.config import Settings
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.phrases import Phrase, say

LIFETIME = timedelta(minutes=5)
"""Of what a device is asked to sign."""
MOST = 20
LONGEST_NAME = 60
LONGEST_ANSWER = 20_000
LONGEST_ID = 1364
"""1023 bytes, the most that the standard allows, as base64url."""
UNKNOWN = say("This passkey is not known here, or was revoked. Sign in with your password.")
FAILED = say("The passkey did not prove who you are. Try again, or sign in with your password.")

log = logging.getLogger(__name__)
_bound: list[tuple[str, str | None]] = []


@dataclass(frozen=True)
class Asked:
    """What a browser was given for a device to sign."""

    challenge: str
    at: datetime
    handle: str = ""
    """Whose a new passkey will be."""


@dataclass(frozen=True)
class Site:
    """Who we are to a device: it signs for this name alone, and says on which origin it was asked."""

    name: str
    origin: str


def bind(settings: Settings) -> None:
    """Be known to devices by these settings' address; called by the composition root."""
    _bound[:] = [(settings.base_url, settings.openid.issuer if settings.openid else None)]


def site() -> Site | None:
    """None where browsers know no passkeys: at a number instead of a name, and without https but on the machine
    itself."""
    if not _bound:
        raise RuntimeError("accounts.passkeys.bind() has not been called")
    parts = urlsplit(_bound[0][0])
    name = (parts.hostname or "").encode("idna").decode()
    is_number = ":" in name or re.fullmatch(r"[\d.]+", name) is not None
    is_safe = parts.scheme == "https" or name == "localhost" or name.endswith(".localhost")
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return Site(name, f"{parts.scheme}://{name}{port}") if name and is_safe and not is_number else None


def of(person: User) -> Sequence[Passkey]:
    """The person's passkeys, the newest first."""
    theirs = select(Passkey).where(Passkey.user_id == person.id)
    return session.scalars(theirs.order_by(Passkey.id.desc())).all()


def ask_for_new(actor: User) -> tuple[str, Asked]:
    """(what the browser passes to a device that is to make a passkey, as JSON; what to keep until it answers)."""
    here, have = _site(), of(actor)
    if not can_act(actor):
        raise Forbidden(CONFIRM_FIRST)
    if len(have) >= MOST:
        raise Conflict(say("You have {max} passkeys. Revoke one that is not used any more first.", max=MOST))
    asked = _asked(have[0].handle if have else secrets.token_urlsafe(32))
    from marketplace.accounts import ceremonies

    return ceremonies.options_for_new(
        here.name, asked.challenge, asked.handle, email=actor.email, name=actor.name,
        known=[one.credential_id for one in have], milliseconds=_milliseconds(),
    ), asked


def ask_for_one() -> tuple[str, Asked]:
    """The same for somebody who signs in: their device knows who they are."""
    from marketplace.accounts import ceremonies

    asked = _asked()
    return ceremonies.options_for_one(_site().name, asked.challenge, _milliseconds()), asked


def add(actor: User, name: str | None, answer: str, asked: Asked | None) -> Passkey:
    """Keep the passkey that a device has made; raises Invalid for what does not prove that it has."""
    if not can_act(actor):
        raise Forbidden(CONFIRM_FIRST)
    from marketplace.accounts import ceremonies

    here, asked = _site(), _fresh(asked)
    made = ceremonies.made(_read(answer), asked.challenge, here.name, here.origin)
    if made is None or len(made[0]) > LONGEST_ID or not asked.handle:
        raise Invalid({"": say("What the browser sent is no passkey for this site. Begin again.")})
    credential_id, public_key, count = made
    row = Passkey(
        user_id=actor.id, name=(name or context.current().device or "")[:LONGEST_NAME], credential_id=credential_id,
        public_key=public_key, handle=asked.handle, sign_count=count, last_asked_at=asked.at, created_at=clock.now(),
    )
    with transaction():
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            raise Conflict(say("This passkey is known here already.")) from None
        audit.record(actor.id, "passkey.added", "user", actor.id, passkey=row.id)
        outbox.publish("passkey.added", row.id)
    return row


def person_with(answer: str, asked: Asked | None) -> User:
    """Who signs in with the passkey that a browser has shown; raises Invalid for what proves nobody.

    The row is locked meanwhile, so that of two who show the same at once one is refused.
    """
    here, asked, now = _site(), _fresh(asked), clock.now()
    with transaction():
        shown = select(Passkey, User).join(User, User.id == Passkey.user_id).with_for_update(of=Passkey)
        found = session.execute(
            shown.where(Passkey.credential_id == id_in(answer)).execution_options(populate_existing=True)
        ).first()
        row, person = found or (None, None)
        problem = _problem(row, person, answer, asked, here)
        if row is None or person is None or problem is not None:
            audit.record(None, "passkey.refused", "user", row.user_id if row is not None else audit.UNKNOWN)
        else:
            row.last_asked_at, row.last_used_at = asked.at, now
            audit.record(person.id, "passkey.used", "user", person.id, passkey=row.id)
    if person is None or problem is not None:  # raised out here: the entry must stay
        raise Invalid({"": problem or UNKNOWN})
    return person


def _problem(row: Passkey | None, person: User | None, answer: str, asked: Asked, here: Site) -> Phrase | None:
    """Why the passkey does not sign in; notes in the row how often the device has used it."""
    if row is None or person is None or person.disabled_at is not None:
        return UNKNOWN
    from marketplace.accounts import ceremonies

    seen = ceremonies.count_of(_read(answer), asked.challenge, here.name, here.origin, row.public_key)
    if seen is None or _handle_in(answer) != row.handle:
        return FAILED
    if row.last_asked_at is not None and asked.at <= row.last_asked_at:
        return FAILED
    if seen <= row.sign_count and (seen or row.sign_count):
        log.warning("passkey %d counts backwards: %d after %d", row.id, seen, row.sign_count)
        audit.record(None, "passkey.copied", "user", row.user_id, passkey=row.id)
        return say("This passkey counts backwards, as a copy of it would. Sign in with your password and revoke it.")
    row.sign_count = seen
    return None


def revoke(actor: User, passkey_id: int) -> None:
    """It signs in no more; refused where nothing else would."""
    with transaction():
        session.execute(select(User.id).where(User.id == actor.id).with_for_update())  # one after the other
        mine = {one.id: one for one in of(actor)}
        row = mine.get(passkey_id)
        if row is None:
            raise NotFound
        if actor.password_hash is None and len(mine) == 1 and not _comes_in_elsewhere(actor):
            raise Conflict(say("Nothing else signs you in. Choose a password first, or add another passkey."))
        session.delete(row)
        audit.record(actor.id, "passkey.revoked", "user", actor.id, passkey=passkey_id)


def end_all(person: User) -> None:
    """None of the person's passkeys signs in any more. In the caller's transaction."""
    count = session.scalar(select(func.count()).select_from(Passkey).where(Passkey.user_id == person.id))
    if count:
        session.execute(delete(Passkey).where(Passkey.user_id == person.id))
        audit.record(None, "passkeys.ended", "user", person.id, count=count)


def added(ids: list[int]) -> Sequence[tuple[Passkey, User]]:
    """Those of these that are still there to be told of, with their people."""
    pairs = select(Passkey, User).join(User, User.id == Passkey.user_id).where(User.disabled_at.is_(None))
    return [(row, person) for row, person in session.execute(pairs.where(Passkey.id.in_(ids)).order_by(Passkey.id))]


def id_in(answer: str) -> str:
    """Which passkey a browser's answer is of, by its own account; "" where it says none."""
    found = _read(answer).get("id")
    return found if isinstance(found, str) and len(found) <= LONGEST_ID else ""


def _handle_in(answer: str) -> str | None:
    response = _read(answer).get("response")
    found = response.get("userHandle") if isinstance(response, dict) else None
    return found.rstrip("=") if isinstance(found, str) else None


def _read(answer: str) -> dict[str, Any]:
    try:
        found = json.loads(answer[:LONGEST_ANSWER])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _fresh(asked: Asked | None) -> Asked:
    if asked is None or not timedelta(0) <= clock.now() - asked.at <= LIFETIME:
        raise Invalid({"": say("This took too long, or began in another window. Begin again.")})
    return asked


def _asked(handle: str = "") -> Asked:
    return Asked(secrets.token_urlsafe(32), clock.now(), handle)


def _site() -> Site:
    found = site()
    if found is None:
        raise Conflict(say("Passkeys cannot be used at this address."))
    return found


def _comes_in_elsewhere(person: User) -> bool:
    """Does the other system that is set now sign this person in?"""
    issuer = _bound[0][1]
    theirs = select(ExternalIdentity.id).where(ExternalIdentity.user_id == person.id, ExternalIdentity.issuer == issuer)
    return issuer is not None and session.scalar(theirs.limit(1)) is not None


def _milliseconds() -> int:
    return int(LIFETIME.total_seconds() * 1000)

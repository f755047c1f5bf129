"""The second factor: six digits that an app on somebody's telephone shows, new every half minute (RFC 6238), and ten
recovery codes for when the telephone is lost.

A code is taken once, and none older than it afterwards. Wrong ones are counted in the row, which every web process
sees: after five in a row nothing is taken for a while, twice as long after each further five.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from unicodedata import normalize

import pyotp
import segno
from sqlalchemy import delete, func, select

from marketplace import audit, clock, outbox, secrets_kept
from marketplace.accounts import links
from marketplace.accounts.models import RecoveryCode, SecondFactor, User
from marketplace.config import Settings
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, Unauthorised
from marketplace.phrases import Phrase, say

STEP = 30
"""Seconds."""
DIGITS = 6
AROUND = (0, -1, 1)
"""Clocks of telephones may be half a minute off."""
TRIES = 5
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(days=1)
TO_SET_UP = timedelta(minutes=30)
RECOVERY_CODES = 10
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Of recovery codes: what can be mistaken for each other in print is left out."""
SEED, DRAFT, RECOVERY = "second factor", "second factor being set up", "recovery code"
NEEDED = say("Brokers and operators sign in with a second factor here. Set it up on your account page first.")

log = logging.getLogger(__name__)
_bound: list[str] = []


@dataclass(frozen=True)
class Draft:
    """What somebody needs to set up an app."""

    seed: str
    token: str
    """The seed, sealed, for the form to bring back: nothing is kept until a code proves that the app has it."""
    address: str
    """Opens the app, on the telephone itself."""
    picture: str
    """The same as a QR code: the address of an image."""


def bind(settings: Settings) -> None:
    """Offer it, or ask it of staff, as the settings say; called by the composition root."""
    _bound[:] = [settings.second_factor]


def is_in_use() -> bool:
    return _mode() != "off"


def is_needed_of_staff() -> bool:
    return _mode() == "staff"


def is_needed(person: User) -> bool:
    """Must this person have one before doing anything else?"""
    return person.is_reviewer and is_needed_of_staff()


def kept_by(person: User) -> SecondFactor | None:
    return session.get(SecondFactor, person.id)


def is_asked(person: User) -> bool:
    """Is this person's password not enough to sign in?"""
    return is_in_use() and kept_by(person) is not None


def draft(person: User, token: str | None = None) -> Draft:
    """A new seed to set an app up with, or that of a form that came back."""
    seed = (_drafted(person, token) if token else None) or pyotp.random_base32()
    address = pyotp.TOTP(seed).provisioning_uri(name=person.email, issuer_name=f"Yinqiao {links.host()}")
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=2, light="#fff")
    kept = json.dumps([person.id, seed, clock.now().isoformat()])
    return Draft(seed, secrets_kept.seal(kept, DRAFT), address, picture)


def turn_on(actor: User, token: str, code: str) -> list[str]:
    """From now on a code is asked at sign-in; the recovery codes, which are shown this once."""
    if not is_in_use():
        raise Conflict(say("Second factors are not used here at present."))
    seed = _drafted(actor, token)
    if seed is None:
        raise Conflict(say("This page was open for too long. Scan the new picture."))
    step = _step_of(seed, _plain(code), clock.now())
    if step is None:
        raise Invalid({"code": say("This is not the code the app shows now. If the app is right, its clock is not.")})
    with transaction():
        session.execute(delete(SecondFactor).where(SecondFactor.user_id == actor.id))
        session.add(SecondFactor(user_id=actor.id, seed=secrets_kept.seal(seed, SEED), since=clock.now(),
                                 last_step=step, failures=0))
        codes = _new_recovery_codes(actor)
        audit.record(actor.id, "second_factor.on", "user", actor.id)
        outbox.publish("user.second_factor", actor.id)
    return codes


def turn_off(actor: User) -> None:
    """The password alone signs in again."""
    if is_needed(actor):
        raise Conflict(say("Brokers and operators need a second factor here. You can move it to another telephone."))
    _remove(actor, "second_factor.off", actor.id)


def reset(person: User) -> bool:
    """Take away what somebody has lost, for the command line; False when there was none."""
    return _remove(person, "second_factor.reset", None)


def renew_recovery_codes(actor: User) -> list[str]:
    """Ten other codes, shown this once; the old ones open nothing any more."""
    if kept_by(actor) is None:
        raise Conflict(say("You have no second factor yet."))
    with transaction():
        codes = _new_recovery_codes(actor)
        audit.record(actor.id, "second_factor.recovery_codes", "user", actor.id)
    return codes


def recovery_codes_left(person: User) -> int:
    mine = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == person.id)
    return session.scalar(mine) or 0


def check(person: User, code: str) -> None:
    """Take the app's present code, or a recovery code; raises Invalid for any other, and for all after many wrong ones.

    The row is locked meanwhile, so that tries made at the same time are counted one by one.
    """
    now = clock.now()
    with transaction():
        mine = select(SecondFactor).where(SecondFactor.user_id == person.id).with_for_update()
        factor = session.scalar(mine.execution_options(populate_existing=True))
        problem = say("You have no second factor yet.") if factor is None else _problem(person, factor, code, now)
    if problem is not None:  # raised out here: the count of wrong ones must stay
        raise Invalid({"code": problem})


def satisfy(person: User, code: str | None) -> None:
    """What a program that signs in with a password has to show besides; raises Unauthorised or Forbidden."""
    if not is_asked(person):
        if is_needed(person):
            raise Forbidden(NEEDED)
        return
    if not code:
        raise Unauthorised(say("This account has a second factor: send the code its app shows as “code”."))
    try:
        check(person, code)
    except Invalid as wrong:
        raise Unauthorised(wrong.fields["code"]) from None


def _problem(person: User, factor: SecondFactor, code: str, now: datetime) -> Phrase | None:
    """Why the code is not taken; notes in the row whether it was."""
    if factor.refused_until is not None and factor.refused_until > now:
        return _wait(factor.refused_until - now)
    if _take(person, factor, _plain(code), now):
        factor.failures, factor.refused_until = 0, None
        return None
    factor.failures += 1
    if factor.failures % TRIES:
        return say("This code is wrong or has been used. Wait for the next one the app shows.")
    wait = min(FIRST_WAIT * 2 ** min(factor.failures // TRIES - 1, 10), LONGEST_WAIT)
    factor.refused_until = now + wait
    audit.record(None, "second_factor.refused", "user", person.id, failures=factor.failures)
    outbox.publish("user.codes_refused", person.id)
    return _wait(wait)


def _take(person: User, factor: SecondFactor, code: str, now: datetime) -> bool:
    if len(code) != DIGITS:
        this = RecoveryCode.user_id == person.id, RecoveryCode.digest == _digest(person, code)
        done = session.execute(delete(RecoveryCode).where(*this).execution_options(synchronize_session=False))
        if not done.rowcount:  # type: ignore[attr-defined]
            return False
        audit.record(person.id, "second_factor.recovered", "user", person.id)
        return True
    try:
        step = _step_of(secrets_kept.unseal(factor.seed, SEED), code, now)
    except secrets_kept.Unreadable:
        log.error("second factors cannot be read: SECRET_KEY is not the one they were set up with")
        return False
    if step is None or step <= factor.last_step:
        return False
    factor.last_step = step
    return True


def _step_of(seed: str, code: str, now: datetime) -> int | None:
    """Which half minute this is the code of."""
    present, app = int(now.timestamp()) // STEP, pyotp.TOTP(seed)
    steps = [present + off for off in AROUND]
    return next((step for step in steps if compare_digest(app.generate_otp(step), code)), None)


def _drafted(person: User, token: str) -> str | None:
    """The seed in a form that is this person's and not old."""
    try:
        owner, seed, at = json.loads(secrets_kept.unseal(token, DRAFT))
    except (secrets_kept.Unreadable, ValueError):
        return None
    fresh = clock.now() - datetime.fromisoformat(at) <= TO_SET_UP
    return str(seed) if owner == person.id and fresh else None


def _new_recovery_codes(person: User) -> list[str]:
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == person.id))
    session.add_all(RecoveryCode(user_id=person.id, digest=_digest(person, code)) for code in codes)
    return ["-".join(re.findall("....", code)) for code in codes]


def _remove(person: User, action: str, actor_id: int | None) -> bool:
    with transaction():
        gone = session.execute(delete(SecondFactor).where(SecondFactor.user_id == person.id))
        session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == person.id))
        if not gone.rowcount:  # type: ignore[attr-defined]
            return False
        person.session_number += 1  # who stands between password and code begins anew
        audit.record(actor_id, action, "user", person.id)
        outbox.publish("user.second_factor", person.id)
    return True


def _plain(code: str) -> str:
    """As it was meant, however it was typed or copied."""
    return re.sub(r"[^0-9A-Z]", "", normalize("NFKC", code).upper())[:40]


def _digest(person: User, code: str) -> str:
    return secrets_kept.digest(f"{person.id} {code}", RECOVERY)


def _wait(left: timedelta) -> Phrase:
    minutes = max(1, -(-int(left.total_seconds()) // 60))
    return say("Too many wrong codes. No code is taken for {minutes} minutes.", minutes=minutes)


def _mode() -> str:
    if not _bound:
        raise RuntimeError("accounts.second_factor.bind() has not been called")
    return _bound[0]

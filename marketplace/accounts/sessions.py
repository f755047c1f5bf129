"""Browsers that are signed in, a row each: any of them can be ended at once, for every web process.

Each ends by itself when it has not been used for a while, and some time after it began however much it is used.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Delete, Update, delete, select, update

from marketplace import audit, clock, context
from marketplace.accounts import devices, second_factor
from marketplace.accounts.models import BrowserSession, SecondFactor, User
from marketplace.config import SessionSettings, Settings
from marketplace.db import session, transaction
from marketplace.errors import NotFound, Unauthorised

EXACTNESS = timedelta(minutes=5)
"""How finely the last use is noted: not every reading request should have to write."""
RECENT = timedelta(minutes=15)
"""For how long a password that was shown holds for what asks to see it again."""
MOST = 50
"""Browsers of one person; whoever opens more loses the one used longest ago."""

_bound: list[SessionSettings] = []


class Opened(NamedTuple):
    person: User
    row: BrowserSession


def bind(settings: Settings) -> None:
    """Hold to these settings' limits from now on; called by the composition root."""
    _bound[:] = [settings.sessions]


def begin(
    person: User, *, remembered: bool = False, with_code: bool = False, device_key: str | None = None,
    by_mail: bool = False,
) -> str:
    """Sign a browser in; the key for its cookie. A device not seen before is told of by mail, except `by_mail`: when
    the person came through a link that only their mailbox had."""
    with transaction():
        key = add(person, remembered=remembered, with_code=with_code)
        if device_key is not None:
            devices.note(person, device_key, tell=not by_mail)
        audit.record(person.id, "session.opened", "user", person.id)
    return key


def add(person: User, *, remembered: bool = False, with_code: bool = False) -> str:
    """The bare row of a browser, whose key is returned."""
    key, now, here = secrets.token_urlsafe(32), clock.now(), context.current()
    mine = select(BrowserSession.id).where(BrowserSession.user_id == person.id)
    too_many = mine.order_by(BrowserSession.seen_at.desc(), BrowserSession.id.desc()).offset(MOST - 1)
    with transaction():
        _change(delete(BrowserSession).where(BrowserSession.id.in_(too_many)))
        session.add(BrowserSession(
            user_id=person.id, digest=_digest(key), remembered=remembered, with_code=with_code,
            device=here.device, address=here.address, created_at=now, seen_at=now, confirmed_at=now,
        ))
    return key


def opened_by(key: str) -> Opened | None:
    """Whose browser this is, in one query; None once it has been ended, is over, or its person disabled.

    A browser that came in by password alone, before there was a second factor or while none was asked, has to come in
    again.
    """
    found = session.execute(
        select(BrowserSession, User, SecondFactor.user_id).join(User, User.id == BrowserSession.user_id)
        .outerjoin(SecondFactor, SecondFactor.user_id == User.id).where(BrowserSession.digest == _digest(key))
    ).first()
    if found is None:
        return None
    row, person, has_factor = found
    lacks_code = has_factor is not None and second_factor.is_in_use() and not row.with_code
    if person.disabled_at is not None or lacks_code or is_over(person, row, clock.now()):
        return None
    return Opened(person, row)


def is_over(person: User, row: BrowserSession, now: datetime) -> bool:
    idle, limit = limits(person, remembered=row.remembered)
    return now - row.seen_at > idle or now - row.created_at > limit


def limits(person: User, *, remembered: bool) -> tuple[timedelta, timedelta]:
    """(how long unused, how long in all)."""
    ours = _settings()
    idle, limit = (ours.remembered_idle, ours.remembered_limit) if remembered else (ours.idle, ours.limit)
    if person.is_reviewer:
        idle, limit = min(idle, ours.staff_idle or idle), min(limit, ours.staff_limit or limit)
    return idle, limit


def longest() -> timedelta:
    """After this time no browser is signed in any more, whoever's it is."""
    return max(_settings().limit, _settings().remembered_limit)


def is_confirmed(row: BrowserSession) -> bool:
    """Has the person shown the password a moment ago? What could lock them out asks for it."""
    return abs(clock.now() - row.confirmed_at) <= RECENT  # the clock may have gone back since


def note(opened: Opened) -> None:
    """It is in use, from here. Writes every few minutes only, and what was ended meanwhile stays ended."""
    now, row = clock.now(), opened.row
    idle, _ = limits(opened.person, remembered=row.remembered)
    if abs(now - row.seen_at) >= min(EXACTNESS, idle / 10):
        seen = {"seen_at": now, "address": context.current().address}
        with transaction():
            _change(update(BrowserSession).where(BrowserSession.id == row.id).values(seen))


def confirm(row: BrowserSession) -> str:
    """The password was shown once more; the browser gets another key."""
    return renew(row, confirmed_at=clock.now())


def renew(row: BrowserSession, **changes: object) -> str:
    """Another key for the same browser, because it may do more now, or because the old one may be known."""
    key = secrets.token_urlsafe(32)
    with transaction():
        this = update(BrowserSession).where(BrowserSession.id == row.id)
        if not _change(this.values(digest=_digest(key), **changes)):
            raise Unauthorised  # signed out from elsewhere at this moment
    return key


def of(actor: User) -> Sequence[BrowserSession]:
    """The browsers that are signed in as this person, the one used last first."""
    theirs = select(BrowserSession).where(BrowserSession.user_id == actor.id)
    rows = session.scalars(theirs.order_by(BrowserSession.seen_at.desc(), BrowserSession.id.desc())).all()
    now = clock.now()
    return [row for row in rows if not is_over(actor, row, now)]


def end(actor: User, session_id: int) -> None:
    """Sign one of one's own browsers out."""
    this = delete(BrowserSession).where(BrowserSession.id == session_id, BrowserSession.user_id == actor.id)
    with transaction():
        if not _change(this):
            raise NotFound
        audit.record(actor.id, "session.ended", "user", actor.id)


def end_key(key: str) -> None:
    """Sign the browser with this key out."""
    this = delete(BrowserSession).where(BrowserSession.digest == _digest(key)).returning(BrowserSession.user_id)
    with transaction():
        person_id = session.scalar(this.execution_options(synchronize_session=False))
        if person_id is not None:
            audit.record(person_id, "session.closed", "user", person_id)


def end_all(person: User, but: int | None = None) -> int:
    """Sign the person out everywhere, except where `but` is the number of the session; how many were ended."""
    theirs = delete(BrowserSession).where(BrowserSession.user_id == person.id)
    with transaction():
        ended = _change(theirs if but is None else theirs.where(BrowserSession.id != but))
        if ended:
            audit.record(person.id, "sessions.ended", "user", person.id, count=ended)
    return ended


def forget_over() -> None:
    """Throw away what has ended by itself, for the worker's clock."""
    longest_idle = max(_settings().idle, _settings().remembered_idle)
    with transaction():
        _change(delete(BrowserSession).where(BrowserSession.seen_at < clock.now() - longest_idle))
    devices.forget_old()


def _change(statement: Update | Delete) -> int:
    """Run it, past the rows that are in hand; how many rows it changed."""
    done = session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "replace")).hexdigest()


def _settings() -> SessionSettings:
    if not _bound:
        raise RuntimeError("accounts.sessions.bind() has not been called")
    return _bound[0]

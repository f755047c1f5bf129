"""A person's notices: reading them, counting them, and forgetting them in time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import NotFound
from marketplace.messaging.kinds import Kind
from marketplace.messaging.models import MailedFact, Notice
from marketplace.messaging.permissions import Reader, can_read
from marketplace.phrases import Label, in_language

COUNTED = 100
"""The bell says "99+" from here on; counting further would cost more on every page."""
KEPT_READ, KEPT_UNREAD = timedelta(days=180), timedelta(days=365)
KEPT_FACTS = timedelta(days=400)
_PORTION = 5_000


def unread_count(actor: Reader, most: int = COUNTED) -> int:
    """How many notices this person has not read, or `most`."""
    if actor is None:
        return 0
    unread = select(Notice.id).where(Notice.user_id == actor.id, Notice.read_at.is_(None)).limit(most)
    try:
        return session.scalar(select(func.count()).select_from(unread.subquery())) or 0
    except SQLAlchemyError:  # the page that says the database is down shows this number too
        session.rollback()
        return 0


def notices(
    actor: User, *, unread_only: bool = False, kind: Kind | None = None, page: int = 1, size: int = 30
) -> tuple[Sequence[Notice], int]:
    """(one page of the person's notices, the newest first; how many there are)."""
    mine: list[ColumnElement[bool]] = [Notice.user_id == actor.id]
    if unread_only:
        mine.append(Notice.read_at.is_(None))
    if kind is not None:
        mine.append(Notice.kind == kind)
    total = session.scalar(select(func.count()).select_from(Notice).where(*mine)) or 0
    newest = select(Notice).where(*mine).order_by(Notice.created_at.desc(), Notice.id.desc())
    return session.scalars(newest.limit(size).offset((page - 1) * size)).all(), total


def notice(actor: Reader, notice_id: int) -> Notice:
    """One of theirs; NotFound when it is somebody else's."""
    found = session.get(Notice, notice_id)
    if found is None or not can_read(actor, found):
        raise NotFound
    return found


def read_notice(actor: Reader, notice_id: int) -> Notice:
    """Mark the notice as read and return it."""
    found = notice(actor, notice_id)
    if found.read_at is None:
        with transaction():
            found.read_at = clock.now()
    return found


def read_all_notices(actor: User) -> None:
    _read(Notice.user_id == actor.id)


def read_about(actor: User, page: str) -> None:
    """They have dealt with what this page (and any place on it) is about: its notices are news no more."""
    about = (Notice.url == page) | Notice.url.startswith(f"{page}#", autoescape=True)
    _read((Notice.user_id == actor.id) & about)


def let_be_read(before: datetime) -> None:
    """Notices of before that moment count as read when they came: nobody wants months of them at once."""
    with transaction():
        old = update(Notice).where(Notice.created_at < before, Notice.read_at.is_(None))
        session.execute(old.values(read_at=Notice.created_at))


def grouped(found: Sequence[Notice]) -> list[tuple[datetime, list[list[Notice]]]]:
    """By day, and on each day by the page they are about; days and pages in the order of their newest notice."""
    days: dict[object, dict[str, list[Notice]]] = {}
    for one in found:
        day = one.created_at.astimezone(clock.PLACE).date()
        days.setdefault(day, {}).setdefault(one.page, []).append(one)
    by_day = [list(pages.values()) for pages in days.values()]
    return [(groups[0][0].created_at, groups) for groups in by_day]


def below_title(one: Notice) -> Label:
    """The sentence where the title of its case stands above it already."""
    return Label(*(_without(one, language) for language in ("zh", "en")))


def _without(one: Notice, language: str) -> str:
    said = str(in_language(one.phrase, language))
    begins = f"“{in_language(one.title, language)}”"
    if not one.title or not said.startswith(begins):
        return said
    rest = re.sub(r"^（([^）]*)）", r"\1", said[len(begins):].lstrip("：:，, "))
    return rest[:1].upper() + rest[1:]


def forget() -> int:
    """Let go of what is old, in portions: what was read half a year ago, what nobody has read in a year."""
    now, gone = clock.now(), 0
    read = Notice.created_at < now - KEPT_READ, Notice.read_at.is_not(None)
    while True:
        old = select(Notice.id).where((Notice.created_at < now - KEPT_UNREAD) | (read[0] & read[1])).limit(_PORTION)
        with transaction():
            some = delete(Notice).where(Notice.id.in_(old)).returning(Notice.id)
            portion = len(session.execute(some.execution_options(synchronize_session=False)).all())
        gone += portion
        if portion < _PORTION:
            break
    with transaction():
        facts = delete(MailedFact).where(MailedFact.at < now - KEPT_FACTS)
        session.execute(facts.execution_options(synchronize_session=False))
    return gone


def _read(which: ColumnElement[bool]) -> None:
    with transaction():
        session.execute(update(Notice).where(which, Notice.read_at.is_(None)).values(read_at=clock.now()))

"""One mail a person and period with what has been collected for them: what is still unread and still theirs to see.

What goes into it is marked in the transaction that queues the mail, so no crash and no second worker tells it twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from marketplace import clock
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.messaging import leaving
from marketplace.messaging.composing import Block, Entry, Foot, Heading, More
from marketplace.messaging.inbox import below_title
from marketplace.messaging.kinds import KINDS, Kind
from marketplace.messaging.models import Notice
from marketplace.messaging.noticing import SET_HERE, SETTINGS
from marketplace.messaging.posting import post_mail
from marketplace.phrases import Label, Phrase, say

Sight = Callable[[User, Sequence[str]], Iterable[str]]
"""Which of these the person may see."""
SLICE = 0.5
"""Seconds: the worker has other things to do meanwhile."""
SHOWN = 60
"""Notices in one mail; the rest is a number and a link."""
_AT_ONCE = 500
_FIRST = frozenset({Kind.YOUR_TURN, Kind.REMINDERS, Kind.MEETINGS})
_sights: dict[str, Sight] = {}


def bind(sights: Mapping[str, Sight]) -> None:
    """Who may still see what: first part of a page's address -> the room's answer; called by the composition root."""
    _sights.clear()
    _sights.update(sights)


def run() -> None:
    """The timer's turn: write to those whose time has come. The rest waits for the next turn."""
    stop = time.monotonic() + SLICE
    due = select(Notice.user_id).where(Notice.mail_at <= clock.now()).distinct().limit(_AT_ONCE)
    for person_id in session.scalars(due).all():
        tell(person_id)
        if time.monotonic() >= stop:
            break


def tell(person_id: int) -> None:
    """Write to one person, if there still is something for them."""
    with transaction():
        # One after the other for one person: a second worker waits here, and finds nothing left to claim.
        session.execute(select(User.id).where(User.id == person_id).with_for_update())
        claim = update(Notice).where(Notice.user_id == person_id, Notice.mail_at <= clock.now()).values(mail_at=None)
        claimed = session.execute(
            claim.returning(Notice.id, Notice.read_at).execution_options(synchronize_session=False)
        ).all()
        person = session.get(User, person_id, populate_existing=True)
        if person is None or person.disabled_at is not None or person.confirmed_at is None:
            return
        unread = _visible(person, _rows([number for number, read_at in claimed if read_at is None]))
        if unread:
            _write(person, unread)


def _rows(ids: list[int]) -> list[Notice]:
    """The newest first."""
    found: list[Notice] = []
    for at in range(0, len(ids), _AT_ONCE):
        found += session.scalars(select(Notice).where(Notice.id.in_(ids[at:at + _AT_ONCE])))
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


def _visible(person: User, found: list[Notice]) -> list[Notice]:
    """Without what is about a page they may no longer open."""
    asked: dict[str, set[str]] = {}
    for one in found:
        room, ref = _place(one)
        if room in _sights:
            asked.setdefault(room, set()).add(ref)
    seen = {room: set(_sights[room](person, sorted(refs))) for room, refs in asked.items()}
    return [one for one in found if _place(one)[0] not in seen or _place(one)[1] in seen[_place(one)[0]]]


def _place(one: Notice) -> tuple[str, str]:
    room, _, rest = one.page.strip("/").partition("/")
    return room, rest.partition("/")[0]


def _write(person: User, found: list[Notice]) -> None:
    pages: dict[str, list[Notice]] = {}
    for one in found[:SHOWN]:
        pages.setdefault(one.page, []).append(one)
    groups = sorted(pages.values(), key=lambda group: not any(one.kind in _FIRST for one in group))
    blocks: list[Block] = [say("Hello {name},", name=person.name), say("this has happened since we last wrote:")]
    for group in groups:
        blocks += _group(group)
    if len(found) > SHOWN:
        blocks.append(More(say("and {n} more", n=len(found) - SHOWN), links.to("/notices")))
    lines: list[tuple[Any, str | None]] = [(SET_HERE, links.to(SETTINGS))]
    headers = None
    if any(not KINDS[one.kind].must for one in found):
        way_out = leaving.link(person, None)
        lines.append((say("No more mails with what is collected"), way_out))
        headers = leaving.headers(way_out)
    post_mail(person.email, person.language, _subject(found, len(pages)), blocks, feet=[Foot(lines)], headers=headers)


def _group(group: list[Notice]) -> list[Block]:
    """Several notices of one case stand below its title."""
    if len(group) == 1:
        return [Entry(group[0].phrase, [_when(group[0])], links.to(group[0].url))]
    title = next((one.title for one in group if one.title), KINDS[group[0].kind].label)
    return [Heading(title, links.to(group[0].page)), *(Entry(below_title(one), [_when(one)]) for one in group)]


def _subject(found: list[Notice], pages: int) -> Phrase:
    if len(found) == 1:
        return found[0].phrase
    if pages > 1:
        return say("{n} new notices for you at Yinqiao", n=len(found))
    return say("{n} notices about “{title}”", n=len(found), title=found[0].title or KINDS[found[0].kind].label)


def _when(one: Notice) -> Label:
    here = one.created_at.astimezone(clock.PLACE)
    return Label(f"{here.month}月{here.day}日 {here:%H:%M}", f"{here.day} {here:%b}, {here:%H:%M}")

"""Telling people something: on their notices page, and by mail at once or with what is collected for them. The only
place where notices begin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import select

from marketplace import clock
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.messaging import leaving, mail, preferences
from marketplace.messaging.composing import Foot
from marketplace.messaging.kinds import KINDS, Frequency, Kind, next_digest, of_page
from marketplace.messaging.models import Notice
from marketplace.messaging.packing import packed
from marketplace.messaging.posting import OPEN, first_time, post_mail
from marketplace.organisations.models import Organisation
from marketplace.phrases import DEFAULT, Phrase, say

SETTINGS = "/account/notices"
SET_HERE = say("Which notices you get by mail, and how often")
ACTS = {"introductions": say("Open the case"), "listings": say("Open the listing")}
"""What the button says, by the first part of the page's address."""
_by_mail: ContextVar[bool] = ContextVar("by_mail", default=True)


def notify(
    user_ids: Iterable[int], phrase: Phrase, url: str, *, kind: Kind | None = None, once: str | None = None,
    mail: bool = True, calendar: str | None = None,
) -> None:
    """Tell people something, on their notices page and, where the address is confirmed, by mail in their language:
    at once, or collected, as they have chosen for this kind (without one: by the page it leads to).

    `url` is the path of the page it is about. `once` names the fact: who has been told of it is not told again, and
    no address is written to about it twice. What carries a `calendar` is not collected: it would come too late.
    """
    if not is_path(url):
        raise ValueError(f"a notice leads to a page of ours: {url!r}")
    kind, now, asked = kind or of_page(url), clock.now(), set(user_ids)
    with transaction():
        people = session.scalars(
            select(User).where(User.id.in_(asked - _told(asked, once)), User.disabled_at.is_(None)).order_by(User.id)
        ).all()
        wanted = preferences.of_people([person.id for person in people], kind)
        for person in people:
            frequency = wanted[person.id] if mail and _by_mail.get() and person.confirmed_at else Frequency.NEVER
            if frequency is not Frequency.NEVER and not first_time(person.email, once):
                frequency = Frequency.NEVER
            collected = None if calendar else next_digest(frequency, now)
            session.add(Notice(
                user_id=person.id, kind=kind, msgid=phrase.msgid, values=packed(phrase.values), url=url, once=once,
                created_at=now, mail_at=collected,
            ))
            if frequency is not Frequency.NEVER and collected is None:
                _write(person, phrase, url, kind, calendar)


def notify_mailbox(
    organisation: Organisation, phrase: Phrase, url: str, *, once: str, calendar: str | None = None
) -> None:
    """Write to the organisation's own mailbox, if it has confirmed one: people come and go, and are on leave."""
    if organisation.mailbox and organisation.mailbox_confirmed_at:
        why = say("Also written to the people of {organisation} who are concerned. Its administrators say which "
                  "mailbox gets this:", organisation=organisation)
        foot = Foot([(why, links.to(f"/organisations/{organisation.slug}/edit"))])
        _write_to_mailbox(organisation.mailbox, organisation.mailbox_language, phrase, url, once, foot, calendar)


def notify_broker_mailbox(phrase: Phrase, url: str, *, once: str, calendar: str | None = None) -> None:
    """Write to the mailbox that the platform's brokers share, if the operator has set one."""
    address = mail.broker_mailbox()
    if address:
        foot = Foot([(say("Written to the brokers' mailbox as well as to the broker concerned."), None)])
        _write_to_mailbox(address, DEFAULT, phrase, url, once, foot, calendar)


def leaves_by_mail() -> bool:
    """Is mail written here and now, or is a history being told (without_mail)?"""
    return _by_mail.get()


@contextmanager
def without_mail() -> Iterator[None]:
    """Within the block, notices are kept and do not leave by mail: for a history that is told after the fact."""
    token = _by_mail.set(False)
    try:
        yield
    finally:
        _by_mail.reset(token)


def is_path(url: str) -> bool:
    """Does this lead to a page of ours and nowhere else?"""
    return url.startswith("/") and url[1:2] not in ("/", "\\") and not any(c < " " for c in url)


def _told(people: set[int], once: str | None) -> set[int]:
    if once is None:
        return set()
    return set(session.scalars(select(Notice.user_id).where(Notice.user_id.in_(people), Notice.once == once)))


def _write(person: User, phrase: Phrase, url: str, kind: Kind, calendar: str | None) -> None:
    lines: list[tuple[Phrase, str | None]] = [(SET_HERE, links.to(SETTINGS))]
    headers = None
    if not KINDS[kind].must:
        way_out = leaving.link(person, kind)
        lines.append((say("No more mails of this kind ({kind})", kind=KINDS[kind].label), way_out))
        headers = leaving.headers(way_out)
    post_mail(person.email, person.language, phrase, [phrase], url, act=_act(url), feet=[Foot(lines)], headers=headers,
              calendar=calendar)


def _write_to_mailbox(
    address: str, language: str, phrase: Phrase, url: str, once: str, foot: Foot, calendar: str | None
) -> None:
    """No link in it acts for anybody: who reads a mailbox is not known."""
    with transaction():
        if _by_mail.get() and first_time(address, once):
            post_mail(address, language, phrase, [phrase], url, act=_act(url), feet=[foot], calendar=calendar)


def _act(url: str) -> Phrase:
    return ACTS.get(url.strip("/").partition("/")[0], OPEN)

"""What people tell each other, and what the marketplace tells them. The only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Invalid, NotFound
from marketplace.messaging.models import Audience, Message, Notice, Thread
from marketplace.messaging.packing import packed
from marketplace.messaging.permissions import Reader, can_read
from marketplace.messaging.posting import outgoing_mail, outgoing_mails, post_mail, send_again
from marketplace.phrases import Phrase, say

__all__ = [
    "LONGEST_MESSAGE", "is_path", "let_be_read", "messages", "notices", "notify", "outgoing_mail", "outgoing_mails",
    "post_mail", "read_all_notices", "read_notice", "send_again", "thread_of", "unread_count", "without_mail", "write",
]

LONGEST_MESSAGE = 10_000
_by_mail: ContextVar[bool] = ContextVar("by_mail", default=True)


def thread_of(kind: str, subject_id: int) -> Thread:
    """The subject's thread, begun if there is none yet. Who may see it is for the subject's room to say."""
    this = select(Thread).where(Thread.subject_kind == kind, Thread.subject_id == subject_id)
    thread = session.scalar(this)
    if thread is not None:
        return thread
    with transaction():
        try:
            with session.begin_nested():
                session.add(Thread(subject_kind=kind, subject_id=subject_id, created_at=clock.now()))
        except IntegrityError:  # a second reader has begun it at the same moment
            pass
        return session.scalars(this).one()


def write(
    actor: Reader, thread: Thread, body: str, audience: Audience = Audience.ALL, *, side: str = "broker",
    waits: bool = False, relays: Message | None = None,
) -> Message:
    """Say something in a thread; `actor` None is the marketplace. The caller has checked that they take part in it.

    Before contacts are released a side writes to its own audience, and the broker passes on what may be passed on.
    """
    body = body.strip()
    if not body:
        raise Invalid({"body": say("Write something first.")})
    if len(body) > LONGEST_MESSAGE:
        too_long = say("At most {max} characters; this has {given}.", max=LONGEST_MESSAGE, given=len(body))
        raise Invalid({"body": too_long})
    with transaction():
        message = Message(
            thread_id=thread.id, author=actor, side=side, body=body, audience=audience, created_at=clock.now(),
            waits=waits, relays_id=relays.id if relays else None,
        )
        session.add(message)
    return message


def messages(thread: Thread, audiences: Collection[Audience]) -> Sequence[Message]:
    """What readers with these audiences may read, the oldest first."""
    return session.scalars(
        select(Message)
        .where(Message.thread_id == thread.id, Message.audience.in_(sorted(audiences)))
        .order_by(Message.created_at, Message.id)
    ).all()


def notify(user_ids: Iterable[int], phrase: Phrase, url: str, *, once: str | None = None, mail: bool = True) -> None:
    """Tell people something, on their notices page and, where the address is confirmed, by mail in their language.

    `url` is the path of the page it is about. With `once`, who has been told of that occasion is not told again:
    for handlers, which may hear of a fact twice.
    """
    if not is_path(url):
        raise ValueError(f"a notice leads to a page of ours: {url!r}")
    with transaction():
        people = session.scalars(
            select(User).where(User.id.in_(set(user_ids) - _told(once)), User.disabled_at.is_(None)).order_by(User.id)
        ).all()
        for person in people:
            session.add(Notice(
                user_id=person.id, msgid=phrase.msgid, values=packed(phrase.values), url=url, once=once,
                created_at=clock.now(),
            ))
            if mail and _by_mail.get() and person.confirmed_at is not None:
                post_mail(person.email, person.language, phrase, [phrase], url)


@contextmanager
def without_mail() -> Iterator[None]:
    """Within the block, notices are kept and do not leave by mail: for a history that is told after the fact."""
    token = _by_mail.set(False)
    try:
        yield
    finally:
        _by_mail.reset(token)


def unread_count(actor: Reader) -> int:
    """How many notices this person has not read."""
    if actor is None:
        return 0
    unread = select(func.count()).where(Notice.user_id == actor.id, Notice.read_at.is_(None))
    try:
        return session.scalar(unread) or 0
    except SQLAlchemyError:  # the page that says the database is down shows this number too
        session.rollback()
        return 0


def notices(actor: User, *, unread_only: bool = False, page: int = 1, size: int = 30) -> tuple[Sequence[Notice], int]:
    """(one page of the person's notices, the newest first; how many there are)."""
    mine = [Notice.user_id == actor.id]
    if unread_only:
        mine.append(Notice.read_at.is_(None))
    total = session.scalar(select(func.count()).select_from(Notice).where(*mine)) or 0
    newest = select(Notice).where(*mine).order_by(Notice.created_at.desc(), Notice.id.desc())
    return session.scalars(newest.limit(size).offset((page - 1) * size)).all(), total


def read_notice(actor: User, notice_id: int) -> Notice:
    """Mark the notice as read and return it; NotFound when it is somebody else's."""
    notice = session.get(Notice, notice_id)
    if notice is None or not can_read(actor, notice):
        raise NotFound
    if notice.read_at is None:
        with transaction():
            notice.read_at = clock.now()
    return notice


def read_all_notices(actor: User) -> None:
    with transaction():
        mine = update(Notice).where(Notice.user_id == actor.id, Notice.read_at.is_(None))
        session.execute(mine.values(read_at=clock.now()))


def let_be_read(before: datetime) -> None:
    """Notices of before that moment count as read when they came: nobody wants months of them at once."""
    with transaction():
        old = update(Notice).where(Notice.created_at < before, Notice.read_at.is_(None))
        session.execute(old.values(read_at=Notice.created_at))


def is_path(url: str) -> bool:
    """Does this lead to a page of ours and nowhere else?"""
    return url.startswith("/") and url[1:2] not in ("/", "\\") and not any(c < " " for c in url)


def _told(once: str | None) -> set[int]:
    return set(session.scalars(select(Notice.user_id).where(Notice.once == once))) if once else set()

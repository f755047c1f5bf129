"""What people tell each other, and what the marketplace tells them. The only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from marketplace import clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.messaging import mail
from marketplace.messaging.models import Audience, Message, Notice, OutgoingMail, Thread
from marketplace.messaging.packing import packed
from marketplace.messaging.permissions import Reader, can_read, can_see_mail
from marketplace.phrases import DEFAULT, LANGUAGES, Phrase, in_language, say

LONGEST_MESSAGE = 10_000
_by_mail: ContextVar[bool] = ContextVar("by_mail", default=True)
SIGNATURE = say("Yinqiao, where results and needs meet")


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
    actor: Reader, thread: Thread, body: str, audience: Audience = Audience.ALL, *, side: str = "broker"
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
            thread_id=thread.id, author=actor, side=side, body=body, audience=audience, created_at=clock.now()
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


def post_mail(
    to: str, language: str, subject: Phrase, paragraphs: Sequence[str], link: str | None = None,
    after: Phrase | None = None, *, headers: Mapping[str, str] | None = None,
) -> OutgoingMail:
    """Queue a mail, in the open transaction or one of its own; the worker sends it after the commit.

    `link` is a path of ours or a full address; `after` is the paragraph that follows it. A paragraph is a phrase, or
    a text that is in the reader's language already.
    """
    language = language if language in LANGUAGES else DEFAULT
    parts = [in_language(paragraph, language) for paragraph in paragraphs]
    if link:
        parts.append(mail.address(link))
    if after is not None:
        parts.append(in_language(after, language))
    parts.append(f"-- \n{in_language(SIGNATURE, language)}\n{mail.address('/')}")
    with transaction():
        row = OutgoingMail(
            to=to, language=language, subject=_one_line(in_language(subject, language)), body="\n\n".join(parts) + "\n",
            headers=dict(headers) if headers else None, created_at=clock.now(),
        )
        session.add(row)
        session.flush()
        outbox.publish("mail.queued", row.id)
    return row


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


def outgoing_mails(actor: Reader, *, page: int = 1, size: int = 50) -> tuple[Sequence[OutgoingMail], int]:
    """(one page of what left or waits to leave, the newest first; how many there are)."""
    require(can_see_mail(actor))
    total = session.scalar(select(func.count()).select_from(OutgoingMail)) or 0
    newest = select(OutgoingMail).order_by(OutgoingMail.id.desc())
    return session.scalars(newest.limit(size).offset((page - 1) * size)).all(), total


def outgoing_mail(actor: Reader, mail_id: int) -> OutgoingMail:
    require(can_see_mail(actor))
    row = session.get(OutgoingMail, mail_id)
    if row is None:
        raise NotFound
    return row


def send_again(actor: Reader, row: OutgoingMail) -> None:
    """Try a mail again that a mail server refused for good."""
    require(can_see_mail(actor))
    if row.sent_at is not None:
        raise Conflict(say("This mail has been sent."))
    with transaction():
        row.error = None
        outbox.publish("mail.queued", row.id)


def is_path(url: str) -> bool:
    """Does this lead to a page of ours and nowhere else?"""
    return url.startswith("/") and url[1:2] not in ("/", "\\") and not any(c < " " for c in url)


def _told(once: str | None) -> set[int]:
    return set(session.scalars(select(Notice.user_id).where(Notice.once == once))) if once else set()


def _one_line(text: str, longest: int = 150) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"

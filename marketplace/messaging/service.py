"""What people tell each other, and what the marketplace tells them. With its parts (noticing, inbox, preferences,
posting, digests) the only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Invalid
from marketplace.messaging.inbox import (
    let_be_read,
    notice,
    notices,
    read_about,
    read_all_notices,
    read_notice,
    unread_count,
)
from marketplace.messaging.kinds import Kind
from marketplace.messaging.models import Audience, Message, Thread
from marketplace.messaging.noticing import (
    is_path,
    leaves_by_mail,
    notify,
    notify_broker_mailbox,
    notify_mailbox,
    without_mail,
)
from marketplace.messaging.permissions import Reader
from marketplace.messaging.posting import outgoing_mail, outgoing_mails, post_mail, send_again
from marketplace.phrases import say

__all__ = [
    "LONGEST_MESSAGE", "Kind", "is_path", "leaves_by_mail", "let_be_read", "messages", "notice", "notices", "notify",
    "notify_broker_mailbox", "notify_mailbox", "outgoing_mail", "outgoing_mails", "post_mail", "read_about",
    "read_all_notices", "read_notice", "send_again", "thread_of", "unread_count", "without_mail", "write",
]

LONGEST_MESSAGE = 10_000


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

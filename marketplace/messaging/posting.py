"""Mails on their way out: what is written to whom waits here for the worker. The only writer of outgoing mails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock, outbox
from marketplace.db import session, transaction
from marketplace.errors import Conflict, NotFound, require
from marketplace.messaging import mail
from marketplace.messaging.composing import Act, Block, Foot, written
from marketplace.messaging.models import MailedFact, OutgoingMail
from marketplace.messaging.permissions import Reader, can_see_mail
from marketplace.phrases import DEFAULT, LANGUAGES, Phrase, in_language, say

OPEN = say("Open the page")


@dataclass(frozen=True)
class Letter:
    """One of many mails, written already."""

    to: str
    language: str
    subject: str
    text: str
    page: str
    headers: Mapping[str, str]


def post_mail(
    to: str, language: str, subject: Phrase, paragraphs: Sequence[Block], link: str | None = None,
    after: Phrase | None = None, *, act: Phrase = OPEN, feet: Sequence[Foot] = (),
    headers: Mapping[str, str] | None = None, calendar: str | None = None,
) -> OutgoingMail:
    """Queue a mail, in the open transaction or one of its own; the worker sends it after the commit.

    `link` is a path of ours or a full address, `act` what the button to it says; `after` is the paragraph that
    follows it. A paragraph is a phrase, a text that is in the reader's language already, or a block of composing.py
    with whole addresses. `calendar` is an iCalendar object with a METHOD (RFC 5546), which mail programs offer to
    enter into the reader's calendar.
    """
    language = language if language in LANGUAGES else DEFAULT
    blocks: list[Block] = list(paragraphs)
    if link:
        blocks.append(Act(act, mail.address(link)))
    if after is not None:
        blocks.append(after)
    text, page = written(subject, [*blocks, *feet], language, mail.address("/"))
    with transaction():
        row = OutgoingMail(
            to=to, language=language, subject=_one_line(in_language(subject, language)), body=text, html=page,
            headers=dict(headers) if headers else None, calendar=calendar, created_at=clock.now(),
        )
        session.add(row)
        session.flush()
        outbox.publish("mail.queued", row.id)
    return row


def post_mails(letters: Sequence[Letter]) -> list[int]:
    """Queue many at once, in the open transaction; returns their numbers in the order of the letters."""
    now = clock.now()
    rows: list[dict[str, Any]] = [
        {"to": one.to, "language": one.language, "subject": _one_line(one.subject), "body": one.text, "html": one.page,
         "headers": dict(one.headers), "created_at": now} for one in letters
    ]
    if not rows:
        return []
    with transaction():
        adding = insert(OutgoingMail).returning(OutgoingMail.id, sort_by_parameter_order=True)
        numbers = list(session.scalars(adding, rows))
        outbox.publish("mail.queued", *numbers)
    return numbers


def take_back(numbers: Sequence[int]) -> None:
    """Drop those of these mails that have not left; the post finds nothing where they were."""
    unsent = delete(OutgoingMail).where(OutgoingMail.id.in_(numbers), OutgoingMail.sent_at.is_(None))
    with transaction():
        session.execute(unsent.execution_options(synchronize_session=False))


def first_time(address: str, fact: str | None) -> bool:
    """Note that this address is written to about this fact; False when it has been before. A fact without a name is
    always news."""
    if fact is None:
        return True
    with transaction():
        this = MailedFact.address == address, MailedFact.fact == fact
        if session.scalar(select(MailedFact.fact).where(*this)) is not None:
            return False
        try:
            with session.begin_nested():
                session.add(MailedFact(address=address, fact=fact, at=clock.now()))
        except IntegrityError:  # another worker writes to it at this moment
            return False
    return True


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
        audit.record(actor.id if actor else None, "mail.sent_again", "mail", row.id)


def _one_line(text: str, longest: int = 150) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"

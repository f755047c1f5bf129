"""How mail leaves: over SMTP, or, where no server is set, as files an operator can open.

Links that act for their reader stand in mails, so nothing of a mail's text is ever logged.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import select

from marketplace import clock
from marketplace.config import Settings
from marketplace.db import session, transaction
from marketplace.errors import Unavailable
from marketplace.messaging.models import OutgoingMail
from marketplace.phrases import say

Carry = Callable[[int, EmailMessage], object]
TIMEOUT = 20
LONGEST_BATCH = 60
"""Seconds; the rest of a batch is tried again, well before the outbox's lease on it ends."""
PATIENCE = timedelta(days=3)
"""How long a mail that is refused for now is tried again."""

_bound: list[Settings] = []


class Unfolded(EmailPolicy):
    """Headers that other machines read as an address are written whole: Python would wrap a long one into encoded
    words, which nobody decodes there (RFC 2047 allows them in text only)."""

    def fold(self, name: str, value: Any) -> str:
        if name.lower().startswith("list-") and str(value).isascii():
            return f"{name}: {value}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower().startswith("list-") and str(value).isascii():
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


POLICY = Unfolded(linesep="\r\n")


class RefusedForNow(Exception):
    """The server works, and asks us to come again with some of the mails."""


def bind(settings: Settings) -> None:
    """Use these settings from now on; called by the composition root."""
    _bound[:] = [settings]


def address(link: str) -> str:
    """The full address of a page of ours."""
    return link if link.startswith(("http://", "https://")) else f"{_settings().base_url}{link}"


def has_server() -> bool:
    """Is there a mail server, or do mails become files?"""
    return bool(_settings().mail_url)


def reach() -> None:
    """Sign in to the mail server and send nothing; raises Unavailable."""
    with _carrier():
        return


def broker_mailbox() -> str | None:
    """The address that brokers share, if the operator has set one."""
    return _settings().broker_mailbox


def broadcasts_per_minute() -> int:
    """How many mails of broadcasts may be given to the post in a minute, so that other mail is not held up."""
    return _settings().broadcasts_per_minute


def deliver(ids: list[int]) -> None:
    """Handler of mail.queued. A mail is marked as soon as it has left, so hearing of it twice does not send it twice.

    Raises Unavailable when the server cannot be used, RefusedForNow when it will not take some of the mails yet;
    a mail refused for good keeps the reason instead.
    """
    unsent = select(OutgoingMail.id).where(OutgoingMail.id.in_(ids), OutgoingMail.sent_at.is_(None))
    waiting = session.scalars(unsent.order_by(OutgoingMail.id)).all()
    session.rollback()  # the server may be slow; hold no lock meanwhile
    if not waiting:
        return
    later: list[str] = []
    started = time.monotonic()
    with _carrier() as carry:
        for mail_id in waiting:
            if time.monotonic() - started > LONGEST_BATCH:
                raise Unavailable(say("The mail server is slow; the rest follows."))
            later += _deliver_one(mail_id, carry)
    if later:
        raise RefusedForNow("; ".join(later)[:500])


def _deliver_one(mail_id: int, carry: Carry) -> list[str]:
    """Send one mail; return why it should be tried again, if so."""
    row = session.get_one(OutgoingMail, mail_id, populate_existing=True)
    created_at = row.created_at
    if row.sent_at is not None:
        return []
    try:
        message = _message(row)
        session.rollback()
        if mail_id not in _carried:
            carry(mail_id, message)
            _carried.add(mail_id)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as refusal:
        code, text = _refusal(refusal)
        _note(row, error=f"{code} {text}")
        worth_another_try = 400 <= code < 500 and clock.now() - created_at < PATIENCE
        return [f"mail {mail_id}: {code}"] if worth_another_try else []
    except (smtplib.SMTPNotSupportedError, MessageError, ValueError) as error:
        _note(row, error=f"{type(error).__name__}: {error}"[:500])
        return []
    _note(row, error=None, sent=True, keep_text=not has_server())
    _carried.discard(mail_id)
    return []


_carried: set[int] = set()
"""Mails that have left and are not marked so yet. When the database goes away in between, they stay here, and the next
try only marks them."""


def _note(row: OutgoingMail, *, error: str | None, sent: bool = False, keep_text: bool = True) -> None:
    with transaction():
        row.error = error
        if sent:
            row.sent_at = clock.now()
        if not keep_text:
            row.body, row.html, row.headers, row.calendar = "", "", None, None


@contextmanager
def _carrier() -> Iterator[Carry]:
    if not has_server():
        yield _into_file
        return
    try:
        with _server() as server:
            yield lambda _, message: server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        # Only the kind of failure: an authentication error may quote what was sent.
        raise Unavailable(say("The mail server cannot be used ({why}).", why=type(error).__name__)) from None


def forget_files(mail_ids: Iterable[int]) -> None:
    """Remove the files of mails that are gone, where mails became files."""
    for mail_id in mail_ids:
        _file_of(mail_id).unlink(missing_ok=True)


def _file_of(mail_id: int) -> Path:
    return _settings().var / "mail" / f"{mail_id:08d}.eml"


def _into_file(mail_id: int, message: EmailMessage) -> None:
    path = _file_of(mail_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(message.as_bytes(policy=POLICY))


def _server() -> smtplib.SMTP:
    parts = urlsplit(_settings().mail_url or "")
    context = ssl.create_default_context()
    host = parts.hostname or ""
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT)
    try:
        server.ehlo_or_helo_if_needed()
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _message(row: OutgoingMail) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["Subject"] = row.subject
    message["From"] = sender()
    message["To"] = Address(addr_spec=row.to)
    message["Date"] = format_datetime(row.created_at)
    # The same for every try, so that a mail sent twice after a crash can be recognised.
    message["Message-ID"] = f"<mail-{row.id}-{int(row.created_at.timestamp())}@{_domain()}>"
    message["Auto-Submitted"] = "auto-generated"
    for name, value in (row.headers or {}).items():
        message[name] = value
    message.set_content(row.body)
    if row.html:
        message.add_alternative(row.html, subtype="html")
    if row.calendar:
        _invite(message, row.calendar)
    message["Content-Language"] = "zh-Hans" if row.language == "zh" else "en"  # set before, it goes with the content
    return message


def _invite(message: EmailMessage, calendar: str) -> None:
    """As a further way to read the mail, which is what mail programs answer, and as a file for those that do not."""
    found = re.search(r"(?im)^METHOD:([A-Z-]+)\s*$", calendar)
    method = found.group(1).upper() if found else "PUBLISH"
    lines = "\r\n".join(calendar.splitlines()) + "\r\n"
    message.add_alternative(lines, subtype="calendar", params={"method": method})
    message.add_attachment(lines.encode(), maintype="application", subtype="ics", filename="invite.ics")


def sender() -> Address:
    """MAIL_URL's ?from=, else its user where that is an address, else no-reply at our own host."""
    parts = urlsplit(_settings().mail_url or "")
    name, written = parseaddr(parse_qs(parts.query).get("from", [""])[0])
    user = unquote(parts.username or "")
    return Address(name or "Yinqiao", addr_spec=written or (user if "@" in user else f"no-reply@{_domain()}"))


def _domain() -> str:
    host = urlsplit(_settings().base_url).hostname or "localhost"
    return f"[{host}]" if host.replace(".", "").isdigit() or ":" in host else host


def _refusal(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError) -> tuple[int, str]:
    code: int
    text: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
    else:
        code, text = error.smtp_code, error.smtp_error
    return code, (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text))[:300]


def _settings() -> Settings:
    if not _bound:
        raise RuntimeError("messaging.mail.bind() has not been called")
    return _bound[0]

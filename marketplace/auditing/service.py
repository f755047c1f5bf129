"""Looking through the audit log: by person, act, subject, period and origin; with names for what it says. Read-only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.sql.expression import literal

from marketplace import audit, clock, sealing
from marketplace.accounts.models import User
from marketplace.audit import AuditEntry
from marketplace.auditing.acts import ACTS, CREDENTIALS, SUBJECTS
from marketplace.auditing.permissions import can_see_log
from marketplace.db import Moment, session
from marketplace.errors import Invalid, require
from marketplace.events.models import Edition
from marketplace.introductions.models import Introduction
from marketplace.listings.models import Listing
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say

SIZE = 50
MOST_EXPORTED = 50_000
MOST_PEOPLE = 50
"""People whom one name may mean."""
_PART = 500
_NOBODY = "-"
"""Asked for as the person: acts of nobody who was signed in, and of the platform itself."""
NAMED: dict[str, tuple[Any, Any, str]] = {
    "listing": (Listing, Listing.ref, "/listings/"),
    "introduction": (Introduction, Introduction.ref, "/introductions/"),
    "organisation": (Organisation, Organisation.slug, "/organisations/"),
    "event": (Edition, Edition.ref, "/events/"),
}
"""Subjects that have a name of their own: (table, the name, where its page is)."""
_OF_A_CASE = ("signed nda",)
"""Kinds of subject whose number is the introduction's."""


@dataclass(frozen=True)
class Asked:
    """What an operator looks for; what is empty is not asked."""

    person: str = ""
    action: str = ""
    """An act, or a group of acts."""
    subject: str = ""
    """A reference, a short name, a mail address, or a kind and its number."""
    since: date | None = None
    until: date | None = None
    origin: str = ""
    """A network address, "session 12", "token 3", or a request's id."""

    @property
    def filters(self) -> list[str]:
        """The names of what is asked."""
        return [name for name, given in vars(self).items() if given]


@dataclass(frozen=True)
class Place:
    """Where a page begins: before this entry."""

    at: datetime
    entry: int

    def __str__(self) -> str:
        return f"{int(self.at.timestamp() * 1_000_000)}-{self.entry}"


@dataclass(frozen=True)
class Shown:
    """One entry with the names of who and what."""

    entry: AuditEntry
    person: User | None
    name: str
    """The subject's own name, or its number."""
    path: str | None
    """The subject's page."""


def place(text: str) -> Place | None:
    """`?before=` as an earlier page gave it; anything else means the beginning."""
    match = re.fullmatch(r"(\d{1,16})-(\d{1,10})", text)
    if match is None:
        return None
    return Place(datetime.fromtimestamp(0, clock.PLACE) + timedelta(microseconds=int(match[1])), int(match[2]))


def find(
    actor: Reader, asked: Asked, before: Place | None = None, size: int = SIZE
) -> tuple[list[Shown], Place | None]:
    """(entries, the newest first; where the next page begins). Raises Invalid for a filter that means nothing."""
    require(can_see_log(actor))
    chosen = _chosen(asked)
    rows = _page(chosen, before, size + 1)
    more = Place(rows[size - 1].at, rows[size - 1].id) if len(rows) > size else None
    return _named(rows[:size]), more


def export(actor: Reader, asked: Asked) -> Iterator[Shown]:
    """Everything that is asked for, the newest first, at most MOST_EXPORTED; that it was taken away is recorded."""
    require(can_see_log(actor))
    assert actor is not None
    chosen = _chosen(asked)
    audit.record(actor.id, "audit.exported", "audit", 1, filters=asked.filters)
    return _every(chosen)


def _every(chosen: list[ColumnElement[bool]]) -> Iterator[Shown]:
    before, left = None, MOST_EXPORTED
    while left > 0:
        rows = _page(chosen, before, min(_PART, left))
        yield from _named(rows)
        for row in rows:
            session.expunge(row)
        if len(rows) < _PART:
            return
        left -= len(rows)
        before = Place(rows[-1].at, rows[-1].id)


def head(actor: Reader) -> sealing.Head | None:
    """The last link of the chain, to be noted elsewhere."""
    require(can_see_log(actor))
    return sealing.head()


def _page(chosen: list[ColumnElement[bool]], before: Place | None, size: int) -> Sequence[AuditEntry]:
    rows = select(AuditEntry).where(*chosen)
    if before is not None:
        here = tuple_(literal(before.at, Moment()), literal(before.entry))
        rows = rows.where(tuple_(AuditEntry.at, AuditEntry.id) < here)
    return session.scalars(rows.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(size)).all()


def _chosen(asked: Asked) -> list[ColumnElement[bool]]:
    """The filters in SQL; every one has an index that ends in the order of the list."""
    faults: dict[str, str] = {}
    chosen: list[ColumnElement[bool]] = []
    for name, condition in (("person", _by), ("action", _act), ("subject", _on), ("origin", _from)):
        given = str(getattr(asked, name)).strip()
        if given:
            found = condition(given)
            if found is None:
                faults[name] = _UNKNOWN[name].format(text=given[:80])
            else:
                chosen.append(found)
    if asked.since and asked.until and asked.since > asked.until:
        faults["until"] = say("The last day lies before the first.")
    if faults:
        raise Invalid(faults)
    if asked.since is not None:
        chosen.append(AuditEntry.at >= _midnight(asked.since))
    if asked.until is not None:
        chosen.append(AuditEntry.at < _midnight(asked.until) + timedelta(days=1))
    return chosen


_UNKNOWN = {
    "person": say("Nobody here is called “{text}”. Give a name, a mail address, or the number of an account."),
    "action": say("No act is called “{text}”."),
    "subject": say("Nothing here is called “{text}”. Give a reference such as R-2026-000001, an organisation's short "
                   "name, a mail address, or a kind and its number, such as task 12."),
    "origin": say("“{text}” is no network address, session or token. Write 192.0.2.7, session 12, token 3, or the id "
                  "of a request."),
}


def _by(text: str) -> ColumnElement[bool] | None:
    if text == _NOBODY:
        return AuditEntry.actor_id.is_(None)
    if (number := _number(text.lstrip("#"))) is not None:  # also of somebody whose account is gone
        return AuditEntry.actor_id == number
    alike = User.email == text.lower() if "@" in text else User.name.icontains(text, autoescape=True)
    ids = session.scalars(select(User.id).where(alike).order_by(User.id).limit(MOST_PEOPLE)).all()
    return AuditEntry.actor_id.in_(ids) if ids else None


def _act(code: str) -> ColumnElement[bool] | None:
    if code in ACTS:
        return AuditEntry.action.in_(list(ACTS[code][1]))
    known = any(code in acts for _, acts in ACTS.values())
    return AuditEntry.action == code if known else None


def _on(text: str) -> ColumnElement[bool] | None:
    kind, _, digits = text.rpartition(" ")
    number = _number(digits)
    codes = [code for code, label in SUBJECTS.items() if kind.lower() in (code, label.zh, label.en.lower())]
    if codes and number is not None:
        return and_(AuditEntry.subject_kind.in_(codes), AuditEntry.subject_id == number)
    if "@" in text:
        person = session.scalar(select(User.id).where(User.email == text.lower()))
        return _subject("user", person) if person is not None else None
    for kind, (table, name, _path) in NAMED.items():
        found = session.scalar(select(table.id).where(name.in_([text, text.upper(), text.lower()])).limit(1))
        if found is not None:
            of_the_case = AuditEntry.introduction_ref == text.upper()
            return or_(of_the_case, _subject(kind, found)) if kind == "introduction" else _subject(kind, found)
    return None


def _from(text: str) -> ColumnElement[bool] | None:
    try:
        return AuditEntry.address == str(ip_address(text))
    except ValueError:
        pass
    if match := re.fullmatch(r"(\w+) ?(\d{1,10})", text.lower()):
        for code, label in CREDENTIALS.items():
            if match[1] in (code, label.zh):
                return AuditEntry.credential == f"{code} {match[2]}"
    return AuditEntry.request_id == text if re.fullmatch(r"[\w.:-]{8,64}", text, re.ASCII) else None


def _subject(kind: str, number: int) -> ColumnElement[bool]:
    return and_(AuditEntry.subject_kind == kind, AuditEntry.subject_id == number)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.PLACE)


def _named(rows: Sequence[AuditEntry]) -> list[Shown]:
    """With the names of everybody and everything, in one query a kind."""
    ids: dict[str, set[int]] = {"user": {row.actor_id for row in rows if row.actor_id is not None}}
    for row in rows:
        ids.setdefault(_kind(row), set()).add(row.subject_id)
    people = {user.id: user for user in session.scalars(select(User).where(User.id.in_(ids["user"])))}
    names: dict[str, dict[int, str]] = {
        kind: {row[0]: row[1] for row in session.execute(select(table.id, name).where(table.id.in_(ids[kind])))}
        for kind, (table, name, _) in NAMED.items() if kind in ids
    }
    return [_shown(row, people, names) for row in rows]


def _shown(row: AuditEntry, people: dict[int, User], names: dict[str, dict[int, str]]) -> Shown:
    person, kind = people.get(row.actor_id or 0), _kind(row)
    name = names.get(kind, {}).get(row.subject_id)
    if name is not None:
        return Shown(row, person, name, f"{NAMED[kind][2]}{name}")
    subject = people.get(row.subject_id) if kind == "user" else None
    return Shown(row, person, subject.email if subject is not None else str(row.subject_id), None)


def _kind(row: AuditEntry) -> str:
    return "introduction" if row.subject_kind in _OF_A_CASE else row.subject_kind

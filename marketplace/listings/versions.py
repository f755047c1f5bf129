"""What a listing said: content as it is kept in versions, and what differs between two of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import SequenceMatcher
from hashlib import sha256
from itertools import pairwise
from json import dumps
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, object_session

from marketplace import clock
from marketplace.db import session
from marketplace.listings import fields
from marketplace.listings.fields import BY_NAME, Field, Shape, fields_of
from marketplace.listings.models import Kind, Listing, ListingVersion, TranslationState, VersionState

DEFAULTS: Mapping[str, Any] = {
    "title": "", "summary": "", "keywords": [], "ipc": [], "modes": [], "language": "zh", "anonymous": False,
    "confidential_tier": 2, "source": "",
}
"""What an absent value is in a column that is never null."""
LONGEST_COMPARED = 3_000
"""Words up to which two texts are compared word by word; longer ones by sentences."""


def content_of(listing: Listing) -> dict[str, Any]:
    """Every field of the version in force."""
    return {field.name: fields.value(listing, field.name) for field in fields_of(listing.kind)}


def settled(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with every field of the kind, absent ones as the table keeps them."""
    whole: dict[str, Any] = {}
    for field in fields_of(kind):
        given = content.get(field.name)
        whole[field.name] = DEFAULTS.get(field.name) if given is None else given
    if whole.get("price_amount") is not None and not whole.get("price_currency"):
        whole["price_currency"] = "CNY"
    return whole


def columns(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """Whole content as the values of a row: columns, and the rest in `details`."""
    whole = settled(kind, content)
    row = {name: value for name, value in whole.items() if BY_NAME[name].column}
    row["details"] = {
        name: value for name, value in whole.items() if not BY_NAME[name].column and not fields.is_empty(value)
    }
    return row


def put(listing: Listing, content: Mapping[str, Any]) -> None:
    """Make whole content what the listing says."""
    for name, value in columns(listing.kind, content).items():
        if getattr(listing, name) != value:
            setattr(listing, name, value)


def pack(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content as JSON values, without empty ones."""
    return {name: _packed(value) for name, value in content.items() if not fields.is_empty(value)}


def unpack(kind: Kind, packed: Mapping[str, Any]) -> dict[str, Any]:
    """Whole content from JSON values; a field that no longer exists is left out."""
    known = {name: BY_NAME[name] for name in packed if name in BY_NAME and BY_NAME[name].of(kind)}
    return settled(kind, {name: _unpacked(field, packed[name]) for name, field in known.items()})


def _packed(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _unpacked(field: Field, value: Any) -> Any:
    if field.shape is Shape.DAY:
        return date.fromisoformat(value)
    return Decimal(value) if field.shape is Shape.MONEY else value


def proposed_content(listing: Listing) -> dict[str, Any]:
    """What the authors want it to say: the waiting change, or else what is in force."""
    if listing.pending is not None:
        return unpack(listing.kind, listing.pending.content)
    return settled(listing.kind, content_of(listing))


def changed_fields(kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    one, other = settled(kind, before), settled(kind, after)
    return [name for name in one if one[name] != other[name] and not (_nothing(one[name]) and _nothing(other[name]))]


def marks(kind: Kind, content: Mapping[str, Any]) -> dict[str, str]:
    """Field name -> a short digest of its value, so that a form can remember what it started from."""
    packed = pack(settled(kind, content))
    return {
        field.name: sha256(dumps(packed.get(field.name), ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:12]
        for field in fields_of(kind)
    }


def number_after_last(listing: Listing) -> int:
    last = session.scalar(select(func.max(ListingVersion.number)).where(ListingVersion.listing_id == listing.id))
    return (last or 0) + 1


def put_in_force(listing: Listing, author_id: int | None, decider_id: int | None) -> None:
    """Record what the listing says now as its newest version in force."""
    before = in_force(listing)
    content = pack(content_of(listing))
    if before is not None:
        if before.content == content:
            return
        before.state = VersionState.SUPERSEDED
    waiting = listing.pending
    number = number_after_last(listing)
    if waiting is not None and waiting.number == number - 1:
        waiting.number = number  # what waits stays the newest
        session.flush()
        number -= 1
    now = clock.now()
    session.add(ListingVersion(
        listing_id=listing.id, number=number, state=VersionState.IN_FORCE, content=content, created_at=now,
        created_by_id=author_id, decided_at=now, decided_by_id=decider_id,
    ))


def keep(listing: Listing, content: Mapping[str, Any], author_id: int | None) -> ListingVersion:
    """Put whole content on record as it stands; the version in force where that says the same."""
    current, packed = in_force(listing), pack(settled(listing.kind, content))
    if current is not None and current.content == packed:
        return current
    row = ListingVersion(
        listing_id=listing.id, number=number_after_last(listing), state=VersionState.KEPT, content=packed,
        created_at=clock.now(), created_by_id=author_id,
    )
    session.add(row)
    session.flush()
    return row


def in_force(listing: Listing) -> ListingVersion | None:
    return session.scalar(select(ListingVersion).where(
        ListingVersion.listing_id == listing.id, ListingVersion.state == VersionState.IN_FORCE,
    ).order_by(ListingVersion.number.desc()))


def mark_translations(listing: Listing, before: Mapping[str, Any]) -> None:
    """Note on the translations that what they translate has changed. A machine's may say the organisation's name in a
    way that `tiers.veil` does not know: one that becomes anonymous has none until it is made anew."""
    if listing.anonymous and not before.get("anonymous"):
        by_machine = [row for row in listing.translations if row.state is TranslationState.MACHINE]
        for row in by_machine:
            listing.translations.remove(row)
    if any(before.get(name) != getattr(listing, name) for name in ("title", "summary", "keywords")):
        for translation in listing.translations:
            translation.is_stale = True


def all_of(listing: Listing) -> list[ListingVersion]:
    """The newest first."""
    wanted = select(ListingVersion).where(ListingVersion.listing_id == listing.id)
    newest = wanted.order_by(ListingVersion.number.desc()).options(joinedload(ListingVersion.created_by))
    return list(session.scalars(newest))


def forget_pending(listing: Listing) -> None:
    """Let the next look at `listing.pending` ask the database."""
    session.flush()
    if object_session(listing) is not None:
        session.expire(listing, ["pending"])


@dataclass(frozen=True)
class Piece:
    """A stretch of text that stayed, was inserted ("ins") or was deleted ("del")."""

    what: str
    text: str


@dataclass(frozen=True)
class Change:
    field: Field
    before: Any
    after: Any

    @property
    def is_text(self) -> bool:
        return self.field.shape in (Shape.TEXT, Shape.LONG_TEXT)

    @property
    def pieces(self) -> list[Piece]:
        return list(compared(self.before or "", self.after or ""))


def differences(kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Field by field, in the order of the form."""
    one, other = settled(kind, before), settled(kind, after)
    return [Change(BY_NAME[name], one[name], other[name]) for name in changed_fields(kind, one, other)]


def changes_between(kind: Kind, found: list[ListingVersion]) -> dict[int, list[Change]]:
    """For versions from the newest to the oldest: number -> what it changed of the one before."""
    return {
        later.number: differences(kind, unpack(kind, earlier.content), unpack(kind, later.content))
        for later, earlier in pairwise(found)
    }


_WORD = re.compile(r"[A-Za-z0-9À-ɏ]+(?:[.,'-][A-Za-z0-9]+)*|\s+|.", re.DOTALL)
_SENTENCE = re.compile(r".+?(?:[。！？!?\n]+|\.\s+|$)", re.DOTALL)


def compared(before: str, after: str) -> Iterator[Piece]:
    """The two texts as one: Latin words and single Chinese characters that stayed, came or went."""
    one, other = _WORD.findall(before), _WORD.findall(after)
    if len(one) + len(other) > LONGEST_COMPARED:
        one, other = _SENTENCE.findall(before), _SENTENCE.findall(after)
    for what, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if what == "equal":
            yield Piece("same", "".join(one[a:b]))
            continue
        if b > a:
            yield Piece("del", "".join(one[a:b]))
        if d > c:
            yield Piece("ins", "".join(other[c:d]))


def _nothing(value: Any) -> bool:
    return fields.is_empty(value) or value is False

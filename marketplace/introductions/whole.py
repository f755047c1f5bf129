"""Everything about one introduction, loaded at once: its page would ask dozens of times.

Many kinds of rows that belong to one case are read in one question. Each row of the answer holds one of them: the
tables are joined to their own number and not to each other, so that nothing is multiplied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, literal, select, union_all
from sqlalchemy.orm import joinedload, lazyload
from sqlalchemy.orm.attributes import set_committed_value

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions.models import (
    Check,
    Confirmation,
    Consent,
    Contract,
    History,
    Intent,
    Interest,
    Introduction,
    Minutes,
    NonDisclosure,
    Outcome,
    SignedCopy,
)
from marketplace.listings.models import Listing
from marketplace.messaging.models import Message, Thread

RECORDS: dict[str, Any] = {
    "interests": Interest, "consents": Consent, "signatures": NonDisclosure, "signed_copies": SignedCopy,
    "minutes": Minutes, "intents": Intent, "contracts": Contract, "outcomes": Outcome,
    "confirmations": Confirmation, "checks": Check,
}
KIND = "introduction"
_PARTS = (Listing.translations, Listing.exclusions, Listing.grants)
BARE = tuple(
    joinedload(side, innerjoin=True).options(*(lazyload(part) for part in _PARTS))
    for side in (Introduction.need, Introduction.result)
)
"""With both listings and nothing of theirs: for finding one introduction."""


@dataclass(frozen=True)
class Whole:
    history: list[History]
    messages: list[Message]
    people: Sequence[User]
    """Held here, for the session forgets what nobody holds."""


def load(introduction: Introduction) -> Whole:
    """Load the records of a case with its people, both listings, its history and what was said; four questions."""
    thread = select(Thread.id).where(Thread.subject_kind == KIND, Thread.subject_id == introduction.id)
    of_thread = Message.thread_id == thread.scalar_subquery()
    people = _people(introduction, of_thread)
    session.scalars(
        select(Listing).where(Listing.id.in_([introduction.need_id, introduction.result_id]))
        .options(joinedload(Listing.translations), joinedload(Listing.exclusions), joinedload(Listing.grants))
        .execution_options(populate_existing=True)
    ).unique().all()
    found = together({
        **{name: (table, table.introduction_id == introduction.id) for name, table in RECORDS.items()},
        "history": (History, History.introduction_id == introduction.id), "messages": (Message, of_thread),
    })
    for name in RECORDS:
        set_committed_value(introduction, name, sorted(found[name], key=lambda record: record.id))
    return Whole(
        sorted(found["history"], key=lambda row: row.version),
        sorted(found["messages"], key=lambda message: (message.created_at, message.id)), people,
    )


def together(tables: Mapping[str, tuple[Any, ColumnElement[bool]]]) -> dict[str, list[Any]]:
    """The rows of all these tables that fulfil their conditions, in one question. Their own relations are not
    followed."""
    kinds = union_all(*(select(literal(n, Integer).label("kind")) for n in range(len(tables)))).subquery()
    joined: Any = kinds
    for number, (table, condition) in enumerate(tables.values()):
        joined = joined.outerjoin(table, and_(kinds.c.kind == number, condition))
    found: dict[str, list[Any]] = {name: [] for name in tables}
    wanted = select(*(table for table, _ in tables.values())).select_from(joined).options(lazyload("*"))
    for row in session.execute(wanted):
        for name, entity in zip(tables, row, strict=True):
            if entity is not None:
                found[name].append(entity)
    return found


def _people(introduction: Introduction, of_thread: ColumnElement[bool]) -> Sequence[User]:
    """Everybody who is named in the case, without their memberships, of which nothing is shown."""
    named = [select(table.user_id).where(table.introduction_id == introduction.id) for table in RECORDS.values()
             if hasattr(table, "user_id")]
    named += [
        select(History.actor_id).where(History.introduction_id == introduction.id),
        select(Message.author_id).where(of_thread),
        select(Listing.contact_id).where(Listing.id.in_([introduction.need_id, introduction.result_id])),
    ]
    here = User.id.in_(union_all(*named)) | (User.id == (introduction.broker_id or 0))
    alone = lazyload(User.memberships)  # type: ignore[attr-defined]
    return session.scalars(select(User).where(here).options(alone)).all()

"""Searches that people keep: saving, renaming, looking again, letting go. The only writer of saved searches beside
hits.py and alerts.py, which move their marks."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.finding import arrivals, asking, hits
from marketplace.finding.criteria import NEWEST, Criteria
from marketplace.finding.models import Frequency, NewHit, SavedSearch
from marketplace.finding.permissions import Reader, can_save, owns
from marketplace.listings.content import tidy as typed
from marketplace.phrases import Label, Phrase, say

MOST = 50
"""Saved searches a person may have."""
FREQUENCIES = {
    Frequency.AT_ONCE: say("At once, collected over a few minutes"), Frequency.DAILY: say("Every day at 8:00"),
    Frequency.WEEKLY: say("Every Monday at 8:00"), Frequency.NEVER: say("Never; only count what is new"),
}
STALE = say("This search has been changed meanwhile, in another window perhaps. Look again, then save.")


@dataclass(frozen=True)
class Kept:
    """A saved search, as its owner sees it."""

    saved: SavedSearch
    criteria: Criteria
    is_whole: bool
    """False: it was saved by a newer release, and asks for something we do not know."""
    chips: list[tuple[Any, Any]]
    new: int


def get(actor: Reader, number: int) -> SavedSearch:
    saved = session.get(SavedSearch, number)
    if saved is None or not owns(actor, saved):
        raise NotFound
    return saved


def mine(actor: Reader) -> list[Kept]:
    """The person's searches, those with news first; what has arrived lately is looked through on the way."""
    require(can_save(actor))
    assert actor is not None
    hits.look_for(actor)
    found = session.scalars(select(SavedSearch).where(SavedSearch.owner_id == actor.id)).all()
    counts = hits.new_by_search(actor)
    kept = _kept(found, counts)
    return sorted(kept, key=lambda one: (one.new == 0, one.saved.name.casefold(), one.saved.id))


def one(actor: Reader, saved: SavedSearch) -> Kept:
    assert actor is not None
    return _kept([saved], hits.new_by_search(actor))[0]


def already(actor: Reader, criteria: Criteria) -> SavedSearch | None:
    """The person's saved search that asks the same."""
    if actor is None:
        return None
    same = SavedSearch.digest == asking.digest(asking.stored(criteria))
    return session.scalar(select(SavedSearch).where(SavedSearch.owner_id == actor.id, same))


def save(actor: Reader, criteria: Criteria, name: str, frequency: Frequency) -> SavedSearch:
    """Keep asking this. Conflict when the person does so already, Invalid when they keep too many."""
    require(can_save(actor))
    assert actor is not None
    same = already(actor, criteria)
    if same is not None:
        raise Conflict(_same(same))
    with transaction():
        many = session.scalar(select(func.count()).where(SavedSearch.owner_id == actor.id)) or 0
        if many >= MOST:
            full = say("You have {max} saved searches, the most there can be. Delete one first.", max=MOST)
            raise Invalid({"": full})
        now, question = clock.now(), asking.stored(criteria)
        saved = SavedSearch(
            owner_id=actor.id, name=_named(name), frequency=frequency, criteria=question,
            digest=asking.digest(question), feed_token=_token(), looked_until=arrivals.latest(), mails_since=now,
            seen_at=now, created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(saved)
        except IntegrityError:  # the button was pressed twice at the same moment
            raise Conflict(say("You have saved this search already.")) from None
    return saved


def change(actor: Reader, saved: SavedSearch, *, name: str, frequency: Frequency, version: int | None = None) -> None:
    require(owns(actor, saved))
    if version is not None and version != saved.version:
        raise Conflict(STALE)
    with transaction():
        if saved.frequency is Frequency.NEVER and frequency is not Frequency.NEVER:
            saved.mails_since = clock.now()
        saved.name, saved.frequency = _named(name), frequency


def remove(actor: Reader, saved: SavedSearch) -> None:
    require(owns(actor, saved))
    with transaction():
        session.delete(saved)


def renew_feed(actor: Reader, saved: SavedSearch) -> None:
    """Whoever has the old address of the feed reads it no longer."""
    require(owns(actor, saved))
    with transaction():
        saved.feed_token = _token()


def look(actor: Reader, saved: SavedSearch) -> str:
    """Its owner goes to see what it finds: the address, the newest first. What was new is not new any more."""
    require(owns(actor, saved))
    now = clock.now()
    with transaction():
        unseen = update(NewHit).where(NewHit.saved_search_id == saved.id, NewHit.seen_at.is_(None))
        session.execute(unseen.values(seen_at=now).execution_options(synchronize_session=False))
        mark = update(SavedSearch).where(SavedSearch.id == saved.id).values(seen_at=now)
        session.execute(mark.execution_options(synchronize_session=False))
    return asking.address(asking.restored(saved.criteria)[0], sort=NEWEST)


def with_feed_token(token: str) -> SavedSearch:
    """The search whose secret address this is; its owner is who reads."""
    saved = session.scalar(select(SavedSearch).where(SavedSearch.feed_token == token))
    if saved is None or not saved.owner.is_active:
        raise NotFound
    return saved


def _kept(found: Sequence[SavedSearch], counts: dict[int, int]) -> list[Kept]:
    restored = {saved.id: asking.restored(saved.criteria) for saved in found}
    slugs = [criteria.organisation for criteria, _ in restored.values() if criteria.organisation]
    names: dict[str, Label] = asking.organisations_called(slugs)
    return [
        Kept(saved, restored[saved.id][0], restored[saved.id][1], asking.in_words(restored[saved.id][0], names),
             counts.get(saved.id, 0))
        for saved in found
    ]


def _same(saved: SavedSearch) -> Phrase:
    return say("You have saved this search already, as “{name}”.", name=saved.name)


def _named(name: str) -> str:
    """One line: the name stands in mails."""
    tidy = " ".join(typed(name).split())
    if not tidy:
        raise Invalid({"name": say("This is needed.")})
    if len(tidy) > asking.LONGEST_NAME:
        raise Invalid({"name": say("At most {max} characters; this has more.", max=asking.LONGEST_NAME)})
    return tidy


def _token() -> str:
    return secrets.token_urlsafe(24)

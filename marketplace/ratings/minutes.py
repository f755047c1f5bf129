"""Minutes of an edition: drawn from what the hosts noted at the tables, put in order by an operator, sent once to
those who came."""

from __future__ import annotations

from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events import attending
from marketplace.events.models import Edition
from marketplace.events.permissions import Reader
from marketplace.messaging import service as messaging
from marketplace.phrases import in_language, say
from marketplace.ratings import talks
from marketplace.ratings.models import EditionMinutes
from marketplace.ratings.permissions import can_read_minutes, can_send_minutes, can_write_minutes
from marketplace.seating import service as seating

LONGEST = 20_000
STALE = say("Somebody else wrote these minutes meanwhile. What you entered is still here; save again if it is right.")


def of(edition: Edition) -> EditionMinutes | None:
    return session.scalar(select(EditionMinutes).where(EditionMinutes.edition_id == edition.id))


def are_read_by(actor: Reader, edition: Edition) -> bool:
    """Are there minutes that this reader may open?"""
    found = of(edition)
    return found is not None and can_read_minutes(actor, talks.came(edition), found)


def read(actor: Reader, edition: Edition) -> EditionMinutes | None:
    """NotFound for who may not read them; None while an operator has not written any."""
    found = of(edition)
    if not can_read_minutes(actor, talks.came(edition), found):
        raise NotFound
    return found


def drawn(actor: User, edition: Edition, language: str) -> str:
    """What the hosts noted, table by table, as a text to begin from."""
    require(can_write_minutes(actor))
    parts: list[str] = []
    for (turn, table), notes in groupby(seating.notes_of(actor, edition), lambda one: (one.round, one.table_number)):
        heading = say("Table {n}", n=table) if turn == 1 else say("Round {turn}, table {n}", turn=turn, n=table)
        parts.append("\n".join([in_language(heading, language), *(f"- {note.text}" for note in notes)]))
    return "\n\n".join(parts)


def write(actor: User, edition: Edition, text: str | None, version: int | None) -> EditionMinutes:
    """Keep the text; a stale version is refused."""
    require(can_write_minutes(actor))
    if not text:
        raise Invalid({"text": say("Write something first.")})
    if len(text) > LONGEST:
        raise Invalid({"text": say("At most {max} characters; this has {given}.", max=LONGEST, given=len(text))})
    try:
        with transaction():
            attending.lock(edition)
            found = of(edition)
            if (found.version if found is not None else None) != (version or None):
                raise Conflict(STALE)
            found = found or EditionMinutes(edition_id=edition.id)
            found.text, found.changed_at, found.changed_by_id = text, clock.now(), actor.id
            session.add(found)
            session.flush()
            audit.record(actor.id, "event.minutes_written", "event", edition.id)
    except StaleDataError:
        raise Conflict(STALE) from None
    return found


def send(actor: User, edition: Edition) -> int:
    """Let those who came read them, and tell each once; how many there are."""
    require(can_write_minutes(actor))
    if not can_send_minutes(actor, edition):
        raise Conflict(say("Minutes are sent once the event has begun."))
    found = of(edition)
    if found is None:
        raise Conflict(say("There are no minutes yet; write them first."))
    people = [one.user_id for one in talks.came(edition)]
    with transaction():
        attending.lock(edition)
        session.refresh(found)
        if found.sent_at is None:
            found.sent_at = clock.now()
            audit.record(actor.id, "event.minutes_sent", "event", edition.id, count=len(people))
        messaging.notify(people, say("The minutes of {event} are there to read.", event=edition),
                         f"{edition.url}/minutes", kind=messaging.Kind.EVENTS, once=f"minutes:{edition.id}")
    return len(people)

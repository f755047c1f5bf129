"""What hosts note at their tables, on a phone: each note is kept once, however often a bad network sends it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Invalid, NotFound, require
from marketplace.events.models import Edition
from marketplace.phrases import say
from marketplace.seating.models import HostNote, NoteKind
from marketplace.seating.permissions import Reader, can_seat
from marketplace.seating.reading import tables_led, tables_standing

LONGEST = 2_000


def tables_of(actor: Reader, edition: Edition) -> list[tuple[int, int]]:
    """(round, number of the table) at which this person may take notes: hosts and brokers where they sit, those who
    run the event everywhere."""
    return tables_standing(edition) if can_seat(actor) else tables_led(actor, edition)


def require_tables(actor: Reader, edition: Edition) -> list[tuple[int, int]]:
    """`tables_of`, for the page on which notes are written; NotFound for who writes none."""
    found = tables_of(actor, edition)
    if not found:
        raise NotFound
    return found


def note(actor: User, edition: Edition, number: int, text: str, once: str, *, round: int = 1,
         kind: NoteKind = NoteKind.SAID) -> HostNote:
    """Keep what was said at table `number`. `once` was made with the form; the same one again gives the same note."""
    allowed = require_tables(actor, edition)
    require((round, number) in allowed, say("You take notes at the table where you sit."))
    text = text.strip()
    if not text:
        raise Invalid({"text": say("Write down what was said.")})
    if len(text) > LONGEST:
        raise Invalid({"text": say("At most {max} characters.", max=LONGEST)})
    known = _sent_before(actor, once)
    if known is not None:
        return known
    try:
        with transaction():
            made = HostNote(edition_id=edition.id, round=round, table_number=number, author_id=actor.id, kind=kind,
                            text=text, once=once, written_at=clock.now())
            session.add(made)
            session.flush()
            audit.record(actor.id, "seating.noted", "event", edition.id, table=number, round=round)
    except IntegrityError:  # sent twice at the same moment
        known = _sent_before(actor, once)
        if known is None:
            raise
        return known
    return made


def notes_of(actor: Reader, edition: Edition) -> Sequence[HostNote]:
    """What this person may read, in its order: those who run the event all, hosts what is noted at their own tables."""
    tables = set(tables_of(actor, edition))
    if not tables:
        return []
    found = session.scalars(
        select(HostNote).where(HostNote.edition_id == edition.id)
        .order_by(HostNote.round, HostNote.table_number, HostNote.id)
    ).all()
    return [one for one in found if can_seat(actor) or (one.round, one.table_number) in tables]


def _sent_before(actor: User, once: str) -> HostNote | None:
    return session.scalar(select(HostNote).where(HostNote.author_id == actor.id, HostNote.once == once))

"""Copies of their data that people ask for: one at a time, made by the worker, fetched by nobody else, gone in time."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, NotFound
from marketplace.files.making import made, unmake
from marketplace.files.models import StoredFile
from marketplace.messaging import service as messaging
from marketplace.phrases import day_of, say
from marketplace.privacy import copying, settings
from marketplace.privacy.models import Export, ExportState
from marketplace.privacy.permissions import Reader, owns

log = logging.getLogger(__name__)
KIND = "personal export"
AGAIN = timedelta(hours=1)
"""A copy takes work; nobody needs another one sooner."""
PORTION = 500
_UNTOLD = {"synchronize_session": False}


def latest(actor: User) -> Export | None:
    """The copy they asked for last, in whatever state."""
    return session.scalar(select(Export).where(Export.user_id == actor.id).order_by(Export.id.desc()).limit(1))


def ask(actor: User) -> Export:
    """Let the worker put a copy together. Conflict while one is being made, or has just been."""
    before, now = latest(actor), clock.now()
    if before is not None and before.state is ExportState.READY and before.asked_at > now - AGAIN:
        raise Conflict(say("You have a copy that is less than an hour old. Download that one."))
    export = Export(user_id=actor.id, language=actor.language, asked_at=now)
    try:
        with transaction():
            with session.begin_nested():
                session.add(export)
            audit.record(actor.id, "export.asked", "user", actor.id)
            outbox.publish("export.requested", export.id)
    except IntegrityError:
        raise Conflict(say("A copy is being put together already. We tell you when it is ready.")) from None
    return export


def fetch(actor: Reader, number: int) -> StoredFile:
    """The file, for whose copy it is; to everybody else there is none."""
    export = session.get(Export, number)
    if export is None or not owns(actor, export) or not is_there(export):
        raise NotFound
    assert export.file is not None
    with transaction():
        export.fetched_at = export.fetched_at or clock.now()
        audit.record(export.user_id, "export.fetched", "user", export.user_id, export=export.id)
    return export.file


def is_there(export: Export) -> bool:
    return (
        export.state is ExportState.READY and export.file_id is not None
        and export.expires_at is not None and export.expires_at > clock.now()
    )


def make(ids: list[int]) -> None:
    """Handler of export.requested: the first of them; the others are promised anew, for one can take its time."""
    number, *others = sorted(ids)
    export = session.get(Export, number, populate_existing=True)
    if export is not None and export.state is ExportState.WAITING:
        _make(export)
    if others:
        with transaction():
            outbox.publish("export.requested", *others)


def _make(export: Export) -> None:
    number, person = export.id, session.get_one(User, export.user_id)
    name = f"yinqiao-{clock.today():%Y-%m-%d}.zip"
    file = made(KIND, number, name, "application/zip", lambda to: copying.write(person, to))
    now = clock.now()
    with transaction():
        # Another worker may have made it meanwhile, or the account be gone; then this one is nobody's.
        until = now + timedelta(days=settings.current().exports)
        mine = update(Export).where(Export.id == number, Export.state == ExportState.WAITING).values(
            state=ExportState.READY, ready_at=now, expires_at=until, file_id=file.id
        )
        done = session.scalar(mine.returning(Export.id).execution_options(**_UNTOLD))
        if done is not None:
            _tell(person, number, until)
    if done is None:
        unmake([file.id])
        return
    end_copies(Export.user_id == person.id, Export.id != number)
    log.info("export=%d ready bytes=%d", number, file.size)


def _tell(person: User, number: int, until: datetime) -> None:
    messaging.notify(
        [person.id], say("The copy of your data is ready. It can be downloaded until {day}.",
                         day=day_of(until.astimezone(clock.PLACE))),
        "/account/data", kind=messaging.Kind.ORGANISATION, once=f"export:{number}",
    )


def over() -> ColumnElement[bool]:
    """Copies whose time is over, and that are still there."""
    return (Export.state == ExportState.READY) & (Export.expires_at <= clock.now())


def end_copies(*which: ColumnElement[bool]) -> int:
    """Remove these copies and their bytes; how many."""
    there = *which, Export.state == ExportState.READY
    found = session.execute(select(Export.id, Export.file_id).where(*there).limit(PORTION)).all()
    if found:
        unmake([file_id for _, file_id in found if file_id is not None])
        over = update(Export).where(Export.id.in_([number for number, _ in found]))
        with transaction():
            session.execute(over.values(state=ExportState.OVER, file_id=None).execution_options(**_UNTOLD))
    return len(found)

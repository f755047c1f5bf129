"""One need told to thousands: choosing whom it goes to, and writing the mails, until all of them wait for the post."""

from __future__ import annotations

import time

from sqlalchemy import func, insert, select

from benchmarks.place import place
from marketplace import clock, config, db, outbox, subscriptions
from marketplace.accounts.models import User
from marketplace.broadcasts import sending, service
from marketplace.broadcasts.models import Choice, Subscription, What
from marketplace.db import session, transaction
from marketplace.listings.models import Kind, Listing, State
from marketplace.messaging.models import OutgoingMail
from marketplace.organisations.models import Membership, Role

READERS, LISTINGS = 5_000, 200
AIM = 10.0
"""Seconds."""
FIRST = 1_000
"""The number of the first reader."""


def measure(readers: int = READERS) -> None:
    print(f"\na need told to {readers:,} people who asked for such news (aim: queued in at most {AIM:.0f} s)")
    with place(LISTINGS, indexed=False):
        outbox.subscribe(subscriptions.table())
        need, erin = _fill(readers)
        broadcast = service.plan(erin, listing=need.ref)
        began = time.perf_counter()
        shown = service.preview(erin, broadcast)
        looked = time.perf_counter()
        chosen = service.send(erin, broadcast, broadcast.version)
        sent = time.perf_counter()
        written = _write_all(broadcast.id)
        ended = time.perf_counter()
        waiting = session.scalar(select(func.count()).select_from(OutgoingMail)) or 0
        if not readers == shown.total == chosen == written == waiting:
            raise RuntimeError(f"{readers}: {shown.total} shown, {chosen} chosen, {written} written, {waiting} wait")
        taken = ended - looked
        pace = config.Settings.broadcasts_per_minute
        print(f"  preview of {shown.total:,}          {looked - began:6.2f} s\n"
              f"  chosen and in the queue     {sent - looked:6.2f} s\n"
              f"  mails written, not paced    {ended - sent:6.2f} s   {written / (ended - sent):,.0f} a second\n"
              f"  queued in all               {taken:6.2f} s   {'reached' if taken <= AIM else 'NOT reached'}\n"
              f"  at the usual pace of {pace} a minute they leave within {written / pace:.0f} minutes", flush=True)
        db.session.remove()


def _write_all(number: int) -> int:
    """What the worker does, turn after turn, without the pace that keeps other mail from waiting."""
    written = 0
    while (some := sending.write_some(number, sending.AT_ONCE)) is not None:
        written += some
    return written


def _fill(readers: int) -> tuple[Listing, User]:
    """People of organisations, a third of whom narrowed their news; all of them want this need."""
    now = clock.now()
    need = session.scalars(select(Listing).where(Listing.kind == Kind.NEED, Listing.state == State.PUBLISHED)
                           .limit(1)).one()
    with transaction():
        session.execute(insert(User), [
            {"id": FIRST + n, "email": f"reader-{n}@investor.example", "name": f"投资经理{n:04d}", "session_number": 1,
             "language": "en" if n % 4 == 0 else "zh", "created_at": now, "confirmed_at": now, "version": 1,
             "is_broker": False, "is_operator": False} for n in range(readers)])
        session.execute(insert(Membership), [
            {"user_id": FIRST + n, "organisation_id": 1 + n % 200, "role": Role.EDITOR, "joined_at": now}
            for n in range(readers) if 1 + n % 200 != need.organisation_id])
        session.execute(insert(Subscription), [{"user_id": FIRST + n, "since": now} for n in range(readers)])
        session.execute(insert(Choice), [
            {"user_id": FIRST + n, "what": what, "code": code} for n in range(0, readers, 3)
            for what, code in ((What.FIELD, need.field), (What.SUBTYPE, need.subtype)) if code])
    erin = session.scalars(select(User).where(User.is_operator)).one()
    return need, erin

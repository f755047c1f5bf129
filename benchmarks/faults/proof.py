"""A look at a quiet marketplace: all that was acknowledged is there, nothing is there twice, nothing waits."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select

from benchmarks.faults.ledger import Ledger
from benchmarks.faults.site import PATIENCE, Site
from marketplace import outbox
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions.models import Consent, History, Interest, Introduction, Status
from marketplace.listings.models import Listing
from marketplace.messaging.kinds import KINDS, Frequency
from marketplace.messaging.models import Message, Notice, OutgoingMail
from marketplace.webhooks.models import Delivery, Fact, Outcome

AT_ONCE = [kind for kind, about in KINDS.items() if about.usual is Frequency.AT_ONCE]
SHOWN = 5


def settled() -> float | None:
    """Seconds until nothing waits any more; None when something still does after long."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        try:
            session.rollback()
            waiting = session.scalar(select(func.count()).where(Delivery.outcome == Outcome.WAITING))
            if not outbox.waiting() and not waiting:
                return time.monotonic() - began
        except Exception:  # the database is coming back
            session.remove()
        time.sleep(0.2)
    return None


def faults(site: Site, ledger: Ledger) -> Iterator[str]:
    """What is wrong, in a sentence each."""
    session.remove()
    for check in (_listings, _cases, _messages, _notices):
        yield from check(ledger)
    yield from _mails(site)
    yield from _deliveries(site)
    for command in (("search", "check"), ("audit", "verify")):
        code, said = site.command(*command)
        if code:
            yield f"yinqiao {' '.join(command)} ends with {code}: {said[-600:]}"
    session.remove()


def repeats(site: Site) -> dict[str, int]:
    """What arrived more than once under one number, which no sender can rule out who is killed before noting it."""
    mails = Counter(str(mail["Message-ID"]) for mail in list(site.mails.arrived))
    hooks = Counter(list(site.hooks.arrived))
    return {"mails": sum(mails.values()) - len(mails), "deliveries": sum(hooks.values()) - len(hooks)}


def _listings(ledger: Ledger) -> Iterator[str]:
    rows = session.execute(select(Listing.title, Listing.ref, Listing.state)).all()
    titles = Counter(row.title for row in rows)
    yield from _some("listings are there twice", (title for title, many in titles.items() if many > 1))
    found = {row.title: row.ref for row in rows}
    lost = (title for title, ref in list(ledger.listings.items()) if found.get(title) != ref)
    yield from _some("listings are lost", lost)
    states = {row.ref: row.state.value for row in rows}
    other = (f"{ref}: {states.get(ref)} instead of {state}" for ref, state in list(ledger.states.items())
             if states.get(ref) != state)
    yield from _some("listings are in another state than acknowledged", other)
    yield from _some("listings nobody asked for", (title for title in titles if title not in ledger.listings))


def _cases(ledger: Ledger) -> Iterator[str]:
    cases = {case.ref: case for case in session.scalars(select(Introduction))}
    by_id = {case.id: case for case in cases.values()}
    pairs = Counter((case.need_id, case.result_id) for case in cases.values() if case.status is not Status.CLOSED)
    yield from _some("pairs have two open introductions", (str(pair) for pair, many in pairs.items() if many > 1))
    rows = session.scalars(select(History).order_by(History.introduction_id, History.version)).all()
    made = {(by_id[row.introduction_id].ref, row.version): row.move for row in rows}
    lost = (f"{ref} version {version}: {move}" for (ref, version), move in list(ledger.moves.items())
            if made.get((ref, version)) != move)
    yield from _some("moves are lost", lost)
    asked = set(ledger.moves.values())  # others follow from them by themselves
    more = (f"{key}: {move}" for key, move in made.items() if move in asked and key not in ledger.moves)
    yield from _some("moves nobody asked for", more)
    last = {row.introduction_id: row for row in rows}
    counts = Counter(row.introduction_id for row in rows)
    wrong = (case.ref for case in cases.values() if counts[case.id] != case.version
             or last[case.id].to_stage != case.stage or last[case.id].version != case.version)
    yield from _some("introductions do not stand where their history ends", wrong)
    for record in (Interest, Consent):
        sides = Counter((row.introduction_id, row.side) for row in session.scalars(select(record)))
        twice = (str(key) for key, many in sides.items() if many > 1)
        yield from _some(f"rows of {record.__tablename__} are there twice", twice)


def _messages(ledger: Ledger) -> Iterator[str]:
    bodies = Counter(session.scalars(select(Message.body)))
    yield from _some("messages are lost", (body for body in list(ledger.messages) if not bodies[body]))
    yield from _some("messages are there twice", (body for body, many in bodies.items() if many > 1))


def _notices(ledger: Ledger) -> Iterator[str]:
    told = Counter(session.execute(select(Notice.user_id, Notice.once).where(Notice.once.is_not(None))).all())
    yield from _some("notices are there twice", (str(key) for key, many in told.items() if many > 1))
    facts = {row[1] for row in told}
    moves = session.execute(select(History.introduction_id, History.version)).all()
    untold = (f"introduction:{row[0]}:{row[1]}" for row in moves if f"introduction:{row[0]}:{row[1]}" not in facts)
    yield from _some("moves told nobody", untold)
    ids = session.scalars(select(Message.id)).all()
    yield from _some("messages told nobody", (f"message:{one}" for one in ids if f"message:{one}" not in facts))


def _mails(site: Site) -> Iterator[str]:
    rows = session.execute(select(OutgoingMail.id, OutgoingMail.sent_at, OutgoingMail.error)).all()
    yield from _some("mails were not sent", (f"{row.id}: {row.error}" for row in rows if row.sent_at is None))
    at_once = select(func.count()).select_from(Notice).join(User, User.id == Notice.user_id)
    expected = session.scalar(at_once.where(Notice.kind.in_(AT_ONCE))) or 0
    if len(rows) != expected:
        yield f"{expected} notices are mailed at once, and there are {len(rows)} mails"
    arrived = {str(mail["Message-ID"]).partition("-")[2].partition("-")[0] for mail in list(site.mails.arrived)}
    yield from _some("mails never arrived", (str(row.id) for row in rows if str(row.id) not in arrived))


def _deliveries(site: Site) -> Iterator[str]:
    rows = session.execute(select(Delivery.number, Delivery.outcome, Delivery.fact)).all()
    yield from _some("deliveries went wrong", (row.number for row in rows if row.outcome is not Outcome.DELIVERED))
    arrived = set(site.hooks.arrived)
    yield from _some("deliveries never arrived", (row.number for row in rows if row.number not in arrived))
    moves = session.scalar(select(func.count()).select_from(History)) or 0
    told = sum(row.fact is Fact.INTRODUCTION_MOVED for row in rows)
    if told != moves:
        yield f"{moves} moves were made and {told} told to receivers"


def _some(what: str, found: Iterator[str]) -> Iterator[str]:
    every = list(found)
    if every:
        yield f"{len(every)} {what}: {', '.join(every[:SHOWN])}{' …' if len(every) > SHOWN else ''}"

"""What waits is sent: each address has a queue of its own, which one worker's thread at a time works off.

A receiver that is slow, or away, holds up nobody else: threads of their own wait for receivers, a few in all, and an
address that failed rests before it is tried again. A worker that dies leaves a claim that runs out; what it had sent
without noting so is sent once more under the same number.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Select, and_, exists, func, or_, select, update
from sqlalchemy.exc import DBAPIError

from marketplace import clock, secrets_kept
from marketplace.accounts import service as accounts
from marketplace.db import is_away, session, transaction
from marketplace.messaging import service as messaging
from marketplace.organisations import members
from marketplace.organisations.models import Organisation
from marketplace.organisations.models import State as OrganisationState
from marketplace.phrases import say
from marketplace.webhooks import calling, receivers, signing
from marketplace.webhooks.calling import Answer
from marketplace.webhooks.models import Because, Delivery, Endpoint, Outcome, Problem, Standing

log = logging.getLogger(__name__)
MOST_AT_ONCE = 8
"""Receivers that one worker waits for at a time."""
MOST_IN_A_ROW = 100
"""Deliveries to one address before the next address has its turn."""
LEASE = timedelta(minutes=2)
"""Renewed before each delivery, which takes ten seconds and the time to look up a name."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
PATIENCE = timedelta(days=7)
"""A delivery is tried this long; an address of which none got through this long is switched off."""
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between tries to write down what came of a delivery while the database is away."""
DOWN = 3
"""Failures in a row after which an address has been away: when it is back, all that waits is sent."""
_CORE = {"synchronize_session": False}


@dataclass(frozen=True)
class Claim:
    endpoint_id: int
    mark: str


@dataclass(frozen=True)
class Job:
    delivery_id: int
    number: str
    fact: str
    url: str
    body: bytes
    secrets: tuple[str, ...] | None
    """None: they cannot be read."""


class Senders:
    """The threads of this process that wait for receivers."""

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def wake(self) -> None:
        """See to it that what is due is being sent; returns at once."""
        waiting = count_due(MOST_AT_ONCE)
        with self._lock:
            self._threads = {thread for thread in self._threads if thread.is_alive()}
            for _ in range(min(waiting, MOST_AT_ONCE - len(self._threads))):
                if not self.stopping.is_set():
                    thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                    self._threads.add(thread)
                    thread.start()

    def stop(self) -> None:
        """Let what is being sent be finished."""
        self.stopping.set()
        for thread in tuple(self._threads):
            thread.join(calling.LONGEST + 2)

    def _run(self) -> None:
        try:
            send_due(self.stopping)
        except Exception:
            log.exception("webhooks could not be sent; they are tried again")
        finally:
            session.remove()


_senders = Senders()
_ours: set[str] = set()
"""The marks of the claims that threads of this process hold."""


def wake(_: Collection[int] = ()) -> None:
    """Something may be due: called after a fact, and every few seconds for what has waited."""
    _senders.wake()


def stop() -> None:
    """The process ends."""
    _senders.stop()


def release_claims() -> None:
    """Give back what a dead worker was sending to. Only for a worker that is known to be alone; its own threads go
    on with theirs."""
    with transaction():
        held = update(Endpoint).where(Endpoint.claim.is_not(None), Endpoint.claim.not_in(_ours))
        session.execute(held.values(claim=None, claimed_until=None).execution_options(**_CORE))


def send_due(stopping: threading.Event | None = None) -> int:
    """Send, in this thread, until nothing is due that nobody else is sending; returns how many tries there were."""
    tries = 0
    while (stopping is None or not stopping.is_set()) and (claim := _claim()) is not None:
        _ours.add(claim.mark)
        try:
            tries += _work_off(claim, stopping)
            _release(claim)
        finally:
            _ours.discard(claim.mark)
    return tries


def _work_off(claim: Claim, stopping: threading.Event | None) -> int:
    for tries in range(MOST_IN_A_ROW):
        job = None if stopping is not None and stopping.is_set() else _next(claim)
        if job is None:
            return tries
        answer = _send(job)
        if not _noted(claim, job, answer):
            return tries + 1
    return MOST_IN_A_ROW


def count_due(limit: int) -> int:
    """How many addresses have something to be sent now, up to a limit."""
    found = len(session.scalars(_ready(clock.now()).limit(limit)).all())
    session.rollback()
    return found


def _ready(now: datetime) -> Select[int]:
    due = exists().where(Delivery.endpoint_id == Endpoint.id, Delivery.outcome == Outcome.WAITING,
                         Delivery.due_at <= now)
    known = exists().where(Organisation.id == Endpoint.organisation_id,
                           Organisation.state == OrganisationState.VERIFIED)
    return select(Endpoint.id).where(
        Endpoint.standing == Standing.ACTIVE, due, or_(Endpoint.organisation_id.is_(None), known),
        or_(Endpoint.rests_until.is_(None), Endpoint.rests_until <= now),
        or_(Endpoint.claimed_until.is_(None), Endpoint.claimed_until <= now),
    ).order_by(Endpoint.claimed_until.nulls_first(), Endpoint.id)


def _claim() -> Claim | None:
    """An address with something due that nobody sends to now."""
    now, mark = clock.now(), uuid4().hex
    if not count_due(1):  # looking takes no lock
        return None
    with transaction():
        chosen = session.scalar(_ready(now).limit(1).with_for_update(skip_locked=True, of=Endpoint))
        if chosen is None:
            return None
        _mark(chosen, claim=mark, claimed_until=now + LEASE)
    return Claim(chosen, mark)


def _next(claim: Claim) -> Job | None:
    """The next delivery of the address, as long as it is still ours and still wants any."""
    now = clock.now()
    with transaction():
        ours = (Endpoint.id == claim.endpoint_id, Endpoint.claim == claim.mark, Endpoint.standing == Standing.ACTIVE)
        renewed = update(Endpoint).where(*ours).values(claimed_until=now + LEASE).returning(Endpoint.id)
        if session.scalar(renewed.execution_options(**_CORE)) is None:
            return None
        row = session.scalar(select(Delivery).where(
            Delivery.endpoint_id == claim.endpoint_id, Delivery.outcome == Outcome.WAITING, Delivery.due_at <= now
        ).order_by(Delivery.due_at, Delivery.id).limit(1))
        if row is None:
            return None
        endpoint = session.get_one(Endpoint, claim.endpoint_id, populate_existing=True)
        try:
            secrets = tuple(signing.secrets_of(endpoint))
        except secrets_kept.Unreadable as error:
            log.error("webhook=%d %s", endpoint.id, error)
            secrets = None
        return Job(row.id, row.number, row.fact, endpoint.url, row.body.encode(), secrets)


def _send(job: Job) -> Answer:
    """In no transaction: no connection to the database is held while a receiver thinks."""
    if job.secrets is None:
        return Answer(0, Problem.SECRET)
    now = clock.now()
    headers = {
        "Yinqiao-Delivery": job.number, "Yinqiao-Fact": job.fact,
        signing.HEADER: signing.signature(job.secrets, now, job.body),
    }
    return calling.post(receivers.read(job.url), headers, job.body)


def _noted(claim: Claim, job: Job, answer: Answer) -> bool:
    """Write it down, as soon as the database can be reached: what has arrived should not be sent again."""
    for pause in PAUSES:
        try:
            return _note(claim, job, answer)
        except DBAPIError as problem:
            if not is_away(problem):
                raise
            session.rollback()
            time.sleep(pause)
    return _note(claim, job, answer)


def _note(claim: Claim, job: Job, answer: Answer) -> bool:
    """Write down what came of it; returns whether the next one may be sent."""
    now = clock.now()
    with transaction():
        endpoint = session.get(Endpoint, claim.endpoint_id, populate_existing=True, with_for_update=True)
        row = session.get(Delivery, job.delivery_id, populate_existing=True)
        if endpoint is None or row is None:  # deleted meanwhile
            return False
        row.attempts, row.tried_at, row.milliseconds = row.attempts + 1, now, answer.milliseconds
        row.status, row.answer, row.problem = answer.status, answer.text, answer.problem
        if answer.problem is None:
            row.outcome = Outcome.DELIVERED
            if endpoint.failures >= DOWN:
                _hurry(endpoint.id, now)
            _mark(endpoint.id, failures=0, failing_since=None, rests_until=None)
            return endpoint.claim == claim.mark
        log.info("webhook=%d delivery=%s attempt=%d problem=%s status=%s", endpoint.id, row.number, row.attempts,
                 answer.problem, answer.status)
        failures, since = endpoint.failures + 1, endpoint.failing_since or now
        _mark(endpoint.id, failures=failures, failing_since=since, rests_until=now + _wait(failures))
        row.due_at = now + _wait(row.attempts)
        if now - row.created_at >= PATIENCE:
            row.outcome = Outcome.GIVEN_UP
        because = Because.GONE if answer.status == 410 else Because.FAILING if now - since >= PATIENCE else None
        if because is not None and endpoint.standing is Standing.ACTIVE:
            _switch_off(endpoint, because)
        return False


def _switch_off(endpoint: Endpoint, because: Because) -> None:
    """Its administrators hear of it; what waits is not sent any more, and can be sent again from the log."""
    session.flush()
    _mark(endpoint.id, standing=Standing.DISABLED, disabled_because=because, version=Endpoint.version + 1)
    waiting = (Delivery.endpoint_id == endpoint.id, Delivery.outcome == Outcome.WAITING)
    given_up = {"outcome": Outcome.GIVEN_UP, "problem": func.coalesce(Delivery.problem, Problem.SWITCHED_OFF)}
    session.execute(update(Delivery).where(*waiting).values(given_up).execution_options(**_CORE))
    log.warning("webhook=%d switched off: %s", endpoint.id, because)
    owner, host = endpoint.organisation, receivers.read(endpoint.url).host
    people = accounts.operators() if owner is None else members.admin_ids(owner.id)
    page = "/operator/webhooks" if owner is None else f"/organisations/{owner.slug}/webhooks"
    phrase = {
        Because.FAILING: say("Your webhook to {host} has been switched off: nothing got through for a week. Put it "
                             "right there, then switch it on again.", host=host),
        Because.GONE: say("Your webhook to {host} has been switched off: the receiver answered that it is gone (410).",
                          host=host),
    }[because]
    once = f"webhook:{endpoint.id}:{int(clock.now().timestamp())}"
    messaging.notify(people, phrase, f"{page}/{endpoint.id}", kind=messaging.Kind.ORGANISATION, once=once)
    if owner is not None:
        messaging.notify_mailbox(owner, phrase, f"{page}/{endpoint.id}", once=once)


def _release(claim: Claim) -> None:
    with transaction():
        ours = update(Endpoint).where(Endpoint.id == claim.endpoint_id, Endpoint.claim == claim.mark)
        session.execute(ours.values(claim=None, claimed_until=clock.now()).execution_options(**_CORE))


def _mark(endpoint_id: int, **values: object) -> None:
    """The state of sending is no change of what its administrators have set: the version stays."""
    session.execute(update(Endpoint).where(Endpoint.id == endpoint_id).values(**values).execution_options(**_CORE))


def take_up() -> int:
    """After the clock was set back: what would wait longer than anything waits is due now; returns how many were. An
    address in hand is its sender's for no longer than a lease from now. Run by the clock."""
    now = clock.now()
    soon, late = now + clock.LEEWAY, now + LONGEST_WAIT
    waits = or_(Delivery.due_at > late, and_(Delivery.attempts <= 1, Delivery.due_at > soon))
    rests = or_(Endpoint.rests_until > late, and_(Endpoint.failures <= 1, Endpoint.rests_until > soon))
    with transaction():
        due = update(Delivery).where(Delivery.outcome == Outcome.WAITING, waits).values(due_at=now)
        taken_up = len(session.execute(due.returning(Delivery.id).execution_options(**_CORE)).all())
        session.execute(update(Endpoint).where(rests).values(rests_until=None).execution_options(**_CORE))
        held = update(Endpoint).where(Endpoint.claimed_until > now + LEASE).values(claimed_until=now + LEASE)
        session.execute(held.execution_options(**_CORE))
    return taken_up


def _hurry(endpoint_id: int, now: datetime) -> None:
    waiting = (Delivery.endpoint_id == endpoint_id, Delivery.outcome == Outcome.WAITING, Delivery.due_at > now)
    session.execute(update(Delivery).where(*waiting).values(due_at=now).execution_options(**_CORE))


def _wait(failures: int) -> timedelta:
    doubled: int = 2 ** min(failures - 1, 12)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)

"""What people do with webhooks. With its parts (facts, queueing, sending) the only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations import service as organisations
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say
from marketplace.webhooks import queueing, receivers, signing
from marketplace.webhooks.models import Delivery, Endpoint, Fact, Outcome, Standing
from marketplace.webhooks.permissions import can_begin, can_look_after

MOST = 10
"""Addresses of one organisation."""
FORMER_FOR = timedelta(days=1)
"""How long the former secret signs beside a new one."""
KEPT = timedelta(days=30)
MOST_TESTS, TESTS_IN = 10, timedelta(hours=1)


def owner(actor: Reader, slug: str | None) -> Organisation | None:
    """Whose webhooks these are, for those who look after them; without a slug the platform's (None)."""
    organisation = None if slug is None else organisations.get(actor, slug)
    require(can_look_after(actor, organisation), say("Only administrators look after webhooks."))
    return organisation


def endpoints(actor: Reader, organisation: Organisation | None) -> Sequence[Endpoint]:
    """Its addresses, in the order in which they were registered."""
    require(can_look_after(actor, organisation))
    return session.scalars(select(Endpoint).where(_of(organisation)).order_by(Endpoint.id)).all()


def get(actor: Reader, organisation: Organisation | None, endpoint_id: int) -> Endpoint:
    """One of its addresses; NotFound when it is another's."""
    require(can_look_after(actor, organisation))
    found = session.scalar(select(Endpoint).where(Endpoint.id == endpoint_id, _of(organisation)))
    if found is None:
        raise NotFound
    return found


def register(
    actor: User, organisation: Organisation | None, url: str, facts: Collection[str]
) -> tuple[Endpoint, str]:
    """Tell an address of these facts from now on; returns it with its secret, which is shown this once."""
    require(can_look_after(actor, organisation))
    if not can_begin(organisation):
        raise Conflict(say("Webhooks begin once the organisation has been verified."))
    receiver, secret, now = receivers.checked(url), signing.new_secret(), clock.now()
    with transaction():
        if (session.scalar(select(func.count()).select_from(Endpoint).where(_of(organisation))) or 0) >= MOST:
            raise Conflict(say("{max} addresses are as many as there can be. Delete one first.", max=MOST))
        endpoint = Endpoint(
            organisation=organisation, url=receiver.url, facts=_in_order(facts), secret=signing.sealed(secret),
            listens_since=now, created_at=now, created_by_id=actor.id,
        )
        _save(endpoint)
        _record(actor, "registered", endpoint)
    return endpoint, secret


def change(
    actor: User, endpoint: Endpoint, *, version: int | None = None, url: str | None = None,
    facts: Collection[str] | None = None,
) -> None:
    """Another address, or other facts; `version` is the one the writer saw."""
    require(can_look_after(actor, endpoint.organisation))
    if version is not None and version != endpoint.version:
        raise Conflict(say("Somebody else changed it while you were writing. What you wrote is still here: compare it "
                           "with the page as it is now, then save again."))
    receiver = receivers.checked(url) if url is not None and url != endpoint.url else None
    with transaction():
        if receiver is not None:
            endpoint.url = receiver.url
        if facts is not None:
            endpoint.facts = _in_order(facts)
        _save(endpoint)
        _record(actor, "changed", endpoint)


def rotate(actor: User, endpoint: Endpoint) -> str:
    """A new secret, shown this once; the former one signs beside it for a day, so that nothing is lost meanwhile."""
    require(can_look_after(actor, endpoint.organisation))
    secret = signing.new_secret()
    with transaction():
        endpoint.former_secret, endpoint.former_until = endpoint.secret, clock.now() + FORMER_FOR
        endpoint.secret = signing.sealed(secret)
        _record(actor, "secret_renewed", endpoint)
    return secret


def former_until(endpoint: Endpoint) -> datetime | None:
    """Until when the former secret signs as well; None when it does not any more."""
    until = endpoint.former_until
    return until if until is not None and until > clock.now() else None


def pause(actor: User, endpoint: Endpoint) -> None:
    """Send nothing for now: what waits goes on waiting, what happens meanwhile is not noted."""
    require(can_look_after(actor, endpoint.organisation))
    if endpoint.standing is not Standing.ACTIVE:
        raise Conflict(say("It is not switched on."))
    with transaction():
        endpoint.standing = Standing.PAUSED
        _record(actor, "paused", endpoint)


def resume(actor: User, endpoint: Endpoint) -> None:
    """Switch it on again, after a pause or after we switched it off: what happens from now on is told."""
    require(can_look_after(actor, endpoint.organisation))
    if endpoint.standing is Standing.ACTIVE:
        raise Conflict(say("It is switched on."))
    with transaction():
        endpoint.standing, endpoint.disabled_because, endpoint.listens_since = Standing.ACTIVE, None, clock.now()
        endpoint.failures, endpoint.failing_since, endpoint.rests_until = 0, None, None
        _record(actor, "resumed", endpoint)
        queueing.look_again(endpoint)


def remove(actor: User, endpoint: Endpoint) -> None:
    """Delete it, with its log."""
    require(can_look_after(actor, endpoint.organisation))
    with transaction():
        _record(actor, "deleted", endpoint)
        session.execute(delete(Delivery).where(Delivery.endpoint_id == endpoint.id))
        session.delete(endpoint)


def send_test(actor: User, endpoint: Endpoint) -> Delivery:
    """Put a delivery that says nothing into the queue; the log shows what came of it. Not too many: whoever stands
    behind an address has not asked us for them."""
    require(can_look_after(actor, endpoint.organisation))
    _require_active(endpoint)
    with transaction():
        recent = (Delivery.endpoint_id == endpoint.id, Delivery.fact == Fact.TEST,
                  Delivery.created_at > clock.now() - TESTS_IN)
        if (session.scalar(select(func.count()).select_from(Delivery).where(*recent)) or 0) >= MOST_TESTS:
            raise Conflict(say("{max} tests an hour are enough. Try again later.", max=MOST_TESTS))
        row = queueing.test_of(endpoint)
        queueing.add([row])
        _record(actor, "tested", endpoint)
    return session.scalars(select(Delivery).where(Delivery.number == row["number"])).one()


def deliveries(
    actor: Reader, endpoint: Endpoint, outcome: Outcome | None = None, *, page: int = 1, size: int = 30
) -> tuple[Sequence[Delivery], int]:
    """(one page of its log, the newest first; how many there are)."""
    require(can_look_after(actor, endpoint.organisation))
    wanted = [Delivery.endpoint_id == endpoint.id] + ([Delivery.outcome == outcome] if outcome else [])
    total = session.scalar(select(func.count()).select_from(Delivery).where(*wanted)) or 0
    newest = select(Delivery).where(*wanted).order_by(Delivery.id.desc())
    return session.scalars(newest.limit(size).offset((page - 1) * size)).all(), total


def delivery(actor: Reader, endpoint: Endpoint, number: str) -> Delivery:
    """One of its log; NotFound when it is another's."""
    require(can_look_after(actor, endpoint.organisation))
    this = Delivery.number == number[:32], Delivery.endpoint_id == endpoint.id
    found = session.scalar(select(Delivery).where(*this))
    if found is None:
        raise NotFound
    return found


def redeliver(actor: User, row: Delivery) -> None:
    """Send it once more, under the same number."""
    require(can_look_after(actor, row.endpoint.organisation))
    _require_active(row.endpoint)
    if row.outcome is Outcome.WAITING and row.due_at <= clock.now():
        raise Conflict(say("It is about to be sent."))
    with transaction():
        row.outcome, row.due_at = Outcome.WAITING, clock.now()
        queueing.look_again(row.endpoint)
        _record(actor, "redelivered", row.endpoint)


def forget_old() -> int:
    """Delete what is older than the log goes back."""
    with transaction():
        old = delete(Delivery).where(Delivery.created_at < clock.now() - KEPT)
        gone = session.execute(old.execution_options(synchronize_session=False))
    return gone.rowcount  # type: ignore[attr-defined,no-any-return]


def _of(organisation: Organisation | None) -> ColumnElement[bool]:
    return Endpoint.organisation_id == organisation.id if organisation else Endpoint.organisation_id.is_(None)


def _in_order(facts: Collection[str]) -> list[str]:
    if not facts:
        raise Invalid({"facts": say("Choose at least one.")})
    return [fact.value for fact in Fact if fact in facts and fact is not Fact.TEST]


def _require_active(endpoint: Endpoint) -> None:
    if endpoint.standing is not Standing.ACTIVE:
        raise Conflict(say("Switch the address on first; nothing is sent to it now."))


def _save(endpoint: Endpoint) -> None:
    try:
        with session.begin_nested():
            session.add(endpoint)
            session.flush()
    except IntegrityError:
        raise Invalid({"url": say("This address is registered already.")}) from None


def _record(actor: User, act: str, endpoint: Endpoint) -> None:
    session.flush()
    audit.record(actor.id, f"webhook.{act}", "webhook", endpoint.id, organisation=endpoint.organisation_id)

"""What each broker sourced, qualified, introduced and closed, from the history and the contracts alone.

A fact counts on the day it took effect, once a case, for the broker who held the case then: whoever made the last move
that only its broker makes. Read-only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, union, union_all
from sqlalchemy.orm import aliased

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.contracts.permissions import can_see_ledger_of, can_use_ledger
from marketplace.db import session
from marketplace.errors import Invalid, NotFound
from marketplace.introductions.due import end_of, start_of
from marketplace.introductions.lists import LISTED
from marketplace.introductions.models import CloseReason, Contract, History, Introduction, Stage
from marketplace.phrases import Label, day_of, say


class What(StrEnum):
    """The columns, in the order of the pipeline."""

    SOURCED = "sourced"
    QUALIFIED = "qualified"
    INTRODUCED = "introduced"
    SIGNED = "signed"
    IMPLEMENTED = "implemented"
    DECLINED = "declined"


WHAT = {
    What.SOURCED: Label("发起", "Sourced"),
    What.QUALIFIED: Label("受理", "Qualified"),
    What.INTRODUCED: Label("对接", "Introduced"),
    What.SIGNED: Label("签约", "Signed"),
    What.IMPLEMENTED: Label("落地", "Implemented"),
    What.DECLINED: Label("未成结案", "Closed with a no"),
}
MEANS = {
    What.SOURCED: say("pairs the broker suggested to both sides"),
    What.QUALIFIED: say("cases examined and taken on"),
    What.INTRODUCED: say("both sides consented and met by name"),
    What.SIGNED: say("contracts executed"),
    What.IMPLEMENTED: say("the technology is in use, confirmed by both"),
    What.DECLINED: say("closed for any reason but “completed”, and not reopened"),
}
_REACHED = {What.QUALIFIED: Stage.QUALIFIED, What.INTRODUCED: Stage.INTRODUCED, What.SIGNED: Stage.SIGNED,
            What.IMPLEMENTED: Stage.IMPLEMENTED}
_GIVEN_ON = ("assign", "hand_over")
"""Who has the case after these, its next moves tell, and until then who has it today."""


@dataclass(frozen=True)
class Period:
    since: date | None
    until: date | None
    """The last day."""

    def holds(self, at: Any) -> list[ColumnElement[bool]]:
        found = [] if self.since is None else [at >= start_of(self.since)]
        return found if self.until is None else [*found, at < end_of(self.until)]


@dataclass
class Account:
    """One broker's line."""

    broker: User
    counts: dict[What, int] = field(default_factory=lambda: dict.fromkeys(What, 0))
    amounts: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    """Currency -> (contract amount, technology amount) of the contracts signed, as far as they disclose it."""
    undisclosed: int = 0
    """Contracts signed whose amount the parties keep to themselves."""


def this_year() -> Period:
    today = clock.today()
    return Period(date(today.year, 1, 1), today)


def period(since: date | None, until: date | None) -> Period:
    """Both ends count; without any it is this year so far. Raises Invalid when it ends before it begins."""
    if since is None and until is None:
        return this_year()
    if since is not None and until is not None and until < since:
        raise Invalid({"to": say("{until} lies before {since}. Swap the two days.", until=day_of(until),
                                 since=day_of(since))})
    return Period(since, until)


def accounts(actor: User, within: Period, broker: User | None = None) -> list[Account]:
    """A line for every broker with something to count (for a broker: their own, whatever stands there)."""
    only = _whose(actor, broker)
    events = union_all(*(_of(what, within, only) for what in What)).subquery()
    counted = select(events.c.holder, events.c.what, func.count()).group_by(events.c.holder, events.c.what)
    counts = session.execute(counted).all()
    sums = session.execute(_amounts(_of(What.SIGNED, within, only).subquery())).all()
    named = {only.id} if only is not None else {row[0] for row in counts}
    people = session.scalars(select(User).where(User.id.in_(named)).order_by(User.name, User.id)).all()
    found = {person.id: Account(person) for person in people}
    for holder, what, many in counts:
        if holder in found:
            found[holder].counts[What(what)] = many
    for holder, currency, many, amount, technology in sums:
        if holder not in found:
            continue
        if currency is None:
            found[holder].undisclosed = many
        else:
            found[holder].amounts[currency] = (amount or Decimal(0), technology or Decimal(0))
    return list(found.values())


def note_export(actor: User, broker: User | None) -> None:
    """Record that somebody takes the ledger away as a file."""
    audit.record(actor.id, "ledger.exported", "user", actor.id, broker=broker.id if broker is not None else None)


def total(lines: Sequence[Account]) -> Account:
    """All lines in one."""
    whole = Account(User(name="", email=""))
    for line in lines:
        for what, many in line.counts.items():
            whole.counts[what] += many
        for currency, (amount, technology) in line.amounts.items():
            before = whole.amounts.get(currency, (Decimal(0), Decimal(0)))
            whole.amounts[currency] = (before[0] + amount, before[1] + technology)
        whole.undisclosed += line.undisclosed
    return whole


def cases(
    actor: User, what: What, within: Period, broker: User | None, page: int, size: int
) -> tuple[list[tuple[Introduction, Any]], int]:
    """(one page of the cases behind a number, each with the moment it counted, the latest first; how many)."""
    only = _whose(actor, broker)
    events = _of(what, within, only).subquery()
    chosen = select(events.c.introduction_id, events.c.at)
    chosen = chosen.where(events.c.holder.is_not(None) if only is None else events.c.holder == only.id)
    many = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    ordered = chosen.order_by(events.c.at.desc(), events.c.introduction_id.desc())
    rows = session.execute(ordered.limit(size).offset((page - 1) * size)).all()
    these = select(Introduction).where(Introduction.id.in_([row[0] for row in rows])).options(*LISTED)
    by_id = {one.id: one for one in session.scalars(these)}
    return [(by_id[number], at) for number, at in rows], many


def broker_named(actor: User, number: int | None) -> User | None:
    """The broker an address names; NotFound for what is no broker's, or not for this reader to see."""
    if number is None:
        return None
    found = session.get(User, number)
    if found is None or not can_see_ledger_of(actor, found):
        raise NotFound
    return found


def _whose(actor: User, broker: User | None) -> User | None:
    """Whose lines the reader gets: None for everybody's."""
    if not can_use_ledger(actor):
        raise NotFound
    if broker is not None:
        if not can_see_ledger_of(actor, broker):
            raise NotFound
        return broker
    return None if actor.is_operator else actor


def _of(what: What, within: Period, only: User | None) -> Any:
    """(what, case, who held it, when) of each thing that counts in the period; with `only`, of the cases that this
    broker ever touched or has now."""
    columns = (literal(what.value).label("what"), History.introduction_id, _holder().label("holder"),
               History.effective_at.label("at"))
    facts: Any = select(*columns).where(*within.holds(History.effective_at))
    if only is not None:
        touched = select(History.introduction_id).where(History.actor_id == only.id)
        has = select(Introduction.id).where(Introduction.broker_id == only.id)
        facts = facts.where(History.introduction_id.in_(union(touched, has)))
    if what is What.SOURCED:
        by_broker = and_(History.actor_id.is_not(None), History.side.is_(None))
        first = and_(History.move == "suggest", History.version == 1)
        return facts.where(by_broker, History.move.in_(("propose", "suggest")), or_(History.move == "propose", first))
    if what is What.DECLINED:
        for_good = or_(*_unless_ever("reopen", lambda other: and_(
            other.version > History.version, other.move == "reopen"
        )))
        return facts.where(History.move == "close", History.reason.is_distinct_from(CloseReason.COMPLETED), for_good)
    stage = _REACHED[what]
    first = or_(*_unless_ever("back", lambda other: and_(
        other.version < History.version, other.to_stage == stage, other.from_stage < stage
    )))
    return facts.where(History.to_stage == stage, History.from_stage < stage, first)


def _unless_ever(move: str, same: Callable[[Any], ColumnElement[bool]]) -> tuple[ColumnElement[bool], ...]:
    """Counts if the case never made that move, or if no other row of it is the same; few cases are looked into."""
    ever, other = aliased(History), aliased(History)
    twice = select(other.id).where(other.introduction_id == History.introduction_id, same(other)).correlate(History)
    return History.introduction_id.not_in(select(ever.introduction_id).where(ever.move == move)), ~twice.exists()


def _holder() -> ColumnElement[int | None]:
    """Who held the case when the move was made: its maker, if that was no side and not the system; else who made the
    last such move before, unless they gave the case on by it; else its broker of today. Of a case that nobody gave on
    that is its broker of today at once, which is most of them."""
    def is_a_brokers(row: Any) -> ColumnElement[bool]:
        return and_(row.actor_id.is_not(None), row.side.is_(None))

    before, given = aliased(History), aliased(History)
    last = (
        select(case((before.move.in_(_GIVEN_ON), None), else_=before.actor_id))
        .where(before.introduction_id == History.introduction_id, before.version < History.version,
               is_a_brokers(before))
        .order_by(before.version.desc()).limit(1).correlate(History).scalar_subquery()
    )
    today = (
        select(Introduction.broker_id).where(Introduction.id == History.introduction_id).correlate(History)
        .scalar_subquery()
    )
    given_on = select(given.introduction_id).where(given.move.in_(_GIVEN_ON))
    return case(
        (is_a_brokers(History), History.actor_id), (History.introduction_id.not_in(given_on), today),
        else_=func.coalesce(last, today),
    )


def _amounts(signed: Any) -> Select[Any]:
    """(who, currency, contracts, amount, technology amount) of the contracts signed; currency None: undisclosed. What
    a contract keeps to itself is no part of any sum, not even its technology amount."""
    latest = (
        select(func.max(Contract.id)).where(Contract.introduction_id == signed.c.introduction_id)
        .correlate(signed).scalar_subquery()
    )
    currency = case((Contract.amount.is_not(None), Contract.currency), else_=None).label("currency")
    technology = case((Contract.amount.is_not(None), Contract.technology_amount), else_=None)
    return (
        select(signed.c.holder, currency, func.count(), func.sum(Contract.amount), func.sum(technology))
        .join(Contract, Contract.id == latest).group_by(signed.c.holder, currency)
    )

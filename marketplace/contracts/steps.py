"""Milestones and payments of a contract: planned, done, overdue, cancelled. The only writer of its table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.exc import StaleDataError

from marketplace import audit, clock, outbox, workdays
from marketplace.accounts.models import User
from marketplace.contracts.models import Step, StepKind, StepState
from marketplace.contracts.permissions import can_edit
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions import telling
from marketplace.introductions.models import CloseReason, Introduction, Side, Stage, Status
from marketplace.introductions.permissions import can_see
from marketplace.listings.models import Listing
from marketplace.listings.vocabulary import CURRENCIES
from marketplace.messaging.kinds import Kind
from marketplace.phrases import Phrase, day_of, say

LONGEST_TITLE, LONGEST_NOTE = 200, 2_000
MOST_STEPS = 60
DOUBLE_CLICK = timedelta(seconds=5)
FURTHEST = timedelta(days=30 * 366)
NEEDED = say("This is needed.")
STALE = say("Somebody else changed this meanwhile. What you entered is still here; look at what stands there now, and "
            "save again if it is right.")
NOT_YOURS = say("Those who write for one of the two sides, the broker of the case and operators keep the steps of its "
                "contract.")
AT_ONCE = 200


@dataclass(frozen=True)
class Sums:
    """The payments in the contract's currency, beside its amount."""

    currency: str
    contract: Decimal | None
    """None while it is undisclosed."""
    planned: Decimal
    paid: Decimal
    others: int
    """Payments in other currencies, which are not added up."""

    @property
    def whole(self) -> Decimal:
        return max(self.contract or Decimal(0), self.planned, self.paid)

    @property
    def unplanned(self) -> Decimal:
        """What of the contract amount no payment is planned for; less than nothing when more is planned than agreed."""
        return Decimal(0) if self.contract is None else self.contract - self.planned


@dataclass(frozen=True)
class Late:
    """A step that should have been done by now."""

    ref: str
    title: str
    kind: StepKind
    planned_on: date
    need: str
    result: str


def every(actor: User, introduction: Introduction) -> Sequence[Step]:
    """The steps of the contract, by planned day."""
    if not can_see(actor, introduction) or not introduction.contracts:
        raise NotFound
    return of(introduction)


def of(introduction: Introduction) -> Sequence[Step]:
    this = select(Step).where(Step.introduction_id == introduction.id)
    return session.scalars(this.order_by(Step.planned_on, Step.id)).all()


def one(actor: User, introduction: Introduction, number: int) -> Step:
    step = session.get(Step, number)
    if step is None or step.introduction_id != introduction.id or not can_see(actor, introduction):
        raise NotFound
    return step


def plan(actor: User, introduction: Introduction, given: Mapping[str, Any]) -> Step:
    """Add a milestone or a payment."""
    _require_edit(actor, introduction)
    checked = _checked(introduction, given)
    with transaction():
        session.execute(select(Introduction.id).where(Introduction.id == introduction.id).with_for_update())
        just_planned = select(Step).filter_by(introduction_id=introduction.id, changed_by_id=actor.id, **checked)
        before = session.scalars(just_planned.where(Step.created_at > clock.now() - DOUBLE_CLICK)).first()
        if before is not None:
            return before
        count = session.scalar(select(func.count()).where(Step.introduction_id == introduction.id)) or 0
        if count >= MOST_STEPS:
            raise Conflict(say("A contract has at most {max} steps here. Put small ones together.", max=MOST_STEPS))
        step = Step(introduction_id=introduction.id, created_at=clock.now(), **_stamp(actor), **checked)
        session.add(step)
        session.flush()
        _settle(actor, introduction, step, "planned", was_done=False)
    return step


def change(actor: User, step: Step, given: Mapping[str, Any], *, version: int | None) -> Step:
    """Put other values in the place of the step's, all of them: what is left out becomes empty."""
    introduction = step.introduction
    _require_edit(actor, introduction)
    if step.cancelled_at is not None:
        raise Conflict(say("This step has been cancelled. Plan a new one."))
    checked = _checked(introduction, given)
    was_done = step.actual_on is not None
    with _written(step, version):
        if checked["planned_on"] != step.planned_on:
            step.reminded_at = None
        for name, value in {**checked, **_stamp(actor)}.items():
            setattr(step, name, value)
        _settle(actor, introduction, step, "changed", was_done=was_done)
    return step


def cancel(actor: User, step: Step, because: str, *, version: int | None) -> Step:
    """The step will not be taken; it stays in the list, with the reason."""
    _require_edit(actor, step.introduction)
    if step.cancelled_at is not None:
        return step
    if step.actual_on is not None:
        raise Conflict(say("This step is done already. If that is wrong, empty the actual day first."))
    if not because:
        raise Invalid({"because": say("Say why it will not be taken.")})
    if len(because) > LONGEST_NOTE:
        raise Invalid({"because": say("At most {max} characters; this has {given}.", max=LONGEST_NOTE,
                                      given=len(because))})
    with _written(step, version):
        step.cancelled_at, step.cancelled_because = clock.now(), because
        for name, value in _stamp(actor).items():
            setattr(step, name, value)
        _settle(actor, step.introduction, step, "cancelled", was_done=False)
    return step


def sums(introduction: Introduction, steps: Sequence[Step]) -> Sums:
    contract = introduction.contracts[-1]
    payments = [step for step in steps if step.kind is StepKind.PAYMENT and step.state is not StepState.CANCELLED]
    currency = contract.currency or next((step.currency for step in payments if step.currency), "CNY")
    ours = [step for step in payments if step.currency == currency]
    return Sums(
        currency, contract.amount, sum((step.amount or Decimal(0) for step in ours), Decimal(0)),
        sum((step.actual_amount or Decimal(0) for step in ours if step.actual_on), Decimal(0)),
        len(payments) - len(ours),
    )


def is_paid_up(introduction: Introduction, steps: Sequence[Step]) -> bool:
    """Was the final payment made: the one marked so, or as much as the contract amounts to?"""
    if any(step.is_final and step.state is StepState.DONE for step in steps):
        return True
    total = sums(introduction, steps)
    return total.contract is not None and total.paid >= total.contract


def overdue_for(actor: User, limit: int = 10) -> tuple[list[Late], int]:
    """(the oldest of what should have been done by now in this broker's open cases, in all for an operator; how many
    there are): one query, for the desk."""
    if not actor.is_reviewer:
        return [], 0
    need, result = aliased(Listing), aliased(Listing)
    late = (
        select(Introduction.ref, Step.title, Step.kind, Step.planned_on, need.title, result.title, func.count().over())
        .select_from(Step).join(Introduction, Introduction.id == Step.introduction_id)
        .join(need, need.id == Introduction.need_id).join(result, result.id == Introduction.result_id)
        .where(Step.planned_on < clock.today(), Step.actual_on.is_(None), Step.cancelled_at.is_(None),
               Introduction.status != Status.CLOSED)
        .order_by(Step.planned_on, Step.id).limit(limit)
    )
    if not actor.is_operator:
        late = late.where(Introduction.broker_id == actor.id)
    rows = session.execute(late).all()
    return [Late(*row[:6]) for row in rows], rows[0][6] if rows else 0


def remind() -> int:
    """Tell of every step that has become overdue, once: who has to pay, or both sides, and the broker. As with all
    reminders, on working days and not before nine."""
    now = clock.now()
    if workdays.hour_from(now) > now:
        return 0
    waiting = (
        select(Step.id).join(Introduction, Introduction.id == Step.introduction_id)
        .where(Step.reminded_at.is_(None), Step.planned_on < clock.today(), Step.actual_on.is_(None),
               Step.cancelled_at.is_(None), Introduction.status == Status.ACTIVE)
        .order_by(Step.id).limit(AT_ONCE)
    )
    told = 0
    for number in session.scalars(waiting).all():
        with transaction():
            step = session.scalar(select(Step).where(Step.id == number, Step.reminded_at.is_(None)).with_for_update()
                                  .execution_options(populate_existing=True))
            if step is not None and step.state is StepState.OVERDUE:
                step.reminded_at = clock.now()
                _tell_overdue(step)
                told += 1
    return told


def _tell_overdue(step: Step) -> None:
    introduction = step.introduction
    occasion = f"step:{step.id}:{step.planned_on.isoformat()}"
    for side in [step.payer] if step.payer is not None else list(Side):
        phrase = say("“{title}”: “{step}” was planned for {day} and is not on record as done. Please enter what "
                     "happened, or a new day.", title=telling.title(introduction.listing_of(side)), step=step.title,
                     day=day_of(step.planned_on))
        telling.to_side(introduction, side, phrase, Kind.REMINDERS, occasion, anchor="#steps")
    if introduction.broker_id is not None:
        phrase = say("“{title}”: “{step}”, planned for {day}, is overdue. Ask how it goes.",
                     title=telling.title(introduction.need), step=step.title,
                     day=day_of(step.planned_on))
        telling.to_brokers(introduction, phrase, Kind.REMINDERS, f"{occasion}:broker", anchor="#steps")


def _stamp(actor: User) -> dict[str, Any]:
    return {"changed_at": clock.now(), "changed_by_id": actor.id}


def _require_edit(actor: User, introduction: Introduction) -> None:
    if not can_see(actor, introduction) or not introduction.contracts:
        raise NotFound
    require(can_edit(actor, introduction), NOT_YOURS)
    if introduction.status is Status.CLOSED and introduction.close_reason is not CloseReason.COMPLETED:
        raise Conflict(say("This introduction is closed. Its broker can reopen it."))


@contextmanager
def _written(step: Step, version: int | None) -> Iterator[None]:
    """Compare and set: whoever saw an older version loses, and is told."""
    if version is not None and version != step.version:
        raise Conflict(STALE)
    try:
        with transaction():
            yield
    except StaleDataError:
        raise Conflict(STALE) from None


def _settle(actor: User, introduction: Introduction, step: Step, what: str, *, was_done: bool) -> None:
    session.flush()
    audit.record(actor.id, f"step.{what}", "step", step.id, introduction.ref)
    outbox.publish("introduction.changed", introduction.id)
    if step.actual_on is None or was_done or introduction.stage is not Stage.PERFORMING:
        return
    if introduction.broker_id is not None and not introduction.outcomes and is_paid_up(introduction, of(introduction)):
        phrase = say("“{title}”: the final payment was received. Record the outcome, for both sides to confirm.",
                     title=telling.title(introduction.need))
        telling.to_brokers(introduction, phrase, Kind.YOUR_TURN, f"paid-up:{introduction.id}", but={actor.id})


def _checked(introduction: Introduction, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the table wants them. Raises Invalid with a message for each field that is wrong."""
    contract, wrong = introduction.contracts[-1], dict[str, str]()
    kind = StepKind(given["kind"])
    values: dict[str, Any] = {"kind": kind, "title": given.get("title"), "planned_on": given.get("planned_on"),
                              "actual_on": given.get("actual_on"), "evidence": given.get("evidence") or None,
                              "is_final": bool(given.get("is_final")) and kind is StepKind.PAYMENT}
    if not values["title"]:
        wrong["title"] = NEEDED
    elif len(values["title"]) > LONGEST_TITLE:
        wrong["title"] = say("At most {max} characters; this has {given}.", max=LONGEST_TITLE,
                             given=len(values["title"]))
    if values["evidence"] and len(values["evidence"]) > LONGEST_NOTE:
        wrong["evidence"] = say("At most {max} characters; this has {given}.", max=LONGEST_NOTE,
                                given=len(values["evidence"]))
    wrong |= _wrong_days(contract.signed_on, values["planned_on"], values["actual_on"])
    money, wrong_money = _money(contract.currency, kind, given)
    wrong |= wrong_money
    if wrong:
        raise Invalid(wrong)
    return {**values, **money}


def _before(day: date, signed_on: date) -> Phrase:
    return say("{day} lies before the contract, which was signed on {signed}.", day=day_of(day),
               signed=day_of(signed_on))


def _wrong_days(signed_on: date, planned_on: date | None, actual_on: date | None) -> dict[str, str]:
    wrong, today = dict[str, str](), clock.today()
    if planned_on is None:
        wrong["planned_on"] = NEEDED
    elif planned_on < signed_on:
        wrong["planned_on"] = _before(planned_on, signed_on)
    elif planned_on > today + FURTHEST:
        wrong["planned_on"] = say("{day} is more than thirty years away. Check the year.", day=day_of(planned_on))
    if actual_on is not None and actual_on > today:
        wrong["actual_on"] = say("{day} has not come yet. Give the day on which it happened.",
                                 day=day_of(actual_on))
    elif actual_on is not None and actual_on < signed_on:
        wrong["actual_on"] = _before(actual_on, signed_on)
    return wrong


def _money(currency: str | None, kind: StepKind, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """(amounts and who pays, what is wrong with them)."""
    amount, actual, payer = given.get("amount"), given.get("actual_amount"), given.get("payer")
    if kind is StepKind.MILESTONE:
        named = [name for name in ("amount", "actual_amount", "payer") if given.get(name)]
        return (dict.fromkeys(("amount", "actual_amount", "payer", "currency")),
                {name: say("A milestone has no money in it. Choose “payment”, or leave this empty.") for name in named})
    wrong = dict[str, str]()
    for name, value in (("amount", amount), ("actual_amount", actual)):
        if value is not None and value <= 0:
            wrong[name] = say("{input} is too little. Write an amount above 0.", input=str(value))
    if amount is None:
        wrong["amount"] = NEEDED
    if not payer:
        wrong["payer"] = say("Say which side pays.")
    chosen = given.get("currency") or currency or "CNY"
    if chosen not in CURRENCIES:
        wrong["currency"] = say("“{input}” is none of the choices: {choices}.", input=str(chosen)[:10],
                                choices=", ".join(CURRENCIES))
    elif currency is not None and chosen != currency:
        wrong["currency"] = say("The contract is in {currency}, not in {input}.", currency=currency, input=chosen)
    if actual is not None and given.get("actual_on") is None:
        wrong["actual_on"] = say("Give the day on which it was paid.")
    done = given.get("actual_on") is not None
    return {"amount": amount, "actual_amount": (actual or amount) if done else None, "currency": chosen,
            "payer": Side(payer) if payer else None}, wrong

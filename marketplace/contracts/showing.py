"""What the pages show of contracts, put together for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.contracts import form, registration, steps, surveys
from marketplace.contracts import vocabulary as words
from marketplace.contracts.form import FIELDS, SECTIONS, Field
from marketplace.contracts.ledger import Period
from marketplace.contracts.models import Step, StepKind, StepState, Survey
from marketplace.contracts.permissions import can_edit, can_see_amounts, is_privy
from marketplace.contracts.registration import Filled
from marketplace.contracts.steps import Sums
from marketplace.errors import Forbidden, NotFound
from marketplace.introductions import agreements, correcting
from marketplace.introductions.agreements import Party
from marketplace.introductions.models import Confirmed, Contract, Introduction, Side, Stage
from marketplace.introductions.moves import Who
from marketplace.introductions.permissions import can_see, capacities
from marketplace.introductions.vocabulary import SIDES
from marketplace.phrases import Label

SIDE_NAMES = SIDES


@dataclass(frozen=True)
class Line:
    """One party of a contract, and what it is in it."""

    party: Party
    role: Label


@dataclass(frozen=True)
class Part:
    """The part of a case's page that is about its contract."""

    introduction: Introduction
    contract: Contract
    parties: list[Line]
    former: Sequence[Contract]
    confirmed: list[Side]
    """The sides that have confirmed what is on record now."""
    can_correct: bool
    can_edit: bool
    shows_amounts: bool
    filled: Filled | None
    """None for readers whom the registration form does not concern."""
    steps: Sequence[Step]
    sums: Sums | None
    asks_outcome: bool
    """The last payment has come, and this reader is the one who records the outcome."""
    surveys: list[tuple[Survey, bool]]
    """Each with whether this reader may answer it."""

    @property
    def overdue(self) -> int:
        return sum(step.state is StepState.OVERDUE for step in self.steps)


def part(actor: User | None, introduction: Introduction) -> Part | None:
    """None while there is no contract."""
    if actor is None or not introduction.contracts or not can_see(actor, introduction):
        return None
    contract, listed = introduction.contracts[-1], steps.of(introduction)
    amounts = can_see_amounts(actor, introduction)
    asks = (
        introduction.stage is Stage.PERFORMING and not introduction.outcomes and introduction.is_open
        and Who.BROKER in capacities(actor, introduction) and steps.is_paid_up(introduction, listed)
    )
    return Part(
        introduction, contract, parties(introduction, contract), correcting.former_contracts(introduction),
        [c.side for c in introduction.confirmations if c.what is Confirmed.SIGNED and c.withdrawn_at is None
         and c.at >= contract.at],
        correcting.can_correct(actor, introduction), can_edit(actor, introduction), amounts,
        registration.read(actor, introduction) if is_privy(actor, introduction) else None, listed,
        steps.sums(introduction, listed) if amounts else None, asks,
        [(survey, surveys.can_answer(actor, survey)) for survey in surveys.of(actor, introduction)],
    )


def parties(introduction: Introduction, contract: Contract) -> list[Line]:
    """Seller is who brings the result, buyer who has the need; whoever else signs comes after them."""
    seller, buyer, other = words.ROLES
    names = {introduction.result.organisation.name: seller, introduction.need.organisation.name: buyer}
    codes = {introduction.result.organisation.credit_code: seller, introduction.need.organisation.credit_code: buyer}
    found = agreements.parties_of(contract.parties)
    return [Line(p, names.get(p.name) or codes.get(p.credit_code or "?") or other) for p in found]


def with_contract(actor: User, introduction: Introduction) -> Introduction:
    if not introduction.contracts:
        raise NotFound
    return introduction


def editable(actor: User, introduction: Introduction) -> Introduction:
    """For the pages that change something: who may not is told before anything is typed."""
    with_contract(actor, introduction)
    if not can_edit(actor, introduction):
        raise Forbidden(steps.NOT_YOURS)
    return introduction


def correctable(actor: User, introduction: Introduction) -> Introduction:
    with_contract(actor, introduction)
    if not correcting.can_correct(actor, introduction):
        raise Forbidden(correcting.NOT_YOURS)
    return introduction


def new_step(introduction: Introduction, kind: str) -> dict[str, Any]:
    """What a step begins with: the buyer pays what is not planned for yet."""
    chosen = StepKind(kind) if kind in list(StepKind) else StepKind.PAYMENT
    if chosen is StepKind.MILESTONE:
        return {"kind": chosen.value}
    left = steps.sums(introduction, steps.of(introduction))
    amount = left.unplanned if left.unplanned > 0 else None
    return {"kind": chosen.value, "payer": Side.NEED.value, "amount": amount, "currency": left.currency}


def as_entered(step: Step) -> dict[str, Any]:
    names = ("title", "planned_on", "amount", "currency", "is_final", "actual_on", "actual_amount", "evidence",
             "version")
    return {**{name: getattr(step, name) for name in names}, "kind": step.kind.value,
            "payer": step.payer.value if step.payer else None}


def form_rows(values: Mapping[str, Any]) -> list[tuple[Label, list[list[tuple[Field, str, int]]]]]:
    """The registration form as it is printed: sections of rows of (field, text, columns its text takes)."""
    found = []
    for section in SECTIONS:
        rows: list[list[tuple[Field, str, int]]] = []
        half: list[tuple[Field, str, int]] = []
        for field in section.fields:
            text = form.printed(field, values.get(field.name))
            if field.wide:
                if half:
                    rows.append([(*half[0][:2], 3)])
                    half = []
                rows.append([(field, text, 3)])
                continue
            half.append((field, text, 1))
            if len(half) == 2:
                rows.append(half)
                half = []
        if half:
            rows.append([(*half[0][:2], 3)])
        found.append((section.title, rows))
    return found


def labels() -> dict[str, Label]:
    return {name: field.whole_label for name, field in FIELDS.items()}


def periods() -> list[tuple[str, Period]]:
    """The periods people ask for, by name."""
    today = clock.today()
    quarter = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    before = quarter - timedelta(days=1)
    last = date(before.year, 3 * ((before.month - 1) // 3) + 1, 1)
    return [
        ("this_quarter", Period(quarter, today)), ("last_quarter", Period(last, before)),
        ("this_year", Period(date(today.year, 1, 1), today)),
        ("last_year", Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))),
    ]


PERIODS = {
    "this_quarter": Label("本季度", "This quarter"), "last_quarter": Label("上季度", "Last quarter"),
    "this_year": Label("今年", "This year"), "last_year": Label("去年", "Last year"),
}

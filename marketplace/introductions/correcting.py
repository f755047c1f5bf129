"""Correcting a contract that is on record: a new record counts, the former ones stay to be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions import agreements, entries, telling
from marketplace.introductions import inputs as ask
from marketplace.introductions.inputs import Input, Shape
from marketplace.introductions.models import Confirmed, Contract, Introduction, Side, Stage
from marketplace.introductions.moves import Who
from marketplace.introductions.permissions import can_see, capacities
from marketplace.messaging.kinds import Kind
from marketplace.phrases import Label, day_of, say

BECAUSE = Input("corrected_because", Label("更正理由", "Why it is corrected"), Shape.LONG_TEXT, longest=2_000,
                hint=Label("双方都会看到", "Both sides read this"))
SUBSTANCE = ("contract_type", "signed_on", "valid_from", "valid_to", "amount", "currency", "parties")
"""What the two sides confirm."""
NOT_YOURS = say("Only the broker of the case or an operator corrects its contract.")
STALE = say("Somebody else corrected this contract meanwhile. What you entered is still here; compare it with the "
            "record and save again.")


def correction_inputs(introduction: Introduction) -> tuple[Input, ...]:
    """What a correction asks: the registration's part only once there is one."""
    asked = [*ask.CONTRACT, ask.EVIDENCE.optional]
    if introduction.stage >= Stage.PERFORMING:
        asked += [ask.REGISTRATION_NO.optional, ask.WAIVER_REASON.optional]
    return (*asked, BECAUSE)


def can_correct(actor: User, introduction: Introduction) -> bool:
    """The broker of the case, or an operator."""
    return bool(introduction.contracts) and bool(capacities(actor, introduction) & {Who.BROKER, Who.OPERATOR})


def as_entered(contract: Contract) -> dict[str, Any]:
    """What somebody would have entered for this record."""
    given = {name: getattr(contract, name) for name in agreements.COPIED}
    return {**given, "undisclosed": contract.amount is None, "currency": contract.currency or "CNY"}


def correct(actor: User, introduction: Introduction, given: Mapping[str, Any], *, former: int | None) -> Contract:
    """Put a corrected record in the place of the one that counts. `former` is the record the person saw.

    Until work begins, a change of what the sides had confirmed makes their confirmations void. Both sides are told.
    """
    if not can_see(actor, introduction) or not introduction.contracts:
        raise NotFound
    require(can_correct(actor, introduction), NOT_YOURS)
    checked = entries.checked(correction_inputs(introduction), given, [])
    _check(introduction, checked)
    with transaction():
        session.execute(select(Introduction.id).where(Introduction.id == introduction.id).with_for_update())
        session.refresh(introduction, ["contracts"])
        replaced = introduction.contracts[-1]
        if former is not None and replaced.id != former:
            raise Conflict(STALE)
        values = {name: checked.get(name) for name in agreements.COPIED}
        values["currency"] = None if checked.get("undisclosed") else values["currency"] or "CNY"
        contract = Contract(**values, introduction_id=introduction.id, at=clock.now(), user_id=actor.id,
                            corrected_because=checked["corrected_because"])
        changed = [name for name in agreements.COPIED if getattr(replaced, name) != values[name]]
        if not changed:
            raise Invalid({"": say("Nothing is different from the record. Change what is wrong, then save.")})
        introduction.contracts.append(contract)
        _settle(actor, introduction, changed)
    return contract


def former_contracts(introduction: Introduction) -> Sequence[Contract]:
    """The records that no longer count, the latest first."""
    return introduction.contracts[-2::-1]


def _check(introduction: Introduction, checked: Mapping[str, Any]) -> None:
    wrong: dict[str, str] = dict(agreements.day_faults(introduction, dict(checked)))
    number, waiver = checked.get("registration_no"), checked.get("waiver_reason")
    if introduction.stage >= Stage.PERFORMING and bool(number) == bool(waiver):
        wrong["registration_no"] = say("Give either the registration number or why the contract is not registered.")
    if introduction.outcomes and checked["signed_on"] > introduction.outcomes[-1].reached_on:
        wrong["signed_on"] = say("{day} lies after the outcome, which was reached on {reached}.",
                                 day=day_of(checked["signed_on"]),
                                 reached=day_of(introduction.outcomes[-1].reached_on))
    if wrong:
        raise Invalid(wrong)
    if number:
        agreements.require_free(introduction, number)


def _settle(actor: User, introduction: Introduction, changed: list[str]) -> None:
    now = clock.now()
    if set(changed) & set(SUBSTANCE) and introduction.stage <= Stage.SIGNED:  # later nobody could confirm it again
        for confirmation in introduction.confirmations:
            if confirmation.what is Confirmed.SIGNED:
                confirmation.withdrawn_at = confirmation.withdrawn_at or now
    session.flush()
    audit.record(actor.id, "contract.corrected", "introduction", introduction.id, introduction.ref, fields=changed)
    for side in Side:
        phrase = say("“{title}”: the contract on record was corrected. Please look at it.",
                     title=telling.title(introduction.listing_of(side)))
        telling.to_side(introduction, side, phrase, Kind.NEWS, f"contract:{introduction.contracts[-1].id}",
                        but={actor.id})
    outbox.publish("introduction.changed", introduction.id)

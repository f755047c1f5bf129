"""What each move leaves behind besides a line of history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import Invalid
from marketplace.introductions import agreements, conditions, wordings
from marketplace.introductions.due import start_of
from marketplace.introductions.models import (
    Check,
    Confirmation,
    Confirmed,
    Consent,
    Contract,
    Intent,
    Interest,
    Introduction,
    Minutes,
    NonDisclosure,
    Outcome,
    Owes,
    Side,
    Stage,
)
from marketplace.phrases import say


@dataclass(frozen=True)
class Making:
    """One move as it is being made."""

    introduction: Introduction
    actor: User | None
    side: Side | None
    given: dict[str, Any]
    at: datetime
    counted_from: datetime | None = None
    """From when the next step's time runs; None: from `at`."""

    @property
    def by(self) -> int:
        assert self.actor is not None
        return self.actor.id

    @property
    def stamp(self) -> dict[str, Any]:
        return {"introduction_id": self.introduction.id, "at": self.at, "user_id": self.by}

    @property
    def sided(self) -> dict[str, Any]:
        assert self.side is not None
        organisation_id = self.introduction.listing_of(self.side).organisation_id
        return {**self.stamp, "side": self.side, "organisation_id": organisation_id}


def _interest(m: Making) -> None:
    answers = {name: m.given[name] for name in ("cooperation_sought", "unclear", "about_us")}
    m.introduction.interests.append(Interest(**m.sided, **answers))


def _take(m: Making) -> None:
    m.introduction.broker, m.introduction.broker_id = m.actor, m.by


def _assign(m: Making) -> None:
    address = str(m.given["broker"]).lower()
    broker = session.scalar(select(User).where(User.email == address, User.is_broker, User.disabled_at.is_(None)))
    if broker is None:
        raise Invalid({"broker": say("“{input}” is not the e-mail address of a broker.", input=address[:80])})
    sides = {m.introduction.need.organisation_id, m.introduction.result.organisation_id}
    if sides & {membership.organisation_id for membership in broker.memberships}:  # type: ignore[attr-defined]
        raise Invalid({"broker": say("{name} belongs to one of the two sides.", name=broker.name)})
    m.introduction.broker, m.introduction.broker_id = broker, broker.id


def _qualify(m: Making) -> None:
    for item in m.given["checklist"]:
        m.introduction.checks.append(Check(**m.stamp, item=item))


def _consent(m: Making) -> None:
    m.introduction.consents.append(Consent(**m.sided, edition=wordings.CONSENT_IN_FORCE))


def _withdraw_consent(m: Making) -> None:
    for consent in m.introduction.consents:
        if consent.side is m.side and consent.withdrawn_at is None:
            consent.withdrawn_at, consent.withdrawn_by_id = m.at, m.by


def _sign_nda(m: Making) -> None:
    m.introduction.signatures.append(NonDisclosure(**m.sided, terms=conditions.nda_edition(m.introduction)))


def _accept_nda(m: Making) -> None:
    side = Side(m.given["signer"])
    copy = conditions.waiting_copy(m.introduction, side)
    if copy is None:
        raise Invalid({"signer": say("No signed copy of this side waits to be checked.")})
    copy.checked_at, copy.checked_by_id = m.at, m.by
    if side not in conditions.signed_nda(m.introduction):
        m.introduction.signatures.append(NonDisclosure(
            introduction_id=m.introduction.id, at=m.at, side=side, organisation_id=copy.organisation_id,
            user_id=copy.user_id, terms=copy.terms, copy_id=copy.id,
        ))


def _minutes(m: Making) -> None:
    m.introduction.minutes.append(Minutes(
        **m.stamp, held_on=m.given["held_on"], text=m.given["text"], next_action=m.given["next_action"],
        owner=Owes(m.given["owner"]), due_on=m.given["due_on"],
    ))


def _no_show(m: Making) -> None:
    absent = Side(m.given["absent"])
    m.introduction.minutes.append(Minutes(
        **m.stamp, held_on=m.given["held_on"], text=m.given.get("note") or "", next_action=None,
        owner=Owes.BOTH, due_on=m.given["due_on"], absent=absent,
    ))


def _intent(m: Making) -> None:
    m.introduction.intents.append(Intent(
        **m.stamp, dated_on=m.given["dated_on"], text=m.given["text"], contract_type=m.given["contract_type"]
    ))


def _contract(m: Making) -> None:
    """A new record, which counts from now on; the former ones stay."""
    wrong = agreements.day_faults(m.introduction, m.given)
    if wrong:
        raise Invalid(wrong)
    _void(m, Confirmed.SIGNED)
    undisclosed = bool(m.given.get("undisclosed"))
    m.introduction.contracts.append(Contract(
        **m.stamp, contract_type=m.given["contract_type"], signed_on=m.given["signed_on"],
        valid_from=m.given.get("valid_from"), valid_to=m.given.get("valid_to"),
        amount=None if undisclosed else m.given["amount"],
        currency=None if undisclosed else m.given.get("currency") or "CNY",
        technology_amount=None if undisclosed else m.given.get("technology_amount"),
        parties=m.given["parties"], evidence=m.given.get("evidence"),
    ))


def _confirm(what: Confirmed) -> Callable[[Making], None]:
    def confirm(m: Making) -> None:
        m.introduction.confirmations.append(Confirmation(**m.stamp, side=m.side, what=what))

    return confirm


def _register(m: Making) -> None:
    """What the registration brings is added to the contract; a second registration is a record of its own."""
    contract = agreements.latest(m.introduction)
    assert contract is not None, "stage 6 has a contract"
    technology, number = m.given.get("technology_amount"), m.given.get("registration_no")
    if technology is not None and contract.amount is not None and technology > contract.amount:
        more = agreements.more_than_all(technology, contract.amount, contract.currency)
        raise Invalid({"technology_amount": more})
    if number is not None:
        agreements.require_free(m.introduction, number)
    if contract.registration_no or contract.waiver_reason:
        contract = agreements.copied(contract, at=m.at, user_id=m.by)
        m.introduction.contracts.append(contract)
    contract.registration_no, contract.waiver_reason = number, m.given.get("waiver_reason")
    contract.technology_amount = technology if technology is not None else contract.technology_amount


def _outcome(m: Making) -> None:
    wrong = agreements.day_faults(m.introduction, m.given)
    if wrong:
        raise Invalid(wrong)
    _void(m, Confirmed.OUTCOME)
    m.introduction.outcomes.append(Outcome(**m.stamp, reached_on=m.given["reached_on"], text=m.given["text"]))


def _skip(m: Making) -> None:
    if m.introduction.needs_owner:
        _take(m)


def _back(m: Making) -> None:
    """What was agreed in the stage that is left no longer counts; the rows stay as evidence that it was."""
    left = m.introduction.stage
    if left is Stage.INTRODUCED:
        for consent in m.introduction.consents:
            consent.withdrawn_at = consent.withdrawn_at or m.at
    if left is Stage.SIGNED:
        _void(m, Confirmed.SIGNED)
    if left is Stage.IMPLEMENTED:
        _void(m, Confirmed.OUTCOME)


def _hold(m: Making) -> None:
    m.introduction.wakes_at = start_of(m.given["wakes_on"])


def _wake(m: Making) -> None:
    m.introduction.wakes_at = None


def _void(m: Making, what: Confirmed) -> None:
    for confirmation in m.introduction.confirmations:
        if confirmation.what is what:
            confirmation.withdrawn_at = confirmation.withdrawn_at or m.at


RECORDS: dict[str, Callable[[Making], None]] = {
    "express_interest": _interest, "propose": _take, "take": _take, "assign": _assign, "hand_over": _assign,
    "qualify": _qualify, "consent": _consent, "withdraw_consent": _withdraw_consent, "accept_nda": _accept_nda,
    "sign_nda": _sign_nda, "meet": _minutes, "discuss": _minutes, "no_show": _no_show, "intent": _intent,
    "record_contract": _contract, "sign": _contract, "confirm_contract": _confirm(Confirmed.SIGNED),
    "register": _register, "waive": _register, "report_outcome": _outcome,
    "confirm_outcome": _confirm(Confirmed.OUTCOME), "skip": _skip, "back": _back, "hold": _hold, "wake": _wake,
}


def record(making: Making, move: str) -> None:
    """Write what the move brings with it. The system's own moves only follow from records that are there."""
    write = RECORDS.get(move)
    if write is not None and (making.actor is not None or move == "wake"):
        write(making)

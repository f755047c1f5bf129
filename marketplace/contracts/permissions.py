"""Who may see and change what follows from a contract."""

from __future__ import annotations

from marketplace.accounts.models import User
from marketplace.introductions.models import Introduction
from marketplace.introductions.permissions import acting_sides, can_see, member_sides
from marketplace.organisations.permissions import Reader


def is_privy(actor: Reader, introduction: Introduction) -> bool:
    """The parties, the broker of the case, and operators: they know what the contract keeps from others."""
    if actor is None:
        return False
    return (
        bool(member_sides(actor, introduction)) or introduction.broker_id == actor.id or actor.is_operator
    )


def can_see_amounts(actor: Reader, introduction: Introduction) -> bool:
    """Amounts of a contract that discloses its own are seen by whoever sees the case; the others by the privy alone."""
    if not can_see(actor, introduction) or not introduction.contracts:
        return False
    return introduction.contracts[-1].amount is not None or is_privy(actor, introduction)


def can_edit(actor: Reader, introduction: Introduction) -> bool:
    """Steps and the registration form: those who write for a side, and, unless they belong to one, the broker of the
    case and operators. Whoever only reads for a side only reads here."""
    if actor is None or not introduction.contracts:
        return False
    if member_sides(actor, introduction):
        return bool(acting_sides(actor, introduction))
    return introduction.broker_id == actor.id or actor.is_operator


def can_see_answers(actor: Reader, introduction: Introduction) -> bool:
    """What both sides answered is for the broker of the case and operators; each side reads its own."""
    if actor is None or member_sides(actor, introduction):
        return False
    return introduction.broker_id == actor.id or actor.is_operator


def can_use_ledger(actor: Reader) -> bool:
    return actor is not None and (actor.is_broker or actor.is_operator)


def can_see_ledger_of(actor: Reader, broker: User) -> bool:
    """Brokers see their own, operators everybody's."""
    return actor is not None and (actor.is_operator or (actor.is_broker and actor.id == broker.id))

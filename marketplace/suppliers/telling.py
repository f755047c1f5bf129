"""Who hears of a step in a supplier library: those who write for the buyer, or for the supplier."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Membership, Organisation, Role
from marketplace.phrases import Phrase
from marketplace.suppliers.models import Supplier


def buyer(supplier: Supplier, phrase: Phrase, actor: User | None, fact: str) -> None:
    _tell(supplier.library.buyer, supplier, phrase, actor, fact)


def applicant(supplier: Supplier, phrase: Phrase, actor: User | None, fact: str) -> None:
    _tell(supplier.organisation, supplier, phrase, actor, fact)


def fact_of(supplier: Supplier, what: str) -> str:
    """Every step raises the version, so each is told of once."""
    return f"supplier:{supplier.id}:{supplier.version}:{what}"


def _tell(organisation: Organisation, supplier: Supplier, phrase: Phrase, actor: User | None, fact: str) -> None:
    people = set(session.scalars(select(Membership.user_id).where(
        Membership.organisation_id == organisation.id, Membership.role.in_([Role.ADMIN, Role.EDITOR]))))
    others = people - ({actor.id} if actor is not None else set())
    if others:
        messaging.notify(sorted(others), phrase, supplier.url, kind=messaging.Kind.SUPPLIERS, once=fact)
    messaging.notify_mailbox(organisation, phrase, supplier.url, once=f"{fact}:mailbox")

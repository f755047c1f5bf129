"""The domains of e-mail addresses that are an organisation's own: its administrator says so, an operator confirms it.

Who is new and is signed in by another system (OpenID Connect) with an address of a confirmed domain becomes a viewer.
Exactly the domain counts, not what lies below it: a university's students may have addresses there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import normalize

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations.mail_providers import MAIL_OF_ANYBODY, OF_NOBODY
from marketplace.organisations.models import Domain, Membership, Organisation, Role
from marketplace.organisations.permissions import Reader, can_administer, can_verify
from marketplace.phrases import Phrase, say

MOST = 10
"""Domains of one organisation."""


def of(actor: Reader, organisation: Organisation) -> Sequence[Domain]:
    """What the organisation has said and what has been confirmed, for those who administer it."""
    require(can_administer(actor, organisation))
    theirs = select(Domain).where(Domain.organisation_id == organisation.id)
    return session.scalars(theirs.order_by(Domain.domain)).all()


def state(actor: Reader, organisation: Organisation, domain: str) -> Domain:
    """Say that a domain is the organisation's; the operators are asked to confirm it."""
    require(can_administer(actor, organisation))
    assert actor is not None
    domain = tidied(domain)
    problem = fault(domain)
    if problem is not None:
        raise Invalid({"domain": problem})
    with transaction():
        there = {row.domain for row in of(actor, organisation)}
        if domain in there:
            raise Invalid({"domain": say("{domain} stands here already.", domain=domain)})
        if len(there) >= MOST:
            raise Invalid({"domain": say("At most {max} domains. Remove one that is not used first.", max=MOST)})
        row = Domain(organisation_id=organisation.id, domain=domain, created_at=clock.now(), created_by_id=actor.id)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # a second click
            raise Conflict(say("{domain} stands here already.", domain=domain)) from None
        audit.record(actor.id, "domain.stated", "organisation", organisation.id, domain=domain)
        outbox.publish("organisation.domain", row.id)
    return row


def remove(actor: Reader, organisation: Organisation, domain_id: int) -> Domain:
    """Nobody new joins by it any more; who has joined stays."""
    require(can_administer(actor, organisation))
    row = session.get(Domain, domain_id)
    if row is None or row.organisation_id != organisation.id:
        raise NotFound
    with transaction():
        session.delete(row)
        audit.record(_id(actor), "domain.removed", "organisation", organisation.id, domain=row.domain)
    return row


def waiting(actor: Reader) -> Sequence[Domain]:
    """What operators have to look at, the oldest first."""
    require(can_verify(actor))
    rows = select(Domain).where(Domain.confirmed_at.is_(None)).options(joinedload(Domain.created_by))
    return session.scalars(rows.order_by(Domain.created_at, Domain.id).limit(200)).all()


def confirm(actor: Reader, domain_id: int) -> Domain:
    """The domain is the organisation's: from now on who is new joins by it. Compare and set."""
    require(can_verify(actor))
    row = _waiting(domain_id)
    if not row.organisation.is_verified:
        raise Conflict(say("Verify {organisation} first.", organisation=row.organisation))
    open_ = update(Domain).where(Domain.id == domain_id, Domain.confirmed_at.is_(None))
    now_confirmed = open_.values(confirmed_at=clock.now(), confirmed_by_id=_id(actor)).returning(Domain.id)
    with transaction():
        try:
            with session.begin_nested():
                done = session.scalar(now_confirmed.execution_options(synchronize_session=False))
        except IntegrityError:
            raise Conflict(say("{domain} has been confirmed for another organisation.", domain=row.domain)) from None
        if done is None:
            raise Conflict(say("Somebody else has decided this already."))
        audit.record(_id(actor), "domain.confirmed", "organisation", row.organisation_id, domain=row.domain)
        outbox.publish("organisation.domain", domain_id)
    session.expire(row)
    return row


def refuse(actor: Reader, domain_id: int) -> Domain:
    """It is not the organisation's, as far as can be seen."""
    require(can_verify(actor))
    row = _waiting(domain_id)
    with transaction():
        session.delete(row)
        audit.record(_id(actor), "domain.refused", "organisation", row.organisation_id, domain=row.domain)
    return row


def admit(person: User) -> Membership | None:
    """Somebody new whose address another system has proven joins the organisation that has its domain."""
    here = select(Domain).where(Domain.domain == person.email.rpartition("@")[2], Domain.confirmed_at.is_not(None))
    row = session.scalar(here)
    if row is None or not row.organisation.is_verified:
        return None
    with transaction():
        membership = Membership(user_id=person.id, organisation_id=row.organisation_id, role=Role.VIEWER,
                                joined_at=clock.now())
        session.add(membership)
        session.flush()
        audit.record(person.id, "member.by_domain", "organisation", row.organisation_id, domain=row.domain,
                     user_id=person.id)
        outbox.publish("organisation.joined", membership.id)
    session.expire(person, ["memberships"])
    return membership


def tidied(text: str) -> str:
    """The domain in what somebody wrote: an address, with @ before it, or in Chinese characters."""
    domain = normalize("NFKC", text).strip().lower().rpartition("@")[2].strip(". ")
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def fault(domain: str) -> Phrase | None:
    """Why this cannot be an organisation's own."""
    if not re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", domain):
        return say("“{domain}” is not a domain. Write what stands after the @ in your addresses, such as "
                   "institute.example.", domain=domain[:80])
    if domain in OF_NOBODY or len(domain) > 253:
        return say("{domain} belongs to nobody alone. Write the whole of what stands after the @.", domain=domain[:80])
    labels = domain.split(".")
    if any(".".join(labels[start:]) in MAIL_OF_ANYBODY for start in range(len(labels) - 1)):
        return say("Anybody gets an address at {domain}, so it cannot say who works for you.", domain=domain)
    return None


def _waiting(domain_id: int) -> Domain:
    row = session.get(Domain, domain_id)
    if row is None:
        raise NotFound
    if row.confirmed_at is not None:
        raise Conflict(say("Somebody else has decided this already."))
    return row


def _id(actor: Reader) -> int | None:
    return None if actor is None else actor.id

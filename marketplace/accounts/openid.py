"""People whom another system signs in (OpenID Connect): who they are here. The only writer of external identities.

An account that is here already is joined only when its address was proven both here and there: an address that nobody
has proven here may have been entered by somebody else, who knows its password.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock, outbox
from marketplace.accounts import accepting, service
from marketplace.accounts.models import ExternalIdentity, User
from marketplace.config import OpenIdSettings, Settings
from marketplace.db import session, transaction
from marketplace.errors import Conflict, MarketplaceError, NotFound
from marketplace.phrases import say

Arrival = Callable[[User], object]
_bound: list[tuple[OpenIdSettings, Arrival]] = []


class NotLetIn(MarketplaceError):
    """Why somebody could not be signed in by the other system; they may sign in here with a password, perhaps."""

    status = 403
    title = say("You could not be signed in")


class OutOfReach(NotLetIn):
    status = 503


@dataclass(frozen=True)
class Claims:
    """What the other system says of somebody, all of it checked to come from there and to be meant for us."""

    issuer: str
    subject: str
    email: str
    verified: bool
    """Has the other system made sure that the address is theirs?"""
    name: str
    language: str | None


def bind(settings: Settings, arrived: Arrival) -> None:
    """Trust the system the settings name; `arrived` is told of everybody who is new. Called by the composition root."""
    _bound[:] = [(settings.openid, arrived)]


def settings() -> OpenIdSettings:
    return _bound[0][0] if _bound else OpenIdSettings()


def label() -> str | None:
    """What people call the system that signs them in; None when there is none."""
    return settings().label if settings() else None


def person_behind(claims: Claims) -> User | None:
    """Who this is, joined to their account if it is the first time; None for somebody who has no account yet."""
    with transaction():
        identity = session.scalar(select(ExternalIdentity).where(
            ExternalIdentity.issuer == claims.issuer, ExternalIdentity.subject == claims.subject))
        if identity is not None:
            _require_active(identity.user)
            identity.last_used_at = clock.now()
            return identity.user
        _require_proven(claims)
        person = service.by_email(claims.email)
        if person is not None:
            _require_active(person)
            _require_joinable(person, claims)
            outbox.publish("identity.joined", _join(person, claims).id)
            audit.record(person.id, "identity.joined", "user", person.id, issuer=claims.issuer)
    return person


def open_account(claims: Claims, *, name: str, language: str, editions: str) -> User:
    """An account without a password for somebody new, who then belongs where their address does."""
    _require_proven(claims)
    accepting.require_shown(editions)
    with transaction():
        person = service.open_proven(claims.email, name, language)
        accepting.accept(person)
        _join(person, claims)
        audit.record(person.id, "identity.registered", "user", person.id, issuer=claims.issuer)
        _bound[0][1](person)
    return person


def of(person: User) -> ExternalIdentity | None:
    """How the other system that is set now knows this person."""
    theirs = select(ExternalIdentity).where(ExternalIdentity.user_id == person.id,
                                            ExternalIdentity.issuer == settings().issuer)
    return session.scalar(theirs)


def forget(actor: User) -> None:
    """The other system signs this person in no more; not before they have another way in."""
    if actor.password_hash is None:
        raise Conflict(say("You have no password here. Choose one first, so that you can still sign in."))
    identity = of(actor)
    if identity is None:
        raise NotFound
    with transaction():
        session.delete(identity)
        audit.record(actor.id, "identity.forgotten", "user", actor.id, issuer=identity.issuer)


def joined(ids: list[int]) -> list[ExternalIdentity]:
    """Those of these that are still there to be told of."""
    return list(session.scalars(select(ExternalIdentity).where(ExternalIdentity.id.in_(ids))))


def _join(person: User, claims: Claims) -> ExternalIdentity:
    now = clock.now()
    identity = ExternalIdentity(user_id=person.id, issuer=claims.issuer, subject=claims.subject, created_at=now,
                                last_used_at=now)
    try:
        with session.begin_nested():
            session.add(identity)
    except IntegrityError:  # two windows at the same moment
        raise NotLetIn(say("Somebody has just been signed in like this. Please try again.")) from None
    return identity


def _require_active(person: User) -> None:
    if not person.is_active:
        raise NotLetIn(say("This account has been closed. If that is a mistake, write to the operators."))


def _require_proven(claims: Claims) -> None:
    if not claims.email or not claims.verified:
        raise NotLetIn(say("{system} has not confirmed your e-mail address, so we cannot know whose account is yours. "
                           "Confirm the address there, then sign in once more.", system=settings().label))


def _require_joinable(person: User, claims: Claims) -> None:
    if person.confirmed_at is None:
        raise NotLetIn(say(
            "There is an account with the address {email} whose owner has never confirmed it. Choose a new password "
            "for it through a mail that we send there; after that {system} signs you in to it.",
            email=claims.email, system=settings().label))
    others = select(ExternalIdentity.id).where(ExternalIdentity.user_id == person.id,
                                               ExternalIdentity.issuer == claims.issuer)
    if session.scalar(others) is not None:
        raise NotLetIn(say(
            "The account with the address {email} belongs to somebody whom {system} knows as another person. Write to "
            "the operators.", email=claims.email, system=settings().label))

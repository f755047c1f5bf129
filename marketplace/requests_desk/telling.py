"""Who hears of a step of a request: the people of the company, whoever is to answer, or the operators."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Membership, Organisation, Role
from marketplace.phrases import Phrase
from marketplace.requests_desk import stewards
from marketplace.requests_desk.models import Level, Request


def company(request: Request, phrase: Phrase, actor: User | None, fact: str) -> None:
    """Whoever raised it, those who may decide for the company, and its mailbox."""
    raiser = {request.raised_by_id} if _belongs(request.raised_by_id, request.organisation_id) else set()
    _notify(request, _writers(request.organisation_id) | raiser, phrase, actor, fact)
    messaging.notify_mailbox(request.organisation, phrase, request.url, once=f"{fact}:company")


def in_charge(request: Request, phrase: Phrase, actor: User | None, fact: str) -> None:
    """The steward, or the park or authority that is to answer."""
    if request.level is Level.STEWARD:
        _steward(request, phrase, actor, fact)
    elif request.handler_id is not None:
        _notify(request, _writers(request.handler_id), phrase, actor, fact)
        handler = session.get_one(Organisation, request.handler_id)
        messaging.notify_mailbox(handler, phrase, request.url, once=f"{fact}:handler")


def steward(request: Request, phrase: Phrase, actor: User | None, fact: str) -> None:
    """Who answers for the company reads along on the higher levels."""
    if request.level is not Level.STEWARD:
        _steward(request, phrase, actor, fact)


def operators(request: Request, phrase: Phrase, actor: User | None, fact: str) -> None:
    _notify(request, set(session.scalars(select(User.id).where(User.is_operator, User.disabled_at.is_(None)))), phrase,
            actor, fact)


def fact_of(request: Request, what: str) -> str:
    """Every step raises the version, so each is told of once."""
    return f"request:{request.id}:{request.version}:{what}"


def _steward(request: Request, phrase: Phrase, actor: User | None, fact: str) -> None:
    """Nothing to somebody who is steward no more and may not read it."""
    if request.steward is not None and stewards.still_answers(request.steward, request):
        _notify(request, {request.steward.id}, phrase, actor, fact)


def _notify(request: Request, people: set[int], phrase: Phrase, actor: User | None, fact: str) -> None:
    others = people - ({actor.id} if actor is not None else set())
    if others:
        messaging.notify(sorted(others), phrase, request.url, kind=messaging.Kind.REQUESTS, once=fact)


def _writers(organisation_id: int) -> set[int]:
    return set(session.scalars(select(Membership.user_id).where(
        Membership.organisation_id == organisation_id, Membership.role.in_([Role.ADMIN, Role.EDITOR]))))


def _belongs(user_id: int, organisation_id: int) -> bool:
    these = select(Membership.id).where(Membership.user_id == user_id, Membership.organisation_id == organisation_id)
    return session.scalar(these) is not None

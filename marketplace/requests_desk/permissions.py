"""Who may see a request and who may do what with it.

The company that asks; the operators; its steward, of the platform or of its park; the park or authority that is to
answer. Nobody else.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, true

from marketplace.accounts.models import User
from marketplace.organisations.permissions import Reader, editable_ids, organisation_ids
from marketplace.requests_desk import stewards
from marketplace.requests_desk.models import LADDER, TO_ANSWER, Level, Request, Step


def is_operator(actor: Reader) -> bool:
    return actor is not None and actor.is_active and actor.is_operator


def is_of_company(actor: Reader, request: Request) -> bool:
    return request.organisation_id in organisation_ids(actor)


def speaks_for_company(actor: Reader, request: Request) -> bool:
    return request.organisation_id in editable_ids(actor)


def is_steward(actor: Reader, request: Request) -> bool:
    """As long as they are of the staff, or of the park that names them."""
    return stewards.still_answers(actor, request)


def is_in_charge(actor: Reader, request: Request) -> bool:
    """Is it this person's to answer: the steward's, or those who may write for the park or authority?"""
    if actor is None or not actor.is_active or request.step is Step.WAITING:
        return False
    if request.level is Level.STEWARD:
        return is_steward(actor, request)
    return request.handler_id in editable_ids(actor)


def can_see(actor: Reader, request: Request) -> bool:
    if actor is None or not actor.is_active:
        return False
    own = organisation_ids(actor)
    return (
        is_operator(actor) or is_steward(actor, request) or request.organisation_id in own
        or (request.handler_id is not None and request.handler_id in own)
    )


def visible_to(actor: Reader) -> ColumnElement[bool]:
    """`can_see`, as SQL."""
    if is_operator(actor):
        return true()
    own = organisation_ids(actor)
    return or_(Request.organisation_id.in_(own), Request.handler_id.in_(own), stewards.answered_by(actor))


def can_assign(actor: Reader, request: Request) -> bool:
    """Say who answers: operators; whoever is in charge passes it on or up."""
    return request.step in TO_ANSWER and (is_operator(actor) or is_in_charge(actor, request))


def can_answer(actor: Reader, request: Request) -> bool:
    return request.step in TO_ANSWER and (is_operator(actor) or is_in_charge(actor, request))


def can_decide(actor: Reader, request: Request) -> bool:
    """Confirm that the answer settles it, or send it back."""
    return request.step is Step.ANSWERED and speaks_for_company(actor, request)


def can_withdraw(actor: Reader, request: Request) -> bool:
    return request.is_open and speaks_for_company(actor, request)


def can_publish(actor: Reader, request: Request | None = None) -> bool:
    """Let everybody read the answer: operators, once there is one."""
    return is_operator(actor) and (request is None or request.step in (Step.ANSWERED, Step.CONFIRMED))


def can_work_here(actor: User) -> bool:
    """Have the desk's list: operators, stewards and brokers, people of parks and authorities."""
    from_bodies = any(m.organisation.kind in ("park", "authority") and m.organisation.is_verified
                      for m in actor.memberships)  # type: ignore[attr-defined]
    return actor.is_active and (actor.is_reviewer or from_bodies)


def levels_open_to(actor: Reader, request: Request) -> tuple[Level, ...]:
    """Operators assign to any level; whoever is in charge to their own, to name another department, or higher up."""
    return LADDER if is_operator(actor) else LADDER[LADDER.index(request.level):]


class Rights(NamedTuple):
    """What this reader may do with a request now."""

    assign: bool
    answer: bool
    decide: bool
    withdraw: bool
    publish: bool


def rights(actor: Reader, request: Request) -> Rights:
    return Rights(can_assign(actor, request), can_answer(actor, request), can_decide(actor, request),
                  can_withdraw(actor, request), can_publish(actor, request))

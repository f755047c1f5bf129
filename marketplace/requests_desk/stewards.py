"""Who answers for a company before anybody else: the people whom its parks name for it, and the platform's steward."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.organisations.models import Organisation, State
from marketplace.organisations.park_models import ParkMember
from marketplace.organisations.permissions import Reader, organisation_ids
from marketplace.requests_desk.models import Level, Request, RequestAct


def parks_of(organisation: Organisation) -> Sequence[ParkMember]:
    """The verified parks that count it among their members, the one it has belonged to longest first."""
    these = select(ParkMember).join(Organisation, Organisation.id == ParkMember.park_id).where(
        ParkMember.organisation_id == organisation.id, Organisation.state == State.VERIFIED)
    return session.scalars(these.order_by(ParkMember.since, ParkMember.id)).all()


def of_parks(organisation: Organisation) -> dict[User, Organisation]:
    """Whom its parks name for it -> of which park; only those who are still of the park's people, and none of the
    organisation's own, who would answer themselves."""
    found: dict[User, Organisation] = {}
    for row in parks_of(organisation):
        person = row.steward
        if person is None or not person.is_active:
            continue
        homes = organisation_ids(person)
        if row.park_id in homes and organisation.id not in homes:
            found.setdefault(person, row.park)
    return found


def of(organisation: Organisation) -> list[User]:
    """Everybody who answers for it, in the order in which they are asked."""
    of_platform = organisation.steward
    staff = [of_platform] if of_platform is not None and of_platform.is_active and of_platform.is_reviewer else []
    return list(dict.fromkeys([*of_parks(organisation), *staff]))


def park_behind(request: Request | RequestAct, organisation: Organisation) -> Organisation | None:
    """Of which park its steward is; None for one of the platform's."""
    if request.level is not Level.STEWARD or request.steward is None:
        return None
    return of_parks(organisation).get(request.steward)


def still_answers(actor: Reader, request: Request) -> bool:
    """Is its steward still of the platform's staff, or of a park that counts the company among its members?"""
    if actor is None or not actor.is_active or request.steward_id != actor.id:
        return False
    own = organisation_ids(actor)
    return actor.is_reviewer or any(row.park_id in own for row in parks_of(request.organisation))


def answered_by(actor: Reader) -> ColumnElement[bool]:
    """`still_answers`, as SQL."""
    if actor is None or not actor.is_active:
        return false()
    kept = select(ParkMember.organisation_id).join(Organisation, Organisation.id == ParkMember.park_id).where(
        ParkMember.park_id.in_(organisation_ids(actor)), Organisation.state == State.VERIFIED)
    by_them = Request.steward_id == actor.id
    return by_them if actor.is_reviewer else by_them & Request.organisation_id.in_(kept)

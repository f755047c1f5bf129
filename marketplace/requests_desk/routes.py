"""The operators' table of who answers what: for each topic, level and region a park or authority and its department."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, regions
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations.models import Kind, Organisation, State
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say
from marketplace.requests_desk import stewards
from marketplace.requests_desk.models import Level, Request, Route, Topic
from marketplace.requests_desk.permissions import is_operator
from marketplace.requests_desk.vocabulary import DAYS, LONGEST_DAYS

KIND_OF = {Level.PARK: Kind.PARK, Level.AUTHORITY: Kind.AUTHORITY}
LEVEL_OF = {kind: level for level, kind in KIND_OF.items()}
MOST = 500
LONGEST_DEPARTMENT = 80


def routes(actor: Reader) -> Sequence[Route]:
    require(is_operator(actor))
    return session.scalars(select(Route).order_by(Route.topic, Route.level, Route.region, Route.id).limit(MOST)).all()


def handlers() -> Sequence[Organisation]:
    """The parks and authorities that may be asked."""
    these = select(Organisation).where(Organisation.kind.in_(LEVEL_OF), Organisation.state == State.VERIFIED)
    return session.scalars(these.order_by(Organisation.kind, Organisation.name, Organisation.id).limit(MOST)).all()


def add(
    actor: User, topic: Topic, organisation: Organisation, department: str | None, region: str | None, days: int
) -> Route:
    """From now on requests of this topic (from this region) go there at its level."""
    require(is_operator(actor))
    level = level_of(organisation)
    check_days(days)
    check_department(department)
    if region and not regions.is_region(region):
        raise Invalid({"region": say("Choose a region from the list.")})
    with transaction():
        route = Route(topic=topic, level=level, region=region or "", organisation_id=organisation.id,
                      department=department or None, days=days)
        try:
            with session.begin_nested():
                session.add(route)
                session.flush()
        except IntegrityError:
            raise Conflict(say("For this topic, level and region somebody answers already. Remove that line "
                               "first.")) from None
        audit.record(actor.id, "request.route_added", "request route", route.id, organisation=organisation.id)
    return route


def remove(actor: User, route_id: int) -> None:
    """What has been assigned stays with whom it was assigned to."""
    require(is_operator(actor))
    route = session.get(Route, route_id)
    if route is None:
        raise NotFound
    with transaction():
        audit.record(actor.id, "request.route_removed", "request route", route.id)
        session.delete(route)


def route_for(request: Request, level: Level) -> Route | None:
    """The line of the table for this request: of the smallest region that the company lies in, and not the company
    itself. A company that a park counts among its members is that park's, with or without a line."""
    region = request.organisation.region
    around = ["", *(regions.ancestors(region) if region else [])]
    found = session.scalars(select(Route).join(Organisation).where(
        Route.topic == request.topic, Route.level == level, Route.region.in_(around),
        Organisation.state == State.VERIFIED, Route.organisation_id != request.organisation_id,
    )).all()
    own = park_of(request) if level is Level.PARK else None
    if own is not None:
        found = [route for route in found if route.organisation_id == own.id] or [Route(
            topic=request.topic, level=level, organisation=own, organisation_id=own.id, region="", department=None,
            days=DAYS[level])]
    return max(found, key=lambda route: around.index(route.region), default=None)


def park_of(request: Request) -> Organisation | None:
    """The park that counts the company among its members: that of the steward who had the request, else the one the
    company has belonged to longest."""
    rows = stewards.parks_of(request.organisation)
    theirs = [row for row in rows if row.steward_id is not None and row.steward_id == request.steward_id]
    return next((row.park for row in [*theirs, *rows]), None)


def level_of(organisation: Organisation) -> Level:
    if organisation.kind not in LEVEL_OF or not organisation.is_verified:
        raise Invalid({"to": say("“{name}” is neither a park nor an authority that has been verified.",
                                 name=organisation)})
    return LEVEL_OF[organisation.kind]


def check_days(days: int) -> None:
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid({"days": say("Give between 1 and {max} working days.", max=LONGEST_DAYS)})


def check_department(department: str | None) -> None:
    if department and len(department) > LONGEST_DEPARTMENT:
        raise Invalid({"department": say("At most {max} characters; this has {given}.", max=LONGEST_DEPARTMENT,
                                         given=len(department))})

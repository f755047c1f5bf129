"""At the door: whose code this is, who is let in, and who was expected and did not come."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import segno
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import aliased

from marketplace import clock
from marketplace.accounts import links
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events import attending, welcoming
from marketplace.events.models import HAS_PLACE, RUNS, Attendance, Edition, Registration, new_token
from marketplace.events.permissions import Reader, can_run
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import organisation_ids
from marketplace.phrases import say

PAGE = "/events/tickets/"
FOUND_AT_MOST = 20
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True)
class Past:
    """How somebody has kept their word so far."""

    came: int = 0
    missed: int = 0


def address(registration: Registration) -> str:
    """What the QR code says: the full address of the registration's ticket."""
    return links.to(f"{PAGE}{registration.token}")


def code(registration: Registration) -> str:
    """The QR code as SVG to stand in a page; empty for a registration that has no code yet."""
    if registration.token is None:
        return ""
    return str(segno.make(address(registration), error="m").svg_inline(border=2, omitsize=True, light="#fff"))


def picture(registration: Registration) -> str:
    """The same as a picture's address, for a telephone to show."""
    if registration.token is None:
        return ""
    return str(segno.make(address(registration), error="m").svg_data_uri(scale=8, border=2, light="#fff"))


def door(actor: User, ref: str | None) -> Edition | None:
    """The edition at whose door an operator stands; None when it is over or there is none."""
    found = session.scalar(select(Edition).where(Edition.ref == ref)) if ref else None
    return found if found is not None and can_run(actor) and not found.is_past else None


def ticket(actor: Reader, token: str) -> Registration:
    """For the person, for whoever registered them, and for those at the door; NotFound for everybody else."""
    found = attending.by_token(token)
    if actor is None or not (can_run(actor) or actor.id in (found.user_id, found.registered_by_id)):
        raise NotFound
    return found


def scanned(actor: User, edition: Edition, text: str) -> Registration:
    """The registration whose code was read at the door of this edition, as the address in it or what stands at its
    end. Conflict says when it is for another edition."""
    require(can_run(actor))
    written = text.strip().rstrip("/").rpartition("/")[2].partition("?")[0]
    try:
        found = attending.by_token(written) if _TOKEN.fullmatch(written) else None
    except NotFound:
        found = None
    if found is None:
        raise Invalid({"code": say("“{input}” is no code of ours. Look for the person by name.", input=text[:60])})
    if found.edition_id != edition.id:
        other = session.get_one(Edition, found.edition_id)
        raise Conflict(say("The code of {person} is for another event: {event}, {moment}.", person=found.user.name,
                           event=other, moment=welcoming.when(other)))
    return found


def check_in(actor: User, edition: Edition, text: str) -> Registration:
    """Let in whoever shows this code."""
    return attending.check_in(actor, edition, scanned(actor, edition, text).id)


def just_come(actor: User, edition: Edition, text: str) -> Registration | None:
    """Whom the address of the page names as checked in a moment ago; None for anything else."""
    require(can_run(actor))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return next((one for one in attending.present(edition) if one.id == number), None) if number else None


def look_for(actor: User, edition: Edition, text: str) -> Sequence[Registration]:
    """Registrations whose person or organisation has this in its name, or whose code or address it is; those who are
    still to come first."""
    require(can_run(actor))
    text = text.strip()
    here = select(Registration).join(Registration.user).outerjoin(Registration.organisation).where(
        Registration.edition_id == edition.id)
    if text:
        here = here.where(or_(
            User.name.icontains(text, autoescape=True), User.email == text.lower(),
            Organisation.name.icontains(text, autoescape=True), Organisation.name_en.icontains(text, autoescape=True),
            Registration.token == text.rstrip("/").rpartition("/")[2],
        ))
    else:
        here = here.where(Registration.state == Attendance.REGISTERED)
    order = case((Registration.state == Attendance.REGISTERED, 0), (Registration.state == Attendance.ATTENDED, 2),
                 else_=1)
    return session.scalars(here.order_by(order, User.name, Registration.id).limit(FOUND_AT_MOST)).all()


def add(actor: User, edition: Edition, email: str) -> Registration:
    """Somebody with an account stands at the door and has not registered: they are, and are let in."""
    require(can_run(actor))
    person = accounts.by_email(email)
    if person is None or not person.is_active:
        unknown = say("Nobody has registered here with {email}. They can do so on their phone, in a minute.",
                      email=email[:100])
        raise Invalid({"email": unknown})
    with transaction():
        attending.lock(edition)
        theirs = attending.of(person, edition)
        if theirs is None or theirs.state is Attendance.CANCELLED:
            if edition.is_past:
                raise Conflict(say("This event does not take registrations any more."))
            own = organisation_ids(person)
            theirs = welcoming.entered(actor, edition, person, own[0] if own else None, theirs)
        return attending.check_in(actor, edition, theirs.id)


def counts(edition: Edition) -> dict[str, int]:
    """How many came, are here now, have gone, and are still expected."""
    row = session.execute(select(
        func.count(case((Registration.state == Attendance.ATTENDED, 1))),
        func.count(case((Registration.left_at.is_not(None), 1))),
        func.count(case((Registration.state == Attendance.REGISTERED, 1))),
    ).where(Registration.edition_id == edition.id)).one()
    return {"came": row[0], "here": row[0] - row[1], "left": row[1], "expected": row[2]}


def no_shows(edition: Edition) -> list[Registration]:
    """Who had a place and did not come; nobody, where nobody was checked in at all, or while it goes on."""
    if not edition.is_past or edition.state not in RUNS:
        return []
    placed = attending.placed(edition)
    came = any(one.state is Attendance.ATTENDED for one in placed)
    return [one for one in placed if one.state is Attendance.REGISTERED] if came else []


def past_of(actor: Reader, people: Collection[int]) -> dict[int, Past]:
    """How often each of these people came, and how often they had a place and did not; for those who run events.
    Editions at which nobody was checked in say nothing of anybody."""
    if not can_run(actor):
        return {}
    others = aliased(Registration)
    checked = select(others.id).where(
        others.edition_id == Edition.id, others.state == Attendance.ATTENDED).exists()
    rows = session.execute(
        select(Registration.user_id, func.count(case((Registration.state == Attendance.ATTENDED, 1))),
               func.count(case((Registration.state == Attendance.REGISTERED, 1))))
        .join(Edition, Edition.id == Registration.edition_id)
        .where(Registration.user_id.in_(people), Registration.state.in_(sorted(HAS_PLACE)),
               Edition.ends_at <= clock.now(), Edition.state.in_(sorted(RUNS)), checked)
        .group_by(Registration.user_id)
    )
    return {row[0]: Past(row[1], row[2]) for row in rows}


def give_codes() -> int:
    """Codes for those who registered before there were any, for what is still to come; how many. Run by the clock."""
    with transaction():
        without = session.scalars(
            select(Registration).join(Edition, Edition.id == Registration.edition_id)
            .where(Registration.token.is_(None), Edition.ends_at > clock.now()).limit(500)
        ).all()
        for one in without:
            one.token = new_token()
    return len(without)

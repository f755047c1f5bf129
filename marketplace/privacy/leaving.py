"""Deleting one's account: what stands in the way, asking, changing one's mind, and the day it is due."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadData
from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock, sealing
from marketplace.accounts import links, sessions, tokens
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict
from marketplace.introductions.models import Introduction, Stage, Status
from marketplace.listings.models import Listing
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Membership, Organisation, Role
from marketplace.phrases import Phrase, day_of, say
from marketplace.privacy import forgetting, settings
from marketplace.privacy.models import Deletion, DeletionState

log = logging.getLogger(__name__)
_PURPOSE = "keep an account"
_ACTING = (Role.ADMIN, Role.EDITOR)
_AT_ONCE = 20
SHOWN = 5


@dataclass(frozen=True)
class Hindrance:
    """Something others wait for, and where to put it into other hands."""

    says: Phrase
    url: str


@dataclass(frozen=True)
class Handing:
    """Listings of one organisation that get another contact."""

    organisation: Organisation
    listings: int
    colleagues: Sequence[User]
    """Who can take them, administrators first."""


def pending(person: User) -> Deletion | None:
    """Their wish, while it waits for its day."""
    waits = Deletion.user_id == person.id, Deletion.state == DeletionState.WAITING
    return session.scalar(select(Deletion).where(*waits))


def hindrances(person: User) -> list[Hindrance]:
    """Why the account cannot be deleted now; each names whom to hand over to."""
    found = []
    for membership in _memberships(person):
        organisation, others = membership.organisation, _people_of(membership.organisation_id, person)
        if membership.role is Role.ADMIN and others and not any(one.role is Role.ADMIN for one in others):
            found.append(Hindrance(
                say("You are the only administrator of {organisation}, which has other people ({names}). Make one of "
                    "them an administrator first.", organisation=organisation,
                    names=_listed([one.user.name for one in others])),
                f"/organisations/{organisation.slug}/members",
            ))
        refs = _open_cases_of(membership.organisation_id)
        if membership.role in _ACTING and refs and not any(one.role in _ACTING for one in others):
            found.append(Hindrance(
                say("Nobody but you can act for {organisation} in its open introductions ({refs}). Invite a colleague "
                    "as editor or administrator, or close them first.", organisation=organisation, refs=_listed(refs)),
                f"/organisations/{organisation.slug}/members",
            ))
    return found + _of_staff(person)


def handings(person: User) -> list[Handing]:
    """What goes into whose hands: one entry for each organisation whose listings name this person as their contact."""
    counted = select(Listing.organisation_id, func.count()).where(Listing.contact_id == person.id)
    found = []
    for organisation_id, listings in session.execute(counted.group_by(Listing.organisation_id)).all():
        acting = [one for one in _people_of(organisation_id, person) if one.role in _ACTING]
        acting.sort(key=lambda one: (one.role is not Role.ADMIN, one.user.name))
        organisation = session.get_one(Organisation, organisation_id)
        found.append(Handing(organisation, listings, [one.user for one in acting]))
    return found


def ask(person: User, successors: Mapping[str, int] | None = None) -> Deletion:
    """Let the account be deleted when the days to think it over have passed; the person is signed out everywhere."""
    if hindrances(person):
        raise Conflict(say("Others still depend on this account. Put what is listed here into other hands first."))
    now = clock.now()
    wish = Deletion(
        user_id=person.id, asked_at=now, due_at=now + timedelta(days=settings.current().deletion),
        successors=dict(successors or {}),
    )
    try:
        with transaction():
            with session.begin_nested():
                session.add(wish)
            tokens.end_all(person)
            sessions.end_all(person)
            person.session_number += 1
            audit.record(person.id, "account.deletion_asked", "user", person.id)
            _write(person, wish)
    except IntegrityError:
        raise Conflict(say("This account waits to be deleted already.")) from None
    return wish


def cancel(wish: Deletion) -> None:
    """The person keeps the account. Conflict when it is too late, or somebody did so before."""
    now = clock.now()
    with transaction():
        this = update(Deletion).where(Deletion.id == wish.id, Deletion.state == DeletionState.WAITING)
        done = session.scalar(this.values(state=DeletionState.CANCELLED, ended_at=now).returning(Deletion.id)
                              .execution_options(synchronize_session=False))
        if done is None:
            raise Conflict(say("There is nothing to take back any more."))
        audit.record(wish.user_id, "account.deletion_cancelled", "user", wish.user_id)
    session.refresh(wish)


def keeping_link(wish: Deletion) -> str:
    return links.to(f"/keep-account/{links.signer(_PURPOSE).dumps(wish.id)}")


def behind(token: str) -> Deletion | None:
    """The wish that a link in a mail takes back; None when it is forged, or nothing waits any more."""
    try:
        number = links.signer(_PURPOSE).loads(token)
    except BadData:
        return None
    wish = session.get(Deletion, number) if isinstance(number, int) else None
    return wish if wish is not None and wish.state is DeletionState.WAITING else None


def at_once(person: User) -> None:
    """Delete without days to think it over: for the command line, whose user has made sure who asks."""
    now = clock.now()
    with transaction():
        wish = pending(person)
        if wish is None:
            wish = Deletion(user_id=person.id, asked_at=now)
            session.add(wish)
        wish.due_at = now
        session.flush()
    if not _carry_out(wish.id):
        raise Conflict(say("Others still depend on this account. Put what is listed here into other hands first."))


def run() -> int:
    """The timer's turn: delete what is due; how many. What has come in the way since is told of, once, and waits."""
    due = select(Deletion.id).where(Deletion.state == DeletionState.WAITING, Deletion.due_at <= clock.now())
    numbers = session.scalars(due.order_by(Deletion.due_at).limit(_AT_ONCE)).all()
    session.rollback()
    return sum(_carry_out(number) for number in numbers)


def _carry_out(number: int) -> bool:
    wish = session.get_one(Deletion, number)
    if wish.state is DeletionState.WAITING and not hindrances(wish.user):
        sealing.erase_origins_of(wish.user_id)  # first: should this end here, the next turn does it again
    with transaction():
        this = select(Deletion).where(Deletion.id == number).with_for_update()
        wish = session.scalars(this.execution_options(populate_existing=True)).one()
        if wish.state is not DeletionState.WAITING:  # taken back at this moment
            return False
        found = hindrances(wish.user)
        if found:
            _tell_of(wish, found)
            return False
        _tell_operators(wish.user)
        wish.state, wish.ended_at = DeletionState.DONE, clock.now()
        forgetting.forget(wish.user, wish.successors)
    log.info("account=%d deleted", wish.user_id)
    return True


def _tell_of(wish: Deletion, found: list[Hindrance]) -> None:
    wish.due_at = clock.now() + timedelta(days=1)  # looked at again tomorrow
    if wish.hindered_at is None:
        wish.hindered_at = clock.now()
        messaging.post_mail(
            wish.user.email, wish.user.language, say("Your account could not be deleted yet"),
            [say("Hello {name},", name=wish.user.name),
             say("others still depend on your account. It is deleted as soon as this is settled:"),
             *(one.says for one in found)],
            found[0].url,
        )


def _tell_operators(person: User) -> None:
    """Of organisations that have nobody left."""
    for membership in _memberships(person):
        if not _people_of(membership.organisation_id, person):
            operators = select(User.id).where(User.is_operator, User.disabled_at.is_(None), User.id != person.id)
            messaging.notify(
                session.scalars(operators).all(),
                say("{organisation} has nobody left: its last account was deleted.",
                    organisation=membership.organisation),
                f"/operator/organisations/{membership.organisation.slug}", kind=messaging.Kind.ORGANISATION,
                once=f"organisation.empty:{membership.organisation_id}:{person.id}",
            )


def _write(person: User, wish: Deletion) -> None:
    messaging.post_mail(
        person.email, person.language, say("Your account will be deleted"),
        [say("Hello {name},", name=person.name),
         say("as you asked, your account will be deleted on {day}. You have been signed out everywhere. If you change "
             "your mind before then, sign in, or open this link:", day=day_of(wish.due_at.astimezone(clock.PLACE)))],
        keeping_link(wish), say("If you did not ask for this, open the link and change your password."),
        act=say("Keep my account"),
    )


def _of_staff(person: User) -> list[Hindrance]:
    found = []
    mine = Introduction.broker_id == person.id, Introduction.status != Status.CLOSED
    refs = session.scalars(select(Introduction.ref).where(*mine).order_by(Introduction.id)).all()
    if person.is_broker and refs:
        found.append(Hindrance(
            say("You are the broker of open introductions ({refs}). Hand them on to another broker first.",
                refs=_listed(refs)), "/desk/cases?broker=me",
        ))
    others = User.is_operator, User.disabled_at.is_(None), User.id != person.id
    if person.is_operator and session.scalar(select(User.id).where(*others).limit(1)) is None:
        found.append(Hindrance(
            say("You are the only operator. Open an account for another first (yinqiao user invite … --operator)."),
            "/help",
        ))
    return found


def _memberships(person: User) -> Sequence[Membership]:
    return session.scalars(select(Membership).where(Membership.user_id == person.id).order_by(Membership.id)).all()


def _people_of(organisation_id: int, but: User) -> Sequence[Membership]:
    """Those at work there besides this person, without who waits to be deleted as well."""
    going = select(Deletion.user_id).where(Deletion.state == DeletionState.WAITING)
    return session.scalars(
        select(Membership).join(Membership.user)
        .where(Membership.organisation_id == organisation_id, Membership.user_id != but.id, User.disabled_at.is_(None),
               User.id.not_in(going)).order_by(User.name, Membership.id)
    ).all()


def _open_cases_of(organisation_id: int) -> Sequence[str]:
    """Cases somebody waits in; what was merely suggested is not one of them."""
    own = select(Listing.id).where(Listing.organisation_id == organisation_id)
    return session.scalars(
        select(Introduction.ref).where(
            or_(Introduction.need_id.in_(own), Introduction.result_id.in_(own)),
            Introduction.status != Status.CLOSED, Introduction.stage >= Stage.INTEREST,
        ).order_by(Introduction.id)
    ).all()


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:SHOWN]) + (" …" if len(texts) > SHOWN else "")

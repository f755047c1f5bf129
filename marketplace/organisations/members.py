"""What people do with an organisation's members: invite, join, change roles, leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from itsdangerous import BadData
from sqlalchemy import func, select, update

from marketplace import audit, clock, outbox
from marketplace.accounts import accepting, links
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations.models import Invitation, Membership, Organisation, Role
from marketplace.organisations.permissions import Reader, can_accept, can_administer, can_remove, can_see_members
from marketplace.phrases import DEFAULT, say

LIFETIME = timedelta(days=14)


def members(actor: Reader, organisation: Organisation) -> Sequence[Membership]:
    """Who belongs to it; NotFound for strangers."""
    _require_sight(actor, organisation)
    here = select(Membership).join(Membership.user).where(Membership.organisation_id == organisation.id)
    return session.scalars(here.order_by(User.name, Membership.id)).all()


def member(actor: Reader, organisation: Organisation, membership_id: int) -> Membership:
    """One membership of this organisation; NotFound when it is another's."""
    _require_sight(actor, organisation)
    membership = session.get(Membership, membership_id)
    if membership is None or membership.organisation_id != organisation.id:
        raise NotFound
    return membership


def invitations(actor: Reader, organisation: Organisation) -> Sequence[Invitation]:
    """Who was asked and has not answered, and whose time to answer has not run out."""
    _require_sight(actor, organisation)
    waiting = (Invitation.organisation_id == organisation.id, Invitation.accepted_at.is_(None),
               Invitation.expires_at > clock.now())
    return session.scalars(select(Invitation).where(*waiting).order_by(Invitation.id.desc())).all()


def invite(actor: Reader, organisation: Organisation, email: str, role: Role) -> Invitation:
    """Ask somebody by mail to join; asking again renews the invitation."""
    require(can_administer(actor, organisation))
    assert actor is not None
    email = accounts.normal(email)
    belongs = select(Membership.id).join(Membership.user).where(
        Membership.organisation_id == organisation.id, User.email == email
    )
    if session.scalar(belongs) is not None:
        raise Invalid({"email": say("{email} belongs to the organisation already.", email=email)})
    now = clock.now()
    same = (Invitation.organisation_id == organisation.id, Invitation.email == email, Invitation.accepted_at.is_(None))
    with transaction():
        invitation = session.scalar(select(Invitation).where(*same).order_by(Invitation.id).limit(1))
        if invitation is None:
            invitation = Invitation(organisation_id=organisation.id, email=email, created_at=now)
            session.add(invitation)
        invitation.role, invitation.invited_by_id, invitation.expires_at = role, actor.id, now + LIFETIME
        outbox.publish("organisation.invited", _id_of(invitation))
        audit.record(actor.id, "member.invited", "organisation", organisation.id, invitation=invitation.id,
                     role=role.value)
    return invitation


def withdraw_invitation(actor: Reader, organisation: Organisation, invitation_id: int) -> None:
    require(can_administer(actor, organisation))
    invitation = session.get(Invitation, invitation_id)
    if invitation is None or invitation.organisation_id != organisation.id or invitation.accepted_at is not None:
        raise NotFound
    with transaction():
        audit.record(_id(actor), "member.invitation_withdrawn", "organisation", organisation.id,
                     invitation=invitation.id)
        session.delete(invitation)


def token(invitation: Invitation) -> str:
    """What the link in the mail carries."""
    return str(links.signer("join").dumps(invitation.id))


def invitation_behind(token: str) -> Invitation | None:
    """The invitation a link belongs to, while it can be accepted."""
    try:
        number = links.signer("join").loads(token)
    except BadData:
        return None
    invitation = session.get(Invitation, number) if isinstance(number, int) else None
    return invitation if invitation is not None and is_open(invitation) else None


def is_open(invitation: Invitation) -> bool:
    return invitation.accepted_at is None and invitation.expires_at > clock.now()


def has_account(invitation: Invitation) -> bool:
    """Can the invited person sign in, or do they still need a password?"""
    person = accounts.by_email(invitation.email)
    return person is not None and person.password_hash is not None


def accept(actor: Reader, invitation: Invitation) -> Membership:
    """Join. The link came by mail, so following it also proves the address."""
    require(can_accept(actor, invitation), say("This invitation was sent to another address."))
    assert actor is not None
    now = clock.now()
    with transaction():
        open_ = (Invitation.id == invitation.id, Invitation.accepted_at.is_(None), Invitation.expires_at > now)
        taken = session.execute(update(Invitation).where(*open_).values(accepted_at=now))
        if taken.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict(say("This invitation has been used, withdrawn or has expired."))
        accounts.prove_address(actor)
        mine = (Membership.user_id == actor.id, Membership.organisation_id == invitation.organisation_id)
        membership = session.scalar(select(Membership).where(*mine))
        if membership is None:
            membership = Membership(user_id=actor.id, organisation_id=invitation.organisation_id,
                                    role=invitation.role, joined_at=now)
            session.add(membership)
            session.flush()
            audit.record(actor.id, "member.joined", "organisation", invitation.organisation_id,
                         invitation=invitation.id, role=membership.role.value)
            outbox.publish("organisation.joined", membership.id)
    session.expire(actor, ["memberships"])
    return membership


def accept_as_new(
    invitation: Invitation, *, name: str, password: str, language: str = DEFAULT, editions: str | None = None
) -> User:
    """Join with an account opened for it; `editions` of the terms were accepted for it."""
    if editions is not None:
        accepting.require_shown(editions)
    with transaction():
        person = accounts.enrol(email=invitation.email, name=name, password=password, language=language)
        if editions is not None:
            accepting.accept(person)
        accept(person, invitation)
    return person


def change_role(actor: Reader, membership: Membership, role: Role) -> None:
    require(can_administer(actor, membership.organisation))
    with transaction():
        _keep_an_admin(membership, role)
        membership.role = role
        audit.record(_id(actor), "member.role", "organisation", membership.organisation_id,
                     user_id=membership.user_id, role=role)
    session.expire(membership.user, ["memberships"])


def remove(actor: Reader, membership: Membership) -> None:
    """Take somebody out of the organisation, or leave it."""
    require(can_remove(actor, membership))
    person = membership.user
    with transaction():
        _keep_an_admin(membership, None)
        audit.record(_id(actor), "member.removed", "organisation", membership.organisation_id, user_id=person.id)
        session.delete(membership)
    session.expire(person, ["memberships"])


def add(organisation: Organisation, person: User, role: Role) -> Membership:
    """Make somebody a member without asking: for the command line and the demonstration."""
    with transaction():
        membership = Membership(user_id=person.id, organisation_id=organisation.id, role=role, joined_at=clock.now())
        session.add(membership)
        audit.record(None, "member.added", "organisation", organisation.id, user_id=person.id, role=role.value)
    session.expire(person, ["memberships"])
    return membership


def admin_ids(organisation_id: int) -> Sequence[int]:
    """Whom to tell about the organisation."""
    admins = (Membership.organisation_id == organisation_id, Membership.role == Role.ADMIN)
    return session.scalars(select(Membership.user_id).where(*admins).order_by(Membership.user_id)).all()


def _keep_an_admin(membership: Membership, role: Role | None) -> None:
    # Two administrators who demote each other at once wait for one another here.
    session.execute(select(Organisation.id).where(Organisation.id == membership.organisation_id).with_for_update())
    session.refresh(membership)
    if membership.role is not Role.ADMIN or role is Role.ADMIN:
        return
    others = (Membership.organisation_id == membership.organisation_id, Membership.role == Role.ADMIN,
              Membership.id != membership.id)
    if not session.scalar(select(func.count()).select_from(Membership).where(*others)):
        raise Conflict(say("An organisation needs an administrator. Make somebody else one first."))


def _require_sight(actor: Reader, organisation: Organisation) -> None:
    if not can_see_members(actor, organisation):
        raise NotFound


def _id_of(invitation: Invitation) -> int:
    session.flush()
    return invitation.id


def _id(actor: Reader) -> int | None:
    return actor.id if actor is not None else None

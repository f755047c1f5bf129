"""What invited people do: say how often they may be asked, and whether they come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from itsdangerous import BadData
from sqlalchemy import func, select

from marketplace import audit, clock
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, NotFound
from marketplace.events import attending
from marketplace.events.models import Answer, Edition, EventInvitation, InvitationWish, Often, Registration
from marketplace.messaging import preferences
from marketplace.messaging.kinds import Frequency, Kind
from marketplace.organisations.permissions import organisation_ids
from marketplace.phrases import Label, say

USUAL = Often.MONTHLY
"""For who has said nothing."""
GAPS: dict[Often, timedelta | None] = {
    Often.ALWAYS: timedelta(0), Often.WEEKLY: timedelta(days=7), Often.MONTHLY: timedelta(days=30),
    Often.QUARTERLY: timedelta(days=91), Often.NEVER: None,
}
"""At least so long from one invitation to the next; None: none at all."""
OFTEN = {
    Often.ALWAYS: Label("每次有合适的活动", "Whenever an event suits me"),
    Often.WEEKLY: Label("每周至多一次", "At most once a week"),
    Often.MONTHLY: Label("每月至多一次", "At most once a month"),
    Often.QUARTERLY: Label("每季度至多一次", "At most once in three months"),
    Often.NEVER: Label("不再邀请", "Never"),
}
ANSWERS = {
    Answer.ACCEPTED: Label("接受", "Accepted"),
    Answer.DECLINED: Label("婉拒", "Declined"),
}
LIFETIME = timedelta(days=180)
_PURPOSE = "event invitation"


def wishes(people: Collection[int]) -> dict[int, Often]:
    """How often each of these may be invited. Whoever has ended mails of this kind is not invited at all."""
    rows = session.scalars(select(InvitationWish).where(InvitationWish.user_id.in_(people)))
    said = {**dict.fromkeys(people, USUAL), **{row.user_id: row.often for row in rows}}
    mailed = preferences.of_people(list(people), Kind.INVITATIONS)
    return {person: Often.NEVER if mailed[person] is Frequency.NEVER else often for person, often in said.items()}


def last_asked(people: Collection[int]) -> dict[int, datetime]:
    """When each of them last heard of an invitation, be it a reminder."""
    rows = session.execute(
        select(EventInvitation.user_id, func.max(EventInvitation.sent_at), func.max(EventInvitation.reminded_at))
        .where(EventInvitation.user_id.in_(people)).group_by(EventInvitation.user_id)
    )
    return {row[0]: max(row[1], row[2] or row[1]) for row in rows}


def may_be_asked(often: Often, last: datetime | None) -> bool:
    gap = GAPS[often]
    return gap is not None and (last is None or last + gap <= clock.now())


def wish_of(actor: User) -> Often:
    return wishes([actor.id])[actor.id]


def choose(actor: User, often: Often) -> None:
    """From now on. Whoever wants invitations again wants their mails again, too."""
    with transaction():
        session.merge(InvitationWish(user_id=actor.id, often=often))
        mailed = preferences.of(actor)[Kind.INVITATIONS]
        if often is not Often.NEVER and mailed is Frequency.NEVER:
            preferences.choose(actor, {Kind.INVITATIONS: Frequency.AT_ONCE})
        audit.record(actor.id, "event.invitations_wanted", "user", actor.id, often=often.value)


def mine(actor: User) -> Sequence[EventInvitation]:
    """Invitations to what is still to come, the next first."""
    return session.scalars(
        select(EventInvitation).join(Edition, Edition.id == EventInvitation.edition_id)
        .where(EventInvitation.user_id == actor.id, Edition.ends_at > clock.now())
        .order_by(Edition.starts_at, EventInvitation.id)
    ).all()


def token(invitation: EventInvitation) -> str:
    return str(links.signer(_PURPOSE).dumps([invitation.id, invitation.user_id]))


def path(invitation: EventInvitation) -> str:
    """Where its person says whether they come, without signing in."""
    return f"/events/invitations/{token(invitation)}"


def behind(token: str) -> EventInvitation:
    """NotFound when the link is forged or too old, or its person has gone."""
    try:
        number, person = links.signer(_PURPOSE).loads(token, max_age=int(LIFETIME.total_seconds()))
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    found = session.get(EventInvitation, number)
    if found is None or found.user_id != person or not found.user.is_active:
        raise NotFound
    return found


def answer(invitation: EventInvitation, said: Answer) -> Registration | None:
    """Come, or not: their registration, if they have one. Saying it twice changes nothing; saying the other thing
    changes it, until the event begins."""
    person, edition = invitation.user, invitation.edition
    with transaction():
        attending.lock(edition)
        session.refresh(invitation)
        theirs = attending.of(person, edition)
        if said is Answer.ACCEPTED:
            at = invitation.organisation_id
            theirs = attending.register(person, edition, at if at in organisation_ids(person) else None)
        elif edition.has_begun and invitation.answer is not said:
            raise Conflict(say("The event has begun; there is nothing left to answer."))
        elif theirs is not None:
            attending.cancel(person, edition)
        if invitation.answer is not said:
            invitation.answer, invitation.answered_at = said, clock.now()
            audit.record(person.id, "event.invitation_answered", "event", edition.id, answer=said.value)
    return theirs

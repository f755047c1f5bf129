"""What people are told when a park counts their organisation among its own, or another park asks for partnership."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.db import session
from marketplace.messaging import service
from marketplace.messaging.kinds import Kind
from marketplace.organisations import members
from marketplace.organisations.park_models import ParkMember, Partnership
from marketplace.phrases import say


def member_added(ids: list[int]) -> None:
    """park.member: the organisation's administrators learn of it, and where to leave."""
    for row in session.scalars(select(ParkMember).where(ParkMember.id.in_(ids))).all():
        service.notify(
            members.admin_ids(row.organisation_id),
            say("{park} counts {organisation} among its members.", park=row.park, organisation=row.organisation),
            f"/organisations/{row.organisation.slug}", kind=Kind.ORGANISATION, once=f"park.member:{row.id}",
        )


def partner(ids: list[int]) -> None:
    """park.partner: the park that is asked hears of it, and the one that asked hears the answer."""
    for row in session.scalars(select(Partnership).where(Partnership.id.in_(ids))).all():
        if row.agreed_at is None:
            told, phrase = row.partner, say("{park} asks that each of you may look into the other's list of members.",
                                            park=row.park)
        else:
            told, phrase = row.park, say("{park} agrees: each of you may look into the other's list of members.",
                                         park=row.partner)
        service.notify(members.admin_ids(told.id), phrase, f"/parks/{told.slug}/members", kind=Kind.ORGANISATION,
                       once=f"park.partner:{row.id}:{row.agreed_at is not None}")

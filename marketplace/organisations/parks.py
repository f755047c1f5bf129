"""What parks do: keep a list of their own members, and look into each other's lists once both want it. The only
writer of these tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations.models import Kind, Membership, Organisation, State
from marketplace.organisations.park_models import ParkMember, Partnership
from marketplace.organisations.permissions import (
    Reader,
    can_administer,
    editable_ids,
    memberships,
    organisation_ids,
)
from marketplace.phrases import say

STALE = say("Somebody else changed it while you were writing. What you wrote is still here: compare it with the page "
            "as it is now, then save again.")


def can_keep(actor: Reader, park: Organisation) -> bool:
    """The own editors of a park that has been verified, and operators who help them: who calls itself a park could
    otherwise count anybody among its own."""
    return actor is not None and park.is_verified and (actor.is_operator or park.id in editable_ids(actor))


def can_look(actor: Reader, park: Organisation) -> bool:
    """The park's people, those of its partners, and platform staff. A park that is not verified, or no longer, and
    its partner do not look into each other's list."""
    if actor is None:
        return False
    if actor.is_reviewer or park.id in organisation_ids(actor):
        return True
    return park.is_verified and not partner_ids([park.id]).isdisjoint(_verified_ids(actor))


def get(actor: Reader, slug: str) -> Organisation:
    """The park, for those who may look into its list; otherwise NotFound."""
    this = select(Organisation).where(Organisation.slug == slug, Organisation.kind == Kind.PARK)
    park = session.scalar(this)
    if park is None or not can_look(actor, park):
        raise NotFound
    return park


def to_keep(actor: Reader, slug: str) -> Organisation:
    """The park, for those who write its list."""
    park = get(actor, slug)
    if not can_keep(actor, park):
        raise NotFound
    return park


def looks_into(actor: Reader) -> Sequence[Organisation]:
    """The parks whose lists this reader may look into, by name."""
    if actor is None:
        return []
    parks = select(Organisation).where(Organisation.kind == Kind.PARK, Organisation.state == State.VERIFIED)
    if not actor.is_reviewer:
        own = organisation_ids(actor)
        if not own:
            return []
        parks = parks.where(Organisation.id.in_({*own, *partner_ids(_verified_ids(actor))}))
    return session.scalars(parks.order_by(Organisation.name, Organisation.id)).all()


def partner_ids(parks: Sequence[int]) -> set[int]:
    """The parks that have agreed with one of these."""
    agreed = select(Partnership.park_id, Partnership.partner_id).where(
        Partnership.agreed_at.is_not(None),
        or_(Partnership.park_id.in_(parks), Partnership.partner_id.in_(parks)))
    return {one for row in session.execute(agreed) for one in row} - set(parks)


def members(actor: Reader, park: Organisation) -> Sequence[ParkMember]:
    """All it counts among its own, by name."""
    require(can_look(actor, park))
    here = select(ParkMember).join(Organisation, Organisation.id == ParkMember.organisation_id)
    return session.scalars(here.where(ParkMember.park_id == park.id).order_by(Organisation.name, ParkMember.id)).all()


def some_members(actor: Reader, park: Organisation, *, page: int, size: int) -> tuple[Sequence[ParkMember], int]:
    """(one page of them, how many there are)."""
    require(can_look(actor, park))
    here = select(ParkMember).where(ParkMember.park_id == park.id)
    total = session.scalar(select(func.count()).select_from(here.subquery())) or 0
    by_name = here.join(Organisation, Organisation.id == ParkMember.organisation_id)
    by_name = by_name.order_by(Organisation.name, ParkMember.id).limit(size).offset((page - 1) * size)
    return session.scalars(by_name).all(), total


def require_look(actor: Reader, slug: str) -> None:
    """A program that narrows by a park is told when it may not look into that one's list; none is named: no matter."""
    known = [one.slug for one in looks_into(actor)] if slug else []
    if slug and slug not in known:
        raise Invalid({"park": say("“{input}” is no park whose list you may look into. Those are: {parks}.",
                                   input=slug[:60], parks=", ".join(known) or "–")})


def readable(actor: Reader, park_slug: str, number: int) -> ParkMember:
    """One row, for those who look into the park's list, and for the organisation that it is about."""
    row = session.get(ParkMember, number)
    if row is None or row.park.slug != park_slug or not (
        can_look(actor, row.park) or can_administer(actor, row.organisation)
    ):
        raise NotFound
    return row


def member(actor: Reader, park_slug: str, number: int) -> ParkMember:
    """One row, for the park's keepers and for the organisation that it is about."""
    row = session.get(ParkMember, number)
    if row is None or row.park.slug != park_slug or not (
        can_keep(actor, row.park) or can_administer(actor, row.organisation)
    ):
        raise NotFound
    return row


def of(actor: Reader, organisation: Organisation) -> Sequence[ParkMember]:
    """The parks that count it among theirs, as far as this reader may know."""
    rows = session.scalars(select(ParkMember).where(ParkMember.organisation_id == organisation.id)).all()
    own = organisation.id in organisation_ids(actor)
    return [row for row in rows if own or can_look(actor, row.park)]


def stewards(park: Organisation) -> Sequence[User]:
    """Who may answer for a member: the park's own people."""
    here = select(User).join(Membership, Membership.user_id == User.id).where(
        Membership.organisation_id == park.id, User.disabled_at.is_(None))
    return session.scalars(here.order_by(User.name, User.id)).all()


def add(
    actor: Reader, park: Organisation, *, organisation: str, since: date, steward_id: int | None = None,
    note: str | None = None,
) -> ParkMember:
    """Count an organisation, named by its address or its full name, among the park's own; its people are told."""
    require(can_keep(actor, park))
    found = _named(organisation)
    if found.id == park.id:
        raise Invalid({"organisation": say("A park is not a member of itself.")})
    _check(park, since, steward_id)
    with transaction():
        row = ParkMember(park=park, organisation=found, since=since, steward_id=steward_id, note=note,
                         created_at=clock.now(), created_by_id=_id(actor))
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            again = say("{organisation} is on the list already.", organisation=found)
            raise Invalid({"organisation": again}) from None
        audit.record(_id(actor), "park.member_added", "organisation", park.id, organisation=found.id)
        outbox.publish("park.member", row.id)
    return row


def change(
    actor: Reader, row: ParkMember, *, version: int, since: date, steward_id: int | None = None,
    note: str | None = None,
) -> None:
    require(can_keep(actor, row.park))
    if version != row.version:
        raise Conflict(STALE)
    _check(row.park, since, steward_id)
    with transaction():
        row.since, row.steward_id, row.note = since, steward_id, note
        audit.record(_id(actor), "park.member_changed", "organisation", row.park_id, organisation=row.organisation_id)
    session.expire(row, ["steward"])


def remove(actor: Reader, row: ParkMember) -> None:
    """The park lets it go, or it leaves."""
    require(can_keep(actor, row.park) or can_administer(actor, row.organisation))
    with transaction():
        audit.record(_id(actor), "park.member_removed", "organisation", row.park_id, organisation=row.organisation_id)
        session.delete(row)


def partnerships(actor: Reader, park: Organisation) -> Sequence[Partnership]:
    """Those agreed and those asked for, for the park's own people."""
    require(can_look(actor, park))
    here = or_(Partnership.park_id == park.id, Partnership.partner_id == park.id)
    return session.scalars(select(Partnership).where(here).order_by(Partnership.id)).all()


def partnership(actor: Reader, slug: str, number: int) -> tuple[Organisation, Partnership]:
    park, row = to_keep(actor, slug), session.get(Partnership, number)
    if row is None or park.id not in (row.park_id, row.partner_id):
        raise NotFound
    return park, row


def ask(actor: Reader, park: Organisation, partner: str) -> Partnership:
    """Ask another park to let each look into the other's list."""
    require(can_keep(actor, park))
    other = _named(partner, "partner")
    if other.kind is not Kind.PARK or other.id == park.id:
        raise Invalid({"partner": say("{organisation} is not another park.", organisation=other)})
    with transaction():
        both = select(Organisation.id).where(Organisation.id.in_([park.id, other.id])).order_by(Organisation.id)
        session.execute(both.with_for_update())  # two parks that ask each other at once wait for one another here
        if _between(park, other) is not None:
            raise Invalid({"partner": say("You and {organisation} have agreed, or one has asked the other already.",
                                          organisation=other)})
        row = Partnership(park=park, partner=other, asked_at=clock.now(), asked_by_id=_id(actor))
        session.add(row)
        session.flush()
        audit.record(_id(actor), "park.partner_asked", "organisation", park.id, organisation=other.id)
        outbox.publish("park.partner", row.id)
    return row


def agree(actor: Reader, park: Organisation, row: Partnership) -> None:
    """The park that was asked says yes."""
    require(can_keep(actor, park))
    if park.id != row.partner_id:
        raise Conflict(say("The park that was asked agrees."))
    with transaction():
        open_ = update(Partnership).where(Partnership.id == row.id, Partnership.agreed_at.is_(None))
        yes = open_.values(agreed_at=clock.now(), agreed_by_id=_id(actor)).returning(Partnership.id)
        if session.scalar(yes.execution_options(synchronize_session=False)) is None:
            return  # the button was pressed twice
        audit.record(_id(actor), "park.partner_agreed", "organisation", park.id, organisation=row.park_id)
        outbox.publish("park.partner", row.id)
    session.refresh(row)


def end(actor: Reader, park: Organisation, row: Partnership) -> None:
    """Neither looks into the other's list any more."""
    require(can_keep(actor, park))
    with transaction():
        audit.record(_id(actor), "park.partner_ended", "organisation", row.park_id, organisation=row.partner_id)
        session.delete(row)


def _between(one: Organisation, other: Organisation) -> Partnership | None:
    pairs: Select[Partnership] = select(Partnership).where(
        or_((Partnership.park_id == one.id) & (Partnership.partner_id == other.id),
            (Partnership.park_id == other.id) & (Partnership.partner_id == one.id)))
    return session.scalars(pairs.limit(1)).first()


def _named(text: str, field: str = "organisation") -> Organisation:
    """A verified organisation by its address (or the last part of it) or its full name in either language."""
    text = text.strip()
    known = or_(Organisation.slug == text.rstrip("/").rpartition("/")[2], Organisation.name == text,
                Organisation.name_en == text)
    found = session.scalars(select(Organisation).where(Organisation.state == State.VERIFIED, known).limit(2)).all()
    if len(found) != 1:
        raise Invalid({field: say("There is no verified organisation “{input}”. Give its full name, or the address of "
                                  "its page here.", input=text[:60])})
    return found[0]


def _check(park: Organisation, since: date, steward_id: int | None) -> None:
    if since > clock.today():
        raise Invalid({"since": say("This day has not come yet.")})
    if steward_id is not None and steward_id not in {one.id for one in stewards(park)}:
        raise Invalid({"steward_id": say("Choose one of the park's own people.")})


def _verified_ids(actor: Reader) -> list[int]:
    return [one.organisation_id for one in memberships(actor) if one.organisation.is_verified]


def _id(actor: Reader) -> int | None:
    return actor.id if actor is not None else None

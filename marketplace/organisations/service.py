"""What people do with organisations. With members.py, which is about their people, the only writer of this room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.accounts.permissions import CONFIRM_FIRST
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations import mailboxes, slugs
from marketplace.organisations.models import Kind, Membership, MembershipClass, Organisation, Role, State
from marketplace.organisations.permissions import (
    Reader,
    can_administer,
    can_create,
    can_see,
    can_verify,
    memberships,
    visible_to,
)
from marketplace.phrases import say

MOST_PENDING = 3
"""How many organisations of one founder may wait to be verified at a time."""
IDENTITY = ("name", "credit_code")
"""What an operator has verified, and only an operator changes afterwards."""


def get(actor: Reader, slug: str) -> Organisation:
    """The organisation, if this reader may know of it; otherwise NotFound."""
    organisation = session.scalar(select(Organisation).where(Organisation.slug == slug))
    if organisation is None or not can_see(actor, organisation):
        raise NotFound
    return organisation


def visible_slugs(actor: Reader, slugs: Sequence[str]) -> Sequence[str]:
    """Those of these organisations that this reader may know of."""
    return session.scalars(select(Organisation.slug).where(Organisation.slug.in_(slugs), visible_to(actor))).all()


def to_edit(actor: Reader, slug: str) -> Organisation:
    """The organisation, for those who may change it."""
    organisation = get(actor, slug)
    require(can_administer(actor, organisation))
    return organisation


def to_decide(actor: Reader, slug: str) -> Organisation:
    """The organisation, for those who verify; nobody else learns whether it exists."""
    require(can_verify(actor))
    return get(actor, slug)


def find(
    actor: Reader, text: str = "", kind: Kind | None = None, *, page: int = 1, size: int = 20
) -> tuple[Sequence[Organisation], int]:
    """(one page of the organisations this reader may see, by name; how many there are)."""
    wanted: list[ColumnElement[bool]] = [visible_to(actor)]
    if text:
        wanted.append(
            Organisation.name.icontains(text, autoescape=True) | Organisation.name_en.icontains(text, autoescape=True)
        )
    if kind is not None:
        wanted.append(Organisation.kind == kind)
    return _page(select(Organisation), wanted, [Organisation.name, Organisation.id], page, size)


def create(
    actor: Reader, *, name: str, kind: Kind, name_en: str | None = None, slug: str | None = None,
    credit_code: str | None = None, **fields: Any,
) -> Organisation:
    """Found an organisation: the founder administers it, and an operator is asked to verify it."""
    require(can_create(actor), CONFIRM_FIRST)
    assert actor is not None
    pending = (Organisation.created_by_id == actor.id, Organisation.state == State.PENDING)
    if (session.scalar(select(func.count()).where(*pending)) or 0) >= MOST_PENDING and not actor.is_reviewer:
        raise Conflict(say("{count} organisations of yours wait to be verified. Register the next once they are.",
                           count=MOST_PENDING))
    now = clock.now()
    with transaction():
        _check_unique(None, name, credit_code)
        organisation = Organisation(
            slug=_free_slug(slug, name, name_en), name=name, name_en=name_en, kind=kind, credit_code=credit_code,
            created_at=now, created_by_id=actor.id, **fields,
        )
        _save(organisation)
        session.add(Membership(user_id=actor.id, organisation_id=organisation.id, role=Role.ADMIN, joined_at=now))
        audit.record(actor.id, "organisation.founded", "organisation", organisation.id)
        outbox.publish("organisation.registered", organisation.id)
    session.expire(actor, ["memberships"])
    return organisation


def edit(actor: Reader, organisation: Organisation, *, version: int, **fields: Any) -> None:
    """Change what is said about the organisation. One that was refused is thereby shown to the operators again."""
    require(can_administer(actor, organisation))
    if version != organisation.version:
        raise Conflict(say("Somebody else changed it while you were writing. What you wrote is still here: compare it "
                           "with the page as it is now, then save again."))
    if organisation.is_verified and not can_verify(actor):
        for field in IDENTITY:
            if field in fields and fields[field] != getattr(organisation, field):
                raise Invalid({field: say("This has been verified. Ask the platform to change it.")})
    with transaction():
        _check_unique(organisation, fields.get("name", organisation.name), fields.get("credit_code"))
        mailbox = organisation.mailbox
        changed = sorted(field for field, value in fields.items() if value != getattr(organisation, field))
        for field, value in fields.items():
            setattr(organisation, field, value)
        if organisation.mailbox != mailbox:
            mailboxes.changed(organisation)
        again = organisation.state is State.REFUSED
        if again:
            organisation.state, organisation.reason = State.PENDING, None
        _save(organisation)
        audit.record(_id(actor), "organisation.changed", "organisation", organisation.id, fields=changed)
        outbox.publish("organisation.changed", organisation.id)
        if again:
            outbox.publish("organisation.registered", organisation.id)


def set_approval(actor: Reader, organisation: Organisation, required: bool) -> None:
    """Must an administrator look at listings before they are submitted?"""
    require(can_administer(actor, organisation))
    with transaction():
        organisation.requires_approval = required
        audit.record(_id(actor), "organisation.approval", "organisation", organisation.id, required=required)


def queue(
    actor: Reader, state: State = State.PENDING, *, page: int = 1, size: int = 20
) -> tuple[Sequence[Organisation], int]:
    """(one page of the organisations in a state, those that have waited longest first; how many there are)."""
    require(can_verify(actor))
    with_people = select(Organisation).options(joinedload(Organisation.created_by), joinedload(Organisation.steward))
    return _page(with_people, [Organisation.state == state], [Organisation.created_at, Organisation.id], page, size)


def verify(actor: Reader, organisation: Organisation) -> None:
    """The organisation is what it says: its listings can go out, its people read tier 1."""
    require(can_verify(actor))
    _decide(actor, organisation, State.VERIFIED, (State.PENDING, State.REFUSED), None)


def refuse(actor: Reader, organisation: Organisation, reason: str) -> None:
    """Do not verify it, or no longer; its administrators read why."""
    require(can_verify(actor))
    if not reason.strip():
        raise Invalid({"reason": say("Say why; the administrators read it and can mend it.")})
    _decide(actor, organisation, State.REFUSED, (State.PENDING, State.VERIFIED), reason.strip())


def place(
    actor: Reader, organisation: Organisation, *, membership: MembershipClass, steward_id: int | None,
    member_since: date | None = None,
) -> None:
    """Say what the organisation is to the platform, since when (None: since it was verified), and who of the staff
    answers for it."""
    require(can_verify(actor))
    if member_since is not None and member_since > clock.today():
        raise Invalid({"member_since": say("This day has not come yet.")})
    if steward_id is not None:
        steward = session.get(User, steward_id)
        if steward is None or not steward.is_reviewer or not steward.is_active:
            raise Invalid({"steward_id": say("Choose somebody of the staff.")})
    changed = organisation.steward_id != steward_id
    with transaction():
        organisation.membership, organisation.steward_id = membership, steward_id
        organisation.member_since = member_since
        audit.record(_id(actor), "organisation.placed", "organisation", organisation.id, membership=membership.value,
                     steward=steward_id)
        outbox.publish("organisation.changed", organisation.id)
        if changed and steward_id is not None:
            outbox.publish("organisation.steward", organisation.id)
    session.expire(organisation, ["steward"])


def _decide(
    actor: Reader, organisation: Organisation, state: State, expected: tuple[State, ...], reason: str | None
) -> None:
    assert actor is not None
    with transaction():
        moved = session.execute(
            update(Organisation)
            .where(Organisation.id == organisation.id, Organisation.state.in_(expected))
            .values(state=state, reason=reason, decided_at=clock.now(), decided_by_id=actor.id,
                    version=Organisation.version + 1)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict(say("Somebody else has decided this already."))
        session.refresh(organisation)
        audit.record(actor.id, f"organisation.{state}", "organisation", organisation.id)
        outbox.publish("organisation.changed", organisation.id)
        outbox.publish("organisation.decided", organisation.id)


def _page(
    rows: Select[Organisation], wanted: list[ColumnElement[bool]], order: list[Any], page: int, size: int
) -> tuple[Sequence[Organisation], int]:
    total = session.scalar(select(func.count()).select_from(Organisation).where(*wanted)) or 0
    rows = rows.where(*wanted).order_by(*order)
    return session.scalars(rows.limit(size).offset((page - 1) * size)).all(), total


def _check_unique(organisation: Organisation | None, name: str, credit_code: str | None) -> None:
    here = organisation.id if organisation is not None else None
    others = select(Organisation.id).where(Organisation.id.is_not(None) if here is None else Organisation.id != here)
    if session.scalar(others.where(Organisation.name == name).limit(1)) is not None:
        raise Invalid({"name": say("{name} is here already. Ask its administrators to invite you.", name=name)})
    if credit_code and session.scalar(others.where(Organisation.credit_code == credit_code).limit(1)) is not None:
        raise Invalid({"credit_code": say("An organisation with this credit code is here already. Ask its "
                                          "administrators to invite you.")})


def _free_slug(wanted: str | None, name: str, name_en: str | None) -> str:
    if wanted is not None and not slugs.is_slug(wanted):
        raise Invalid({"slug": say("Small letters, digits and hyphens, at most {max}.", max=slugs.LONGEST)})
    for slug in [wanted] if wanted else slugs.candidates(name, name_en):
        if session.scalar(select(Organisation.id).where(Organisation.slug == slug)) is None:
            return slug
    raise Invalid({"slug": say("“{slug}” is taken.", slug=wanted)})


def _save(organisation: Organisation) -> None:
    try:
        with session.begin_nested():
            session.add(organisation)
            session.flush()
    except IntegrityError:  # somebody founded the same a moment ago
        raise Conflict(say("An organisation like this has just been entered. Load the page again.")) from None


def _id(actor: Reader) -> int | None:
    return actor.id if actor is not None else None


def roles(actor: Reader) -> Sequence[Membership]:
    """The reader's own memberships."""
    return memberships(actor)

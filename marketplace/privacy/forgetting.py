"""Making somebody nobody: what holdings.py decides is done to every table, in one transaction.

The row of the person stays, without name and address, because history and figures lead to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import Base, session, transaction
from marketplace.events import attending
from marketplace.events.models import Attendance, Edition, Registration
from marketplace.files.models import StoredFile
from marketplace.introductions.models import Introduction
from marketplace.listings.models import Listing, State
from marketplace.messaging import mail
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations.models import Membership, Role
from marketplace.privacy import service
from marketplace.privacy.holdings import TABLES, Fate, Table
from marketplace.privacy.models import Export

NAME = "已注销用户 (deleted person)"
"""What stands where their name stood. It is data, read by people of both languages beside one another."""
_ACTING = (Role.ADMIN, Role.EDITOR)
_UNTOLD = {"synchronize_session": False}


def address_of(person_id: int) -> str:
    """What stands where their address stood: unique, and no mail arrives there (RFC 2606)."""
    return f"deleted-{person_id}@deleted.invalid"


def is_forgotten(person: User) -> bool:
    return person.email == address_of(person.id)


def forget(person: User, successors: Mapping[str, Any] | None = None) -> None:
    """Take out of the database what says who this person is. Doing it again changes nothing.

    `successors`: organisation's number -> who becomes the contact of its listings. Figures stay as they are.
    """
    with transaction():
        _give_places_back(person)
        service.end_copies(Export.user_id == person.id)
        mails = _forget_mails(person)
        _hand_over(person, successors or {})
        _hide_in_notices_of_others(person)
        lonely = _organisations_without(person)
        for table in TABLES:
            _apply(table, person)
        drop_listings(
            Listing.organisation_id.in_(lonely), Listing.created_by_id == person.id, Listing.state == State.DRAFT
        )
        _blank(person)
        audit.record(None, "account.forgotten", "user", person.id)
        session.flush()
    mail.forget_files(mails)
    session.expire_all()


def drop_row(person_id: int) -> bool:
    """Delete the row of somebody who is forgotten, unless something still leads to it."""
    try:
        with transaction():
            session.execute(delete(User).where(User.id == person_id, User.email == address_of(person_id))
                            .execution_options(**_UNTOLD))
    except IntegrityError:
        return False
    return True


def drop_listings(*which: ColumnElement[bool]) -> int:
    """Delete listings that were never shown, with what hangs on them; how many. Their files' bytes go with the next
    sweep."""
    never_shown = Listing.published_at.is_(None), ~exists().where(
        or_(Introduction.need_id == Listing.id, Introduction.result_id == Listing.id)
    )
    ids = list(session.scalars(select(Listing.id).where(*which, *never_shown)))
    with transaction():
        session.execute(delete(StoredFile).where(
            StoredFile.subject_kind == "listing", StoredFile.subject_id.in_(ids)
        ).execution_options(**_UNTOLD))
        session.execute(delete(Listing).where(Listing.id.in_(ids)).execution_options(**_UNTOLD))
    return len(ids)


def _apply(table: Table, person: User) -> None:
    rows = Base.metadata.tables[table.name]
    for name, fate in [*table.people.items(), *table.addresses.items()]:
        theirs = rows.c[name] == (person.email if name in table.addresses else person.id)
        if fate is Fate.REMOVED:
            session.execute(delete(rows).where(theirs))
        elif fate in (Fate.CLEARED, Fate.HANDED):
            session.execute(update(rows).where(theirs).values({name: None}))
    if table.name == "users":
        return  # `_blank`
    cleared = {name: None for name, fate in table.own.items() if fate is Fate.CLEARED}
    if cleared:
        theirs = or_(*(rows.c[name] == person.id for name in table.people))
        session.execute(update(rows).where(theirs).values(cleared))


def _blank(person: User) -> None:
    session.refresh(person)
    person.email, person.name = address_of(person.id), NAME
    person.phone = person.password_hash = None
    person.is_broker = person.is_operator = False
    person.session_number += 1
    person.disabled_at = person.disabled_at or clock.now()


def _give_places_back(person: User) -> None:
    """At events that have not begun: others wait for them."""
    coming = select(Edition).join(Registration, Registration.edition_id == Edition.id).where(
        Registration.user_id == person.id, Registration.state != Attendance.CANCELLED, Edition.starts_at > clock.now()
    )
    for edition in session.scalars(coming.order_by(Edition.id)).all():
        attending.cancel(person, edition)


def _hand_over(person: User, successors: Mapping[str, Any]) -> None:
    """Their listings get another contact where somebody is left."""
    contact = Listing.contact_id == person.id
    for organisation_id in session.scalars(select(Listing.organisation_id).where(contact).distinct()).all():
        heir = _heir(organisation_id, person, successors.get(str(organisation_id)))
        theirs = update(Listing).where(contact, Listing.organisation_id == organisation_id).values(contact_id=heir)
        session.execute(theirs.execution_options(**_UNTOLD))


def _heir(organisation_id: int, person: User, wanted: Any) -> int | None:
    """Who was named, if they still can; else the first administrator, else the first editor."""
    acting = select(Membership).join(Membership.user).where(
        Membership.organisation_id == organisation_id, Membership.role.in_(_ACTING), Membership.user_id != person.id,
        User.disabled_at.is_(None),
    )
    left = sorted(session.scalars(acting), key=lambda one: (one.user_id != wanted, one.role is not Role.ADMIN, one.id))
    return left[0].user_id if left else None


def _organisations_without(person: User) -> list[int]:
    """Organisations that nobody is left in when this person goes."""
    mine = select(Membership.organisation_id).where(Membership.user_id == person.id)
    others = select(Membership.organisation_id).where(Membership.user_id != person.id)
    return list(session.scalars(mine.where(Membership.organisation_id.not_in(others))))


def _forget_mails(person: User) -> list[int]:
    """Mails to them, and mails to others that name them and have left."""
    named = OutgoingMail.sent_at.is_not(None) & or_(
        OutgoingMail.subject.contains(person.name, autoescape=True),
        OutgoingMail.body.contains(person.name, autoescape=True),
    )
    gone = delete(OutgoingMail).where(or_(OutgoingMail.to == person.email, named)).returning(OutgoingMail.id)
    return list(session.scalars(gone.execution_options(**_UNTOLD)))


def _hide_in_notices_of_others(person: User) -> None:
    """Sentences such as “{person} has joined {organisation}.” carry names."""
    named = select(Notice.id, Notice.values).where(
        or_(*(Notice.msgid.contains(f"{{{place}}}") for place in ("person", "broker"))),
        Notice.created_at >= person.created_at, Notice.user_id != person.id,
    )
    for number, values in session.execute(named.execution_options(yield_per=1_000)).all():
        hidden = {name: NAME if name in ("person", "broker") and value == person.name else value
                  for name, value in values.items()}
        if hidden != values:
            this = update(Notice).where(Notice.id == number).values(values=hidden)
            session.execute(this.execution_options(**_UNTOLD))

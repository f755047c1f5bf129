"""Inviting people to an edition: who suits it and why, who has allowed it, and telling them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import contains_eager

from marketplace import audit, clock, outbox, regions
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, require
from marketplace.events import invited, welcoming
from marketplace.events.models import Edition, EventInvitation, Often, Registration
from marketplace.events.permissions import can_run
from marketplace.listings.models import OPEN_FOR_INTEREST, Listing
from marketplace.listings.models import Kind as ListingKind
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Kind, Membership, Organisation, Role, State
from marketplace.organisations.vocabulary import KINDS
from marketplace.phrases import Label, Phrase, say

MOST = 300
"""People invited, or shown in the preview, at a time."""
CONTACTS = 2
"""Of one organisation, when several people stand behind what it offers or needs."""
_SHOWN_TITLES = 2

HAS = {
    ListingKind.NEED: Label("有公开的需求", "An open need"),
    ListingKind.RESULT: Label("有公开的成果", "A published result"),
}


@dataclass(frozen=True)
class Filter:
    """Whom the edition is for. An empty one is everybody."""

    kinds: tuple[Kind, ...] = ()
    region: str | None = None
    field: str | None = None
    """One of listings.vocabulary.FIELDS."""
    has: ListingKind | None = None
    """An open need, or a result that is offered; with only a field, either."""
    brokers: bool = False
    """Brokers of the platform too: every table wants one."""


@dataclass
class Candidate:
    """Somebody who suits the filter."""

    person: User
    organisation: Organisation | None
    why: dict[str, Any] = field(default_factory=dict)
    hindrance: Phrase | None = None
    """Why they are not invited now."""


@dataclass(frozen=True)
class Preview:
    candidates: Sequence[Candidate]
    organisations: int
    more: int = 0
    """Organisations that suit, and are beyond what is shown at a time."""

    @property
    def free(self) -> list[Candidate]:
        return [one for one in self.candidates if one.hindrance is None]

    @property
    def left_out(self) -> list[Candidate]:
        return [one for one in self.candidates if one.hindrance is not None]


def preview(actor: User, edition: Edition, wanted: Filter) -> Preview:
    """Who would be invited and why, and who would not be and why not."""
    require(can_run(actor))
    suiting = _organisations(wanted)
    organisations = session.scalars(suiting.order_by(Organisation.name, Organisation.id).limit(MOST)).all()
    total = session.scalar(select(func.count()).select_from(suiting.order_by(None).subquery())) or 0
    found = _people_of(organisations, _listings(organisations, wanted))
    if wanted.brokers:
        found += [Candidate(one, None, {"broker": True}) for one in _brokers()]
    unique = list({one.person.id: one for one in reversed(found)}.values())[::-1]
    _hinder(edition, unique)
    return Preview(unique, len(organisations), total - len(organisations))


def invite(actor: User, edition: Edition, wanted: Filter, people: Collection[int]) -> int:
    """Ask these of the people who suit; how many were asked. Who suits, and who allows it, is looked at again, so that
    a form sent twice, or two operators at once, ask nobody twice."""
    require(can_run(actor))
    if not edition.takes_registrations:
        raise Conflict(say("This event does not take registrations. Announce it first."))
    if not people:
        raise Invalid({"people": say("Choose whom you want to invite.")})
    with transaction():
        # Two operators invite the same person to two editions: the second waits here, and sees the first's invitation.
        session.execute(select(User.id).where(User.id.in_(people)).order_by(User.id).with_for_update())
        chosen = [one for one in preview(actor, edition, wanted).free if one.person.id in set(people)]
        rows = [EventInvitation(
            edition_id=edition.id, user_id=one.person.id, invited_by_id=actor.id, why=one.why, sent_at=clock.now(),
            organisation_id=one.organisation.id if one.organisation else None,
        ) for one in chosen]
        session.add_all(rows)
        session.flush()
        if rows:
            outbox.publish("event.invited", *(row.id for row in rows))
            audit.record(actor.id, "event.invited", "event", edition.id, people=len(rows))
    return len(rows)


def tell(ids: list[int]) -> None:
    """Handler of event.invited: each hears of it once, unless they have answered or the event is off."""
    these = select(EventInvitation).where(EventInvitation.id.in_(ids)).order_by(EventInvitation.id)
    for row in session.scalars(these).all():
        if row.answer is None and row.edition.takes_registrations:
            messaging.notify([row.user_id], sentence(row), invited.path(row), kind=messaging.Kind.INVITATIONS,
                             once=f"event.invited:{row.id}")


def sentence(row: EventInvitation) -> Phrase:
    """What an invitation says."""
    edition = row.edition
    values = {"event": edition, "moment": welcoming.when(edition), "place": edition.place}
    return say("You are invited to {event}, {moment}, {place}: {why}", **values, why=said(row.why, row.organisation))


def invitations(actor: User, edition: Edition) -> Sequence[EventInvitation]:
    """Who was invited, those who have not answered first."""
    require(can_run(actor))
    return session.scalars(
        select(EventInvitation).join(EventInvitation.user).where(EventInvitation.edition_id == edition.id)
        .order_by(EventInvitation.answer.is_not(None), User.name, EventInvitation.id)
    ).all()


def said(why: dict[str, Any], organisation: Organisation | None) -> Phrase:
    """Why somebody is asked, for them and for the operator."""
    if why.get("broker"):
        return say("every table wants a broker.")
    whose: Any = organisation or ""
    if why.get("titles"):
        titles = Label("、".join(f"“{one}”" for one in why["titles"]), ", ".join(f"“{one}”" for one in why["titles"]))
        if why.get("kind") == ListingKind.NEED.value:
            return say("{organisation} has an open need: {titles}.", organisation=whose, titles=titles)
        if why.get("kind") == ListingKind.RESULT.value:
            return say("{organisation} offers a result: {titles}.", organisation=whose, titles=titles)
        return say("{organisation} has published {titles}.", organisation=whose, titles=titles)
    return say("it is for organisations like {organisation} ({kind}).", organisation=whose,
               kind=KINDS.get(Kind(why["organisation_kind"])) if why.get("organisation_kind") else "")


def _organisations(wanted: Filter) -> Any:
    those = select(Organisation).where(Organisation.state == State.VERIFIED)
    if wanted.kinds:
        those = those.where(Organisation.kind.in_(sorted(wanted.kinds)))
    if wanted.region:
        those = those.where(_lies_in(wanted.region))
    if wanted.field or wanted.has:
        those = those.where(Organisation.id.in_(select(Listing.organisation_id).where(*_suits(wanted))))
    return those


def _suits(wanted: Filter) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = [Listing.state.in_(sorted(OPEN_FOR_INTEREST))]
    if wanted.field:
        which.append(Listing.field == wanted.field)
    if wanted.has:
        which.append(Listing.kind == wanted.has)
    return which


def _lies_in(code: str) -> ColumnElement[bool]:
    return Organisation.region.startswith(regions.stem(code), autoescape=True)


def _listings(organisations: Sequence[Organisation], wanted: Filter) -> dict[int, list[Any]]:
    """organisation's id -> (kind, title, contact) of what of theirs suits, the newest first; nothing, where the filter
    does not ask for it."""
    found: dict[int, list[Any]] = {}
    if not (wanted.field or wanted.has):
        return found
    rows = session.execute(
        select(Listing.organisation_id, Listing.kind, Listing.title, Listing.contact_id)
        .where(Listing.organisation_id.in_([one.id for one in organisations]), *_suits(wanted))
        .order_by(Listing.published_at.desc(), Listing.id.desc())
    )
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _people_of(organisations: Sequence[Organisation], listings: dict[int, list[Any]]) -> list[Candidate]:
    """Those who stand behind what suits; without such, the first administrator or editor of each organisation."""
    rank = {Role.ADMIN: 0, Role.EDITOR: 1, Role.VIEWER: 2}
    members: dict[int, list[Membership]] = {}
    for one in session.scalars(
        select(Membership).join(Membership.user).where(
            Membership.organisation_id.in_([o.id for o in organisations]), User.disabled_at.is_(None))
        .options(contains_eager(Membership.user))
    ):
        members.setdefault(one.organisation_id, []).append(one)
    found = []
    for organisation in organisations:
        ours = sorted(members.get(organisation.id, []), key=lambda m: (rank[m.role], m.id))
        theirs = listings.get(organisation.id, [])
        behind = {row[3] for row in theirs}
        contacts = [m for m in ours if m.user_id in behind][:CONTACTS] or ours[:1]
        found += [Candidate(m.user, organisation, _why(organisation, theirs, m.user_id)) for m in contacts]
    return found


def _why(organisation: Organisation, listings: Iterable[Any], person: int) -> dict[str, Any]:
    of_theirs = sorted(listings, key=lambda row: row[3] != person)[:_SHOWN_TITLES]
    if not of_theirs:
        return {"organisation_kind": organisation.kind.value}
    kinds = {row[1] for row in of_theirs}
    return {"titles": [row[2] for row in of_theirs], "kind": kinds.pop().value if len(kinds) == 1 else None}


def _brokers() -> Sequence[User]:
    return session.scalars(
        select(User).where(User.is_broker, User.disabled_at.is_(None)).order_by(User.name, User.id)
    ).all()


def _hinder(edition: Edition, candidates: Sequence[Candidate]) -> None:
    """Say of each why they are not invited now, if so, in a fixed number of queries."""
    people = [one.person.id for one in candidates]
    registered = set(session.scalars(select(Registration.user_id).where(Registration.edition_id == edition.id)))
    asked = set(session.scalars(select(EventInvitation.user_id).where(EventInvitation.edition_id == edition.id)))
    often, last = invited.wishes(people), invited.last_asked(people)
    for one in candidates:
        one.hindrance = _hindrance(one.person, registered, asked, often[one.person.id], last.get(one.person.id))


def _hindrance(person: User, registered: set[int], asked: set[int], often: Often, last: Any) -> Phrase | None:
    if person.id in registered:
        return say("Has registered, or has cancelled.")
    if person.id in asked:
        return say("Is invited already.")
    if person.confirmed_at is None:
        return say("Has not confirmed their address.")
    if often is Often.NEVER:
        return say("Wants no invitations.")
    if not invited.may_be_asked(often, last):
        return say("Was last invited on {day} and allows: {often}.", day=f"{last.astimezone(clock.PLACE):%Y-%m-%d}",
                   often=invited.OFTEN[often])
    return None


def filter_of(values: dict[str, Any]) -> Filter:
    """A filter from a checked form."""
    return Filter(
        kinds=tuple(values.get("kinds") or ()), region=values.get("region"), field=values.get("field"),
        has=values.get("has"), brokers=bool(values.get("brokers")),
    )


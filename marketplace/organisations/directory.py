"""The directory of members: which verified organisations belong, in what capacity and since when, and to which park."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import joinedload

from marketplace import regions
from marketplace.db import session
from marketplace.errors import NotFound
from marketplace.organisations import parks
from marketplace.organisations.models import Kind, MembershipClass, Organisation, State
from marketplace.organisations.park_models import ParkMember
from marketplace.organisations.permissions import Reader, is_verified_member

ORDER = case({one: place for place, one in enumerate(MembershipClass)}, value=Organisation.membership, else_=9)
"""Those who founded it first."""


@dataclass(frozen=True)
class Wanted:
    """Which members; empty ones narrow nothing."""

    text: str = ""
    kind: Kind | None = None
    membership: MembershipClass | None = None
    region: str = ""
    park: str = ""
    """A slug. Of a park that the reader may not look into it narrows nothing."""

    def __bool__(self) -> bool:
        return bool(self.text or self.kind or self.membership or self.region or self.park)


@dataclass(frozen=True)
class Page:
    items: Sequence[Organisation]
    total: int
    parks: dict[int, list[Organisation]]
    """organisation -> the parks it belongs to, of those the reader may look into."""
    choices: Sequence[Organisation]
    """Those parks."""
    park: Organisation | None
    shows_stewards: bool
    counts: dict[MembershipClass, int]
    """Of the whole directory."""


def members(actor: Reader, wanted: Wanted, *, page: int = 1, size: int = 30) -> Page:
    """One page of the directory, in a fixed number of queries."""
    choices = parks.looks_into(actor)
    park = next((one for one in choices if one.slug == wanted.park), None)
    narrowed = _narrowed(wanted, park)
    rows = select(Organisation).where(*narrowed).options(joinedload(Organisation.steward))
    rows = rows.order_by(ORDER, Organisation.name, Organisation.id).limit(size).offset((page - 1) * size)
    total = session.scalar(select(func.count()).select_from(Organisation).where(*narrowed)) or 0
    items = session.scalars(rows).all()
    return Page(items, total, _parks_of(items, choices), choices, park, is_verified_member(actor), _counts())


def member(slug: str) -> Organisation:
    """A member that everybody may know of."""
    this = select(Organisation).where(Organisation.slug == slug, Organisation.state == State.VERIFIED)
    found = session.scalar(this)
    if found is None:
        raise NotFound
    return found


def _narrowed(wanted: Wanted, park: Organisation | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Organisation.state == State.VERIFIED]
    if wanted.text:
        found.append(Organisation.name.icontains(wanted.text, autoescape=True)
                     | Organisation.name_en.icontains(wanted.text, autoescape=True))
    if wanted.kind is not None:
        found.append(Organisation.kind == wanted.kind)
    if wanted.membership is not None:
        found.append(Organisation.membership == wanted.membership)
    if wanted.region:
        found.append(Organisation.region.startswith(regions.stem(wanted.region), autoescape=True))
    if park is not None:
        found.append(Organisation.id.in_(select(ParkMember.organisation_id).where(ParkMember.park_id == park.id)))
    return found


def _parks_of(items: Sequence[Organisation], choices: Sequence[Organisation]) -> dict[int, list[Organisation]]:
    if not choices or not items:
        return {}
    by_id = {park.id: park for park in choices}
    found: dict[int, list[Organisation]] = {}
    rows = select(ParkMember.organisation_id, ParkMember.park_id).where(
        ParkMember.organisation_id.in_([one.id for one in items]), ParkMember.park_id.in_(list(by_id)))
    for organisation_id, park_id in session.execute(rows.order_by(ParkMember.id)):
        found.setdefault(organisation_id, []).append(by_id[park_id])
    return found


def _counts() -> dict[MembershipClass, int]:
    every = select(Organisation.membership, func.count()).where(Organisation.state == State.VERIFIED)
    counted = {row[0]: row[1] for row in session.execute(every.group_by(Organisation.membership))}
    return {one: counted.get(one, 0) for one in MembershipClass}

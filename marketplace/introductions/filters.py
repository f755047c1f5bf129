"""Which cases a list or a board shows: one set of filters for both, read from an address or a program's query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, union
from sqlalchemy import case as when

from marketplace import clock, regions
from marketplace.accounts.models import User
from marketplace.introductions import vocabulary as words
from marketplace.introductions.due import end_of, start_of
from marketplace.introductions.models import Introduction, Origin, Owes, Stage, Status
from marketplace.listings.models import Listing, ListingTranslation
from marketplace.listings.vocabulary import FIELDS
from marketplace.phrases import Label

SOON = timedelta(days=7)
ME, NOBODY, LEFT = "me", "none", "left"
WHOSE = {
    ME: Label("我的", "Mine"), NOBODY: Label("尚无经理人", "No broker yet"),
    LEFT: Label("经理人已离开", "The broker has left"),
}
"""Values of `broker` besides a broker's number."""
ANY_STATUS = "all"
STATUSES = {**{status.value: label for status, label in words.STATUSES.items()}, ANY_STATUS: Label("全部", "All")}
OWING = {owes.value: label for owes, label in words.OWES.items() if owes is not Owes.NOBODY}
DUE = {"overdue": Label("已逾期", "Overdue"), "week": Label("7 天内到期", "Due within 7 days")}
REPLY = {"1": Label("等我回复", "Waiting for a reply")}
LONGEST = 100
_NUMBER = re.compile(r"[A-Za-z]?[\d-]+")
"""What the number of a case, or a part of it, looks like."""


@dataclass(frozen=True)
class Filters:
    """An empty one filters nothing, except that only active cases are shown."""

    broker: str = ""
    stage: int | None = None
    status: str = Status.ACTIVE.value
    owes: str = ""
    due: str = ""
    reply: str = ""
    field: str = ""
    region: str = ""
    origin: str = ""
    q: str = ""
    since: date | None = None
    """Begun on this day or later."""
    until: date | None = None

    def arguments(self) -> dict[str, str]:
        """As in an address; what is as usual is left out."""
        usual = asdict(Filters())
        return {name: str(value) for name, value in asdict(self).items() if value != usual[name]}


CHOICES: dict[str, Mapping[str, Any]] = {
    "status": STATUSES, "owes": OWING, "due": DUE, "reply": REPLY, "field": FIELDS,
    "origin": {origin.value: label for origin, label in words.ORIGINS.items()},
}


def read(given: Mapping[str, str]) -> Filters:
    """From the address of a page, where what cannot be is as good as absent."""
    found: dict[str, Any] = {}
    for name, choices in CHOICES.items():
        if given.get(name, "") in choices:
            found[name] = given[name]
    stage, broker, region = (given.get(name, "") for name in ("stage", "broker", "region"))
    if stage in {str(int(s)) for s in Stage}:
        found["stage"] = int(stage)
    if broker in WHOSE or (broker.isascii() and broker.isdigit() and len(broker) < 10):
        found["broker"] = broker
    if regions.is_region(region):
        found["region"] = region
    for name in ("since", "until"):
        try:
            found[name] = date.fromisoformat(given.get(name, ""))
        except ValueError:
            continue
    return Filters(**found, q=given.get("q", "").strip()[:LONGEST])


def where(actor: User, filters: Filters) -> list[ColumnElement[bool]]:
    """The filters as conditions on Introduction. Of platform staff, who may see every case."""
    found = [_whose(actor, filters.broker)] if filters.broker else []
    listings = _about_listings(filters)
    if filters.status != ANY_STATUS:
        has_it = Introduction.status == Status(filters.status)
        # Inside CASE no index is looked up: few listings lead to their cases sooner than all cases of a status.
        found.append(when((has_it, 1), else_=0) == 1 if listings else has_it)
    if filters.stage is not None:
        found.append(Introduction.stage == Stage(filters.stage))
    if filters.owes:
        found.append(Introduction.owed_by == Owes(filters.owes))
    if filters.due:
        now = clock.now()
        found.append(Introduction.due_at < (now if filters.due == "overdue" else now + SOON))
        found += [Introduction.due_at >= now] if filters.due == "week" else []
    if filters.reply:
        found.append(Introduction.unanswered_since.is_not(None))
    if filters.origin:
        found.append(Introduction.origin == Origin(filters.origin))
    if filters.since:
        found.append(Introduction.created_at >= start_of(filters.since))
    if filters.until:
        found.append(Introduction.created_at < end_of(filters.until))
    return [*found, *listings]


def is_slow(filters: Filters) -> bool:
    """Does it ask for what no index of introductions knows?"""
    return bool(filters.field or filters.region or filters.q or filters.origin or filters.since or filters.until)


def pressing() -> ColumnElement[bool]:
    """Due soon, or at a stage where somebody waits; what comes up in a talk or a contract is no answer owed yet."""
    return or_(Introduction.stage < Stage.NEGOTIATING, Introduction.due_at < clock.now() + SOON)


def left() -> Select[Any]:
    """The people who are no brokers any more."""
    return select(User.id).where(or_(User.disabled_at.is_not(None), ~User.is_broker))


def either(listings: Select[Any]) -> ColumnElement[bool]:
    """Cases whose need or result is among these listings."""
    return or_(Introduction.need_id.in_(listings), Introduction.result_id.in_(listings))


def _whose(actor: User, broker: str) -> ColumnElement[bool]:
    if broker == NOBODY:
        return Introduction.broker_id.is_(None)
    if broker == LEFT:
        return Introduction.broker_id.in_(left())
    return Introduction.broker_id == (actor.id if broker == ME else int(broker))


def _about_listings(filters: Filters) -> list[ColumnElement[bool]]:
    found = []
    if filters.field:
        found.append(either(select(Listing.id).where(Listing.field == filters.field)))
    if filters.region:
        found.append(either(select(Listing.id).where(_in_region(filters.region))))
    if filters.q:
        like = "%" + filters.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        titled = select(Listing.id).where(Listing.title.ilike(like, escape="\\"))
        numbered = select(Listing.id).where(Listing.ref == filters.q.upper())
        translated = select(ListingTranslation.listing_id).where(ListingTranslation.title.ilike(like, escape="\\"))
        called = union(titled, numbered, translated).cte()  # gone through once, though it is asked of both ends
        ways = [either(select(called.c.id))]
        if _NUMBER.fullmatch(filters.q):
            ways.append(Introduction.ref.ilike(like, escape="\\"))
        found.append(or_(*ways))
    return found


def _in_region(code: str) -> ColumnElement[bool]:
    return Listing.region.startswith(regions.stem(code), autoescape=True)

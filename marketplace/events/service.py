"""Setting events up, and finding them. Who comes is in attending.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import flag_modified

from marketplace import audit, clock, refs
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events import attending
from marketplace.events.models import RUNS, Edition, Guest, Host, Series, SeriesHost, State, Strand
from marketplace.events.permissions import Reader, can_run, can_see, visible_to
from marketplace.organisations import permissions as organisations
from marketplace.organisations.models import Organisation
from marketplace.phrases import say

MOVES: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.OPEN, State.CANCELLED}),
    State.OPEN: frozenset({State.CLOSED, State.CANCELLED}),
    State.CLOSED: frozenset({State.OPEN, State.CANCELLED}),
    State.CANCELLED: frozenset(),
}
OF_BOTH = ("title_zh", "title_en", "summary_zh", "summary_en", "place_zh", "place_en", "video_url", "capacity",
           "needs_approval", "open_to_outsiders")
SERIES_FIELDS = ("slug", "weekday", "starts", "minutes", *OF_BOTH)
EDITION_FIELDS = ("strand", "starts_at", "ends_at", *OF_BOTH)
UNSAID = {"needs_approval": False, "open_to_outsiders": True}
LONGEST = timedelta(days=14)
STALE = say("Somebody else changed it while you were writing. Load it again and repeat your change.")


def get(actor: Reader, ref: str) -> Edition:
    """The only way from a ref to an edition; NotFound when it is not for this reader."""
    edition = session.scalar(select(Edition).where(Edition.ref == ref))
    if edition is None or not can_see(actor, edition):
        raise NotFound
    return edition


def get_series(slug: str) -> Series:
    series = session.scalar(select(Series).where(Series.slug == slug))
    if series is None:
        raise NotFound
    return series


def all_series() -> Sequence[Series]:
    return session.scalars(select(Series).order_by(Series.title_zh)).all()


def upcoming(
    limit: int | None = None, actor: Reader = None, series: Series | None = None, strand: Strand | None = None
) -> Sequence[Edition]:
    """What has not ended yet, the next first. A cancelled edition shows until its day is over, except where
    only a few are asked for."""
    found = select(Edition).where(Edition.ends_at > clock.now(), visible_to(actor), *_of(series, strand))
    if limit is not None:
        found = found.where(Edition.state != State.CANCELLED).limit(limit)
    return session.scalars(found.order_by(Edition.starts_at, Edition.id)).all()


def past(
    actor: Reader = None, series: Series | None = None, *, page: int = 1, size: int = 20
) -> tuple[Sequence[Edition], int]:
    """(one page of what is over, the latest first; how many there are)."""
    return find(actor, series, over=True, page=page, size=size)


def find(
    actor: Reader, series: Series | None = None, strand: Strand | None = None, *, over: bool | None = None,
    page: int = 1, size: int = 20,
) -> tuple[Sequence[Edition], int]:
    """(one page, how many there are). `over`: only what has ended, or only what has not, and then the next first; else
    the latest is first."""
    when = [] if over is None else [Edition.ends_at <= clock.now() if over else Edition.ends_at > clock.now()]
    which = (*when, visible_to(actor), *_of(series, strand))
    total = session.scalar(select(func.count()).select_from(Edition).where(*which)) or 0
    order = (Edition.starts_at, Edition.id) if over is False else (Edition.starts_at.desc(), Edition.id.desc())
    found = select(Edition).where(*which).order_by(*order).limit(size).offset((page - 1) * size)
    return session.scalars(found.options(selectinload(Edition.hosts), selectinload(Edition.guests))).all(), total


def announced(series: Series, size: int = 200) -> Sequence[Edition]:
    """What calendars that subscribe hear of, the cancelled too; of a long series the latest."""
    told = select(Edition).where(Edition.series_id == series.id, Edition.state != State.DRAFT)
    return session.scalars(told.order_by(Edition.starts_at.desc(), Edition.id).limit(size)).all()


def create_series(actor: User, content: Mapping[str, Any]) -> Series:
    """Begin a series. `content`: SERIES_FIELDS; `organisation`, the organiser's name or short name; `hosts`, the names
    of those who stand beside it at every edition. With weekday, hours, capacity and a place it is a template too."""
    require(can_run(actor))
    with transaction():
        series = Series(created_at=clock.now(), created_by_id=actor.id)
        _fill_series(series, content)
        session.add(series)
        session.flush()
        audit.record(actor.id, "event.series_created", "event series", series.id)
    return series


def change_series(actor: User, series: Series, content: Mapping[str, Any], version: int) -> None:
    require(can_run(actor))
    with transaction():
        session.refresh(series)
        if series.version != version:
            raise Conflict(STALE)
        flag_modified(series, "slug")  # that its hosts alone were changed is a change of the series, too
        _fill_series(series, content)
        audit.record(actor.id, "event.series_changed", "event series", series.id)


def create_edition(actor: User, series: Series, content: Mapping[str, Any]) -> Edition:
    """Plan an edition, as a draft. `content`: EDITION_FIELDS; `hosts`, names or short names of organisations; `guests`,
    names of anybody; `buyer`, an organisation's name."""
    require(can_run(actor))
    hosts = _organisations("hosts", content.get("hosts") or [])
    _check(content)
    with transaction():
        now = clock.now()
        edition = Edition(
            ref=refs.take("E")[0], series_id=series.id, state=State.DRAFT, taken=0, created_at=now, changed_at=now,
            created_by_id=actor.id, **_given(content),
        )
        _set_hosts(edition, Host, hosts)
        _set_guests(edition, content.get("guests") or [])
        session.add(edition)
        session.flush()
        audit.record(actor.id, "event.created", "event", edition.id)
    return edition


def change_edition(actor: User, edition: Edition, content: Mapping[str, Any], version: int) -> None:
    """Raising the capacity gives places to those who wait; it cannot fall below the places given out."""
    require(can_run(actor))
    hosts = _organisations("hosts", content.get("hosts") or [])
    _check(content)
    with transaction():
        attending.lock(edition)
        if edition.version != version:
            raise Conflict(STALE)
        if content["capacity"] < edition.taken:
            fewer = say("{taken} places are given out; the capacity cannot be smaller.", taken=edition.taken)
            raise Invalid({"capacity": fewer})
        given = _given(content)
        moved = any(getattr(edition, name) != given[name] for name in ("starts_at", "place_zh", "video_url"))
        keep_day(edition, given["starts_at"])
        for name, value in given.items():
            setattr(edition, name, value)
        edition.changed_at = clock.now()
        _set_hosts(edition, Host, hosts)
        _set_guests(edition, content.get("guests") or [])
        session.flush()
        attending.fill(edition)
        audit.record(actor.id, "event.changed", "event", edition.id)
        if moved and edition.state in RUNS and not edition.is_past:
            attending.tell_of_change(actor, edition)


def set_state(actor: User, edition: Edition, state: State) -> None:
    """Announce, close to registrations, open again, or cancel. Those who have a place hear of a cancellation."""
    require(can_run(actor))
    if state not in MOVES[edition.state]:
        raise Conflict(say("It is in another state by now; look again."))
    with transaction():
        change = update(Edition).where(Edition.id == edition.id, Edition.state == edition.state)
        changed = session.execute(change.values(state=state, changed_at=clock.now(), version=Edition.version + 1))
        if changed.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict(say("Somebody else was faster; look again."))
        session.refresh(edition)
        audit.record(actor.id, "event.state", "event", edition.id, state=state.value)
        if state is State.OPEN:
            attending.fill(edition)
        if state is State.CANCELLED and not edition.is_past:
            attending.tell_of_cancellation(actor, edition)


def keep_day(edition: Edition, starts_at: datetime) -> None:
    """Once it is announced, remember from which day it is being moved."""
    if edition.state is not State.DRAFT and _day(edition.starts_at) != _day(starts_at):
        edition.moved_from = edition.starts_at


def _day(moment: datetime) -> date:
    return moment.astimezone(clock.PLACE).date()


def _of(series: Series | None, strand: Strand | None = None) -> list[Any]:
    return [*([] if series is None else [Edition.series_id == series.id]),
            *([] if strand is None else [Edition.strand == strand])]


def _said(content: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: UNSAID.get(name) if content.get(name) is None else content[name] for name in names}


def _given(content: Mapping[str, Any]) -> dict[str, Any]:
    given = _said(content, EDITION_FIELDS)
    buyer = _organisations("buyer", [content["buyer"]])[0].id if content.get("buyer") else None
    return {**given, "place_zh": given["place_zh"] or "", "buyer_id": buyer}


def _check(content: Mapping[str, Any]) -> None:
    starts, ends = content["starts_at"], content["ends_at"]
    if not content.get("place_zh") and not content.get("video_url"):
        raise Invalid({"place_zh": say("Say where it is: a place, or the link of a video conference.")})
    if ends <= starts:
        raise Invalid({"ends": say("It has to end after it begins.")})
    if ends - starts > LONGEST:
        raise Invalid({"ends": say("An event lasts at most {days} days.", days=LONGEST.days)})
    if content["capacity"] < 1:
        raise Invalid({"capacity": say("{min} or more.", min=1)})


def _fill_series(series: Series, content: Mapping[str, Any]) -> None:
    other = session.scalar(select(Series.id).where(Series.slug == content["slug"], Series.id != (series.id or 0)))
    if other is not None:
        raise Invalid({"slug": say("Another series has this address already: {slug}.", slug=content["slug"])})
    organiser = _organisations("organisation", [content["organisation"]])[0]
    hosts = _organisations("hosts", content.get("hosts") or [])
    for name, value in _said(content, SERIES_FIELDS).items():
        setattr(series, name, value)
    series.organisation_id = organiser.id
    _set_hosts(series, SeriesHost, hosts)


def known_as(names: Sequence[str]) -> dict[str, Organisation]:
    """name -> the verified organisation that has it as its registered, English or short name."""
    known = session.scalars(select(Organisation).where(
        or_(Organisation.slug.in_(names), Organisation.name.in_(names), Organisation.name_en.in_(names)),
        organisations.visible_to(None),
    )).all()
    return {name: o for o in known for name in (o.slug, o.name, o.name_en) if name}


def _organisations(field: str, names: Sequence[str]) -> list[Organisation]:
    """Each by its registered name, its English name or its short name; Invalid names the ones nobody has."""
    by_name = known_as(names)
    unknown = [name for name in names if name not in by_name]
    if unknown:
        sentence = say("No verified organisation is called “{name}”. Write its name as its own page shows it.")
        raise Invalid({field: sentence.format(name=unknown[0])})
    return list(dict.fromkeys(by_name[name] for name in names))


def _set_hosts(of: Any, kind: Any, hosts: Sequence[Organisation]) -> None:
    """The hosts of a series or an edition, in this order; rows that stay are kept."""
    before = {host.organisation_id: host for host in of.hosts}
    of.hosts = [before.get(o.id) or kind(organisation_id=o.id) for o in hosts]
    for position, host in enumerate(of.hosts):
        host.position = position


def _set_guests(edition: Edition, names: Sequence[str]) -> None:
    """Anybody by name; one that is a verified organisation's leads to its page."""
    known = known_as(names)
    before = {guest.position: guest for guest in edition.guests}
    edition.guests = [before.get(n) or Guest(position=n) for n in range(len(names))]
    for guest, name in zip(edition.guests, names, strict=True):
        guest.name, guest.organisation_id = name, known[name].id if name in known else None

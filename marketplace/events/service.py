"""Setting events up, and finding them. Who comes is in attending.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from marketplace import audit, clock, refs
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events import attending
from marketplace.events.models import Edition, Host, Series, State
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
SERIES_FIELDS = ("slug", "title_zh", "title_en", "summary_zh", "summary_en")
EDITION_FIELDS = (
    "strand", "title_zh", "title_en", "summary_zh", "summary_en", "place_zh", "place_en", "starts_at", "ends_at",
    "capacity",
)
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


def upcoming(limit: int | None = None, actor: Reader = None, series: Series | None = None) -> Sequence[Edition]:
    """What has not ended yet, the next first. A cancelled edition shows until its day is over, except where
    only a few are asked for."""
    found = select(Edition).where(Edition.ends_at > clock.now(), visible_to(actor), *_of(series))
    if limit is not None:
        found = found.where(Edition.state != State.CANCELLED).limit(limit)
    return session.scalars(found.order_by(Edition.starts_at, Edition.id)).all()


def past(
    actor: Reader = None, series: Series | None = None, *, page: int = 1, size: int = 20
) -> tuple[Sequence[Edition], int]:
    """(one page of what is over, the latest first; how many there are)."""
    which = (Edition.ends_at <= clock.now(), visible_to(actor), *_of(series))
    total = session.scalar(select(func.count()).select_from(Edition).where(*which)) or 0
    latest = select(Edition).where(*which).order_by(Edition.starts_at.desc(), Edition.id.desc())
    return session.scalars(latest.limit(size).offset((page - 1) * size)).all(), total


def create_series(actor: User, content: Mapping[str, Any]) -> Series:
    """Begin a series. `content`: SERIES_FIELDS, and `organisation`, the organiser's name or short name."""
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
        _fill_series(series, content)
        audit.record(actor.id, "event.series_changed", "event series", series.id)


def create_edition(actor: User, series: Series, content: Mapping[str, Any]) -> Edition:
    """Plan an edition, as a draft. `content`: EDITION_FIELDS, and `hosts`, names or short names of organisations."""
    require(can_run(actor))
    hosts = _organisations("hosts", content.get("hosts") or [])
    _check(content)
    with transaction():
        now = clock.now()
        edition = Edition(
            ref=refs.take("E")[0], series_id=series.id, state=State.DRAFT, taken=0, created_at=now, changed_at=now,
            created_by_id=actor.id, **_given(content),
        )
        edition.hosts = [Host(organisation_id=host.id, position=n) for n, host in enumerate(hosts)]
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
        moved = edition.starts_at != content["starts_at"] or edition.place_zh != content["place_zh"]
        for name, value in _given(content).items():
            setattr(edition, name, value)
        edition.changed_at = clock.now()
        _set_hosts(edition, hosts)
        session.flush()
        attending.fill(edition)
        audit.record(actor.id, "event.changed", "event", edition.id)
        if moved:
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


def _of(series: Series | None) -> list[Any]:
    return [] if series is None else [Edition.series_id == series.id]


def _given(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content.get(name) for name in EDITION_FIELDS}


def _check(content: Mapping[str, Any]) -> None:
    starts, ends = content["starts_at"], content["ends_at"]
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
    for name in SERIES_FIELDS:
        setattr(series, name, content.get(name))
    series.organisation_id = organiser.id


def _organisations(field: str, names: Sequence[str]) -> list[Organisation]:
    """Each by its registered name, its English name or its short name; Invalid names the ones nobody has."""
    known = session.scalars(select(Organisation).where(
        or_(Organisation.slug.in_(names), Organisation.name.in_(names), Organisation.name_en.in_(names)),
        organisations.visible_to(None),
    )).all()
    by_name = {name: o for o in known for name in (o.slug, o.name, o.name_en)}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        sentence = say("No verified organisation is called “{name}”. Write its name as its own page shows it.")
        raise Invalid({field: sentence.format(name=unknown[0])})
    return list(dict.fromkeys(by_name[name] for name in names))


def _set_hosts(edition: Edition, hosts: Sequence[Organisation]) -> None:
    before = {host.organisation_id: host for host in edition.hosts}
    edition.hosts = [before.get(o.id) or Host(organisation_id=o.id) for o in hosts]
    for position, host in enumerate(edition.hosts):
        host.position = position

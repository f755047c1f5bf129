"""What is here, what is new, whether it works: read-only figures for the front page and for those who run the place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.analytics import funnel
from marketplace.analytics.cuts import CUTS, Cut
from marketplace.analytics.funnel import Course, Passage
from marketplace.db import session
from marketplace.errors import require
from marketplace.events import service as events
from marketplace.events.models import Edition
from marketplace.finding import service as finding
from marketplace.finding.service import Row
from marketplace.introductions.models import CloseReason, History, Introduction, ReasonCode, Stage
from marketplace.listings.models import WORLD_VISIBLE, Kind, Listing, State
from marketplace.listings.permissions import visible_to
from marketplace.organisations.models import Organisation
from marketplace.organisations.models import State as OrganisationState
from marketplace.organisations.permissions import Reader

NEWEST = 6
NEXT = 3
PERIODS = (3, 6, 12, 0)
"""Months back that the figures may be cut to; 0 is all."""
ANSWERED_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Home:
    results: int
    needs: int
    organisations: int
    concluded: int
    newest_results: list[Row]
    newest_needs: list[Row]
    upcoming: Sequence[Edition]


@dataclass(frozen=True)
class Figures:
    months: int
    cut: Cut
    states: dict[Kind, dict[State, int]]
    fields: dict[Kind, dict[str, int]]
    entered: int
    """Introductions that reached the stage of interest in the period: the cohort of all that follows."""
    stages: list[funnel.Step]
    months_of_entry: list[funnel.Group]
    groups: list[funnel.Group]
    passages: list[Passage]
    close_reasons: dict[CloseReason, int]
    reason_codes: dict[ReasonCode, int]
    needs_published: int
    needs_answered: int
    """Of the needs published in the period and at least 30 days ago: with interest on either side within 30 days."""

    @property
    def signed(self) -> int:
        return next(step.reached for step in self.stages if step.stage is Stage.SIGNED)


def home_figures(actor: Reader, language: str) -> Home:
    """What everybody may know of; the newest listings as this reader may read them."""
    published = dict(_counted(Listing.kind, Listing.state.in_(sorted(WORLD_VISIBLE))))
    verified = select(func.count(Organisation.id)).where(Organisation.state == OrganisationState.VERIFIED)
    concluded = select(func.count(Introduction.id)).where(Introduction.stage >= Stage.SIGNED)
    return Home(
        results=published.get(Kind.RESULT, 0), needs=published.get(Kind.NEED, 0),
        organisations=session.scalar(verified) or 0, concluded=session.scalar(concluded) or 0,
        newest_results=_newest(actor, Kind.RESULT, language), newest_needs=_newest(actor, Kind.NEED, language),
        upcoming=events.upcoming(NEXT, actor),
    )


def figures(actor: User, months: int = 12, cut: str = "field") -> Figures:
    """Is it working, and where does it leak: for brokers and operators."""
    require(actor.is_reviewer)
    since = clock.now() - timedelta(days=months * 365 / 12) if months else None
    courses = [course for course in _courses() if since is None or course.entered_at >= since]
    chosen = CUTS.get(cut, CUTS["field"])
    published, answered = _answered(since)
    return Figures(
        months=months, cut=chosen,
        states=_by_kind(Listing.state), fields=_by_kind(Listing.field, Listing.state.in_(sorted(WORLD_VISIBLE))),
        entered=len(courses), stages=funnel.steps(courses),
        months_of_entry=funnel.by_month(courses), groups=funnel.grouped(_names(chosen, courses)),
        passages=funnel.passages(courses, clock.now()),
        close_reasons=_most_common(course.close_reason for course in courses if course.close_reason),
        reason_codes=_most_common(course.reason_code for course in courses if course.reason_code),
        needs_published=published, needs_answered=answered,
    )


def _counted(column: Any, *where: Any) -> list[tuple[Any, int]]:
    rows = session.execute(select(column, func.count(Listing.id)).where(*where).group_by(column))
    return [(row[0], row[1]) for row in rows]


def _by_kind(column: Any, *where: Any) -> dict[Kind, dict[Any, int]]:
    counted = select(Listing.kind, column, func.count(Listing.id)).where(column.is_not(None), *where)
    rows = session.execute(counted.group_by(Listing.kind, column))
    found: dict[Kind, dict[Any, int]] = {kind: {} for kind in Kind}
    for kind, value, count in rows:
        found[kind][value] = count
    return {kind: dict(sorted(counts.items(), key=lambda entry: -entry[1])) for kind, counts in found.items()}


def _newest(actor: Reader, kind: Kind, language: str) -> list[Row]:
    ids = session.scalars(
        select(Listing.id)
        .where(Listing.kind == kind, Listing.state.in_(sorted(WORLD_VISIBLE)), visible_to(actor))
        .order_by(Listing.published_at.desc(), Listing.id.desc()).limit(NEWEST)
    ).all()
    return finding.rows(actor, ids, language)


def _courses() -> list[Course]:
    """Every introduction that ever reached the stage of interest, with its way."""
    moves: dict[int, list[funnel.Move]] = {}
    history = select(
        History.introduction_id, History.to_stage, History.status, History.effective_at
    ).order_by(History.introduction_id, History.version)
    for row in session.execute(history):
        moves.setdefault(row.introduction_id, []).append(funnel.Move(row.to_stage, row.status, row.effective_at))
    need, result = _sides()
    introductions = (
        select(
            Introduction.id, Introduction.origin, Introduction.origin_ref, Introduction.broker_id, Introduction.status,
            Introduction.close_reason, Introduction.reason_code, need.c.field, need.c.region, result.c.kind,
        )
        .join(need, need.c.id == Introduction.need_id).join(result, result.c.id == Introduction.result_id)
    )
    found = [
        Course.of(
            moves.get(row.id, []), row.close_reason, row.reason_code,
            {"origin": row.origin, "event": row.origin_ref, "broker": row.broker_id, "field": row.field,
             "region": row.region, "organisation_kind": row.kind},
        )
        for row in session.execute(introductions)
    ]
    return [course for course in found if course is not None]


def _sides() -> tuple[Any, Any]:
    """The need gives field and region, since the case is about it; the result's side gives the kind of supplier."""
    need = select(Listing.id, Listing.field, Listing.region).subquery()
    result = (
        select(Listing.id, Organisation.kind)
        .join(Organisation, Organisation.id == Listing.organisation_id).subquery()
    )
    return need, result


def _names(cut: Cut, courses: Sequence[Course]) -> list[tuple[Any, Course]]:
    """Each course with what it is called in this cut; brokers are read in one query."""
    values = [(course.cuts.get(cut.name), course) for course in courses]
    if cut.name != "broker":
        return [(cut.called(value), course) for value, course in values]
    query = select(User.id, User.name).where(User.id.in_({value for value, _ in values if value}))
    people: dict[Any, str] = {row.id: row.name for row in session.execute(query)}
    return [(people.get(value, cut.nothing), course) for value, course in values]


def _answered(since: datetime | None) -> tuple[int, int]:
    until = clock.now() - ANSWERED_WITHIN
    where = [Listing.kind == Kind.NEED, Listing.published_at.is_not(None), Listing.published_at <= until]
    if since is not None:
        where.append(Listing.published_at >= since)
    first = (
        select(Introduction.need_id, func.min(History.effective_at).label("at"))
        .join(History, History.introduction_id == Introduction.id)
        .where(History.to_stage >= Stage.INTEREST).group_by(Introduction.need_id).subquery()
    )
    rows = session.execute(
        select(Listing.published_at, first.c.at).outerjoin(first, first.c.need_id == Listing.id).where(*where)
    ).all()
    return len(rows), sum(1 for row in rows if row.at and row.at - row.published_at <= ANSWERED_WITHIN)


def _most_common(values: Any) -> dict[Any, int]:
    return dict(Counter(values).most_common())

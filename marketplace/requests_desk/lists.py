"""Lists of requests: an organisation's own, the desk's, and what is counted of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import require
from marketplace.events.models import Edition
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader, editable_ids, organisation_ids
from marketplace.requests_desk import stewards
from marketplace.requests_desk.models import OPEN_STEPS, TO_ANSWER, Level, Request, Step, Topic
from marketplace.requests_desk.permissions import can_work_here, is_operator, visible_to

SOLVED = frozenset({Step.CONFIRMED})


@dataclass(frozen=True)
class Filters:
    """By what the desk's list is narrowed."""

    q: str = ""
    step: Step | None = None
    topic: Topic | None = None
    level: Level | None = None
    due: str = ""
    """late: past its day; mine: this reader's to answer; open: not settled yet."""
    event: str = ""


def desk(
    actor: User, filters: Filters, *, page: int = 1, size: int = 20
) -> tuple[Sequence[Request], int]:
    """(one page of the requests this reader may work on, those due first before the rest; how many there are)."""
    require(can_work_here(actor))
    which = [visible_to(actor), *_chosen(actor, filters)]
    if not is_operator(actor):  # those of one's own company are on its own list
        own = organisation_ids(actor)
        which.append(or_(Request.steward_id == actor.id, Request.handler_id.in_(own)))
    urgency = case((Request.step.in_(sorted(TO_ANSWER)), 0), (Request.step == Step.ANSWERED, 1), else_=2)
    undated = case((Request.due_on.is_(None), 0), else_=1)
    return _page(which, [urgency, undated, Request.due_on, Request.id.desc()], page, size)


def of_organisations(actor: User, *, page: int = 1, size: int = 20) -> tuple[Sequence[Request], int]:
    """(one page of what this reader's organisations have asked, the newest first; how many there are)."""
    which: list[ColumnElement[bool]] = [Request.organisation_id.in_(organisation_ids(actor))]
    return _page(which, [Request.raised_at.desc(), Request.id.desc()], page, size)


def waiting_for(actor: Reader) -> int:
    """How many requests wait for this person: to be answered, to be confirmed, for operators to be assigned."""
    if actor is None:
        return 0
    ways = [_mine(actor), and_(Request.step == Step.ANSWERED, Request.organisation_id.in_(editable_ids(actor)))]
    return session.scalar(select(func.count()).select_from(Request).where(or_(*ways))) or 0


def counts_of(edition_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Of each event at which any were raised: (how many, how many of them the companies call settled). What was
    withdrawn is not counted."""
    solved = func.sum(case((Request.step.in_(sorted(SOLVED)), 1), else_=0))
    rows = session.execute(
        select(Request.edition_id, func.count(), solved)
        .where(Request.edition_id.in_(list(edition_ids)), Request.step != Step.WITHDRAWN).group_by(Request.edition_id)
    ).all()
    return {edition_id: (raised, int(done or 0)) for edition_id, raised, done in rows if edition_id is not None}


def visible_refs(actor: Reader, wanted: Sequence[str]) -> Sequence[str]:
    """Those of these requests that this reader may see."""
    return session.scalars(select(Request.ref).where(Request.ref.in_(wanted), visible_to(actor))).all()


def _chosen(actor: User, filters: Filters) -> list[ColumnElement[bool]]:
    given: list[ColumnElement[bool]] = []
    for column, value in ((Request.step, filters.step), (Request.topic, filters.topic), (Request.level, filters.level)):
        if value is not None:
            given.append(column == value)
    if filters.due == "late":
        given += [Request.step.in_(sorted(TO_ANSWER)), Request.due_on < clock.today()]
    if filters.due == "mine":
        given.append(_mine(actor))
    if filters.due == "open":
        given.append(Request.step.in_(sorted(OPEN_STEPS)))
    if filters.event:
        given.append(Request.edition_id.in_(select(Edition.id).where(Edition.ref == filters.event)))
    if filters.q:
        named = select(Organisation.id).where(or_(
            *(column.icontains(filters.q, autoescape=True) for column in (Organisation.name, Organisation.name_en))))
        texts: list[Any] = [Request.title, Request.text, Request.ref, Request.department]
        given.append(or_(Request.organisation_id.in_(named),
                         *(column.icontains(filters.q, autoescape=True) for column in texts)))
    return given


def _mine(actor: User) -> ColumnElement[bool]:
    """It is this person's to answer, or to assign."""
    ways = [
        and_(Request.step == Step.ASSIGNED, Request.level == Level.STEWARD, stewards.answered_by(actor)),
        and_(Request.step == Step.ASSIGNED, Request.level != Level.STEWARD,
             Request.handler_id.in_(editable_ids(actor))),
    ]
    if is_operator(actor):
        ways.append(Request.step == Step.WAITING)
    return or_(*ways)


def _page(
    which: list[ColumnElement[bool]], order: list[Any], page: int, size: int
) -> tuple[Sequence[Request], int]:
    total = session.scalar(select(func.count()).select_from(Request).where(*which)) or 0
    rows = select(Request).where(*which).options(joinedload(Request.edition)).order_by(*order)
    return session.scalars(rows.limit(size).offset((page - 1) * size)).all(), total

"""Which organisations answer when a case waits for them, counted for matching (see matching/answering.py).

A side is asked when the broker has qualified the case; any move of its own answers. Whose time is not over yet, and who
was spared an answer because the case ended before, is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import or_, select

from marketplace import clock
from marketplace.db import session
from marketplace.introductions.figures import answer_due
from marketplace.introductions.models import History, Introduction, Side, Stage, Status
from marketplace.listings.models import Listing
from marketplace.matching import answering
from marketplace.matching.answering import Answers

OF_LATE = timedelta(days=730)
MOST = 200
"""Cases of an organisation that are looked at, the latest first."""


class _Question(NamedTuple):
    introduction: int
    version: int
    asked_at: datetime
    side: Side


def count(ids: list[int]) -> None:
    """The handler of introduction.changed: count anew for the organisations of these cases."""
    listings = select(Introduction.need_id).where(Introduction.id.in_(ids)).union(
        select(Introduction.result_id).where(Introduction.id.in_(ids))
    )
    organisations = session.scalars(select(Listing.organisation_id).where(Listing.id.in_(listings)).distinct()).all()
    counts = {organisation: _counted(_questions(organisation)) for organisation in organisations}
    if counts:
        answering.keep(counts)


def count_overdue() -> None:
    """A timer: nobody tells us when an answer does not come."""
    waiting = select(Introduction.id).where(
        Introduction.status == Status.ACTIVE, Introduction.stage == Stage.QUALIFIED, Introduction.due_at < clock.now(),
    )
    ids = session.scalars(waiting.order_by(Introduction.id)).all()
    for at in range(0, len(ids), MOST):
        count([*ids[at:at + MOST]])


def _questions(organisation: int) -> list[_Question]:
    """When its side of a case was first asked, the latest first."""
    rows = session.execute(
        select(History.introduction_id, History.version, History.effective_at, Listing.kind)
        .join(Introduction, Introduction.id == History.introduction_id)
        .join(Listing, or_(Listing.id == Introduction.need_id, Listing.id == Introduction.result_id))
        .where(
            Listing.organisation_id == organisation, History.to_stage == Stage.QUALIFIED,
            History.from_stage == Stage.INTEREST, History.effective_at >= clock.now() - OF_LATE,
        )
        .order_by(History.effective_at.desc()).limit(MOST)
    )
    return [_Question(row[0], row[1], row[2], Side(row.kind.value)) for row in rows]


def _counted(questions: Iterable[_Question]) -> Answers:
    asked = {one.introduction: one for one in questions}  # a case that was qualified twice counts by the first time
    answers: dict[int, datetime] = {}
    ends: dict[int, datetime] = {}
    moves = session.execute(
        select(History.introduction_id, History.version, History.side, History.status, History.effective_at)
        .where(History.introduction_id.in_(sorted(asked))).order_by(History.version)
    )
    for introduction, version, side, status, at in moves:
        question = asked[introduction]
        if version > question.version:
            if side is question.side:
                answers.setdefault(introduction, at)
            if status is Status.CLOSED:
                ends.setdefault(introduction, at)
    in_time = late = 0
    for introduction, question in asked.items():
        due = answer_due(Stage.QUALIFIED, question.asked_at)
        if introduction in answers and answers[introduction] <= due:
            in_time += 1
        elif introduction in answers or ends.get(introduction, clock.now()) > due:
            late += 1
    return Answers(in_time + late, in_time)

"""Who has how much to do: the brokers beside one another, and cases handed on from one to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from sqlalchemy import case as when
from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import micros, session
from marketplace.errors import Invalid, MarketplaceError, NotFound, require
from marketplace.introductions import service
from marketplace.introductions.filters import SOON
from marketplace.introductions.models import History, Introduction, Stage, Status
from marketplace.introductions.moves import Who
from marketplace.introductions.permissions import can_use_desk, capacities
from marketplace.phrases import Label, Phrase, say

GROUPS: dict[str, tuple[Label, tuple[Stage, ...]]] = {
    "suggested": (Label("推荐", "Suggested"), (Stage.SUGGESTED,)),
    "triage": (Label("受理中", "Triage"), (Stage.INTEREST, Stage.QUALIFIED)),
    "talks": (Label("对接洽谈", "Talks"), (Stage.INTRODUCED, Stage.DISCUSSING, Stage.NEGOTIATING)),
    "contract": (Label("合同履约", "Contract"), (Stage.SIGNED, Stage.PERFORMING, Stage.IMPLEMENTED)),
}
TAKEN, ANSWERED = timedelta(days=30), timedelta(days=90)
"""Over which time cases taken and first answers are counted."""
MOST = 100
"""Cases that are handed on at a time."""
TOO_MANY = say("At most {max} at a time; choose fewer.", max=MOST)


@dataclass(frozen=True)
class Load:
    """What one broker has in hand."""

    broker_id: int
    name: str
    email: str
    is_here: bool
    """False: they have left, and their cases need an owner."""
    groups: dict[str, int]
    overdue: int
    due_soon: int
    taken: int
    first_answers: int
    median_days: float | None
    """From the interest to the broker's first move, over the last 90 days."""

    @property
    def open(self) -> int:
        return sum(self.groups.values())


@dataclass(frozen=True)
class HandedOn:
    """What became of one case of several that were handed on at once."""

    ref: str
    problem: str | None
    """Why not."""


def workload(actor: User) -> list[Load]:
    """Every broker, and everybody else who still has open cases; who has most comes first."""
    require(can_use_desk(actor))
    groups, overdue, soon = _open_cases()
    taken, answers = _taken(), _first_answers()
    people = session.execute(
        select(User.id, User.name, User.email, User.is_broker & User.disabled_at.is_(None))
        .where(or_(User.id.in_(list(groups)), User.is_broker & User.disabled_at.is_(None)))
    ).all()
    loads = [
        Load(number, name, email, bool(is_here), groups.get(number, dict.fromkeys(GROUPS, 0)), overdue[number],
             soon[number], taken.get(number, 0), len(answers[number]),
             round(median(answers[number]) / 86_400, 1) if answers[number] else None)
        for number, name, email, is_here in people
    ]
    return sorted(loads, key=lambda load: (load.is_here, -load.open, load.name))


def hand_on(actor: User, refs: Sequence[str], broker: str, note: str = "") -> list[HandedOn]:
    """Give these cases to a broker, each by the move that is this person's: their own are handed over, an operator
    assigns. Each stands for itself: one that somebody has just moved does not hold up the others.

    Raises Invalid when nothing can be done for any of them, because an entry is wrong.
    """
    require(can_use_desk(actor))
    wanted = list(dict.fromkeys(refs))
    if not wanted:
        raise Invalid({"ref": say("Choose at least one case.")})
    if len(wanted) > MOST:
        raise Invalid({"ref": TOO_MANY})
    if not broker:
        raise Invalid({"broker": say("This is needed.")})
    if not any(person.email == broker.lower() for person in service.brokers()):
        raise Invalid({"broker": say("“{input}” is not the e-mail address of a broker.", input=broker[:80])})
    if not note and not actor.is_operator:
        raise Invalid({"note": say("This is needed.")})
    return [HandedOn(ref, _hand_on(actor, ref, broker, note)) for ref in wanted]


def _hand_on(actor: User, ref: str, broker: str, note: str) -> str | None:
    """None, or why not."""
    try:
        introduction = service.get(actor, ref)
        if introduction.broker is not None and introduction.broker.email == broker.lower():
            return None
        name = "assign" if Who.OPERATOR in capacities(actor, introduction) else "hand_over"
        service.move(actor, introduction, name, version=introduction.version, broker=broker, note=note or None)
    except NotFound:
        return say("There is no such case.")
    except Invalid as wrong:
        return next(iter(wrong.fields.values()))
    except MarketplaceError as refusal:
        return refusal.message if isinstance(refusal.message, Phrase) else str(refusal)
    return None


def _open_cases() -> tuple[dict[int, dict[str, int]], dict[int, int], dict[int, int]]:
    """By broker: open cases by group of stages, overdue ones, those due within the week."""
    now = clock.now()
    case = Introduction
    late = func.sum(when((case.due_at < now, 1), else_=0))
    soon = func.sum(when(((case.due_at >= now) & (case.due_at < now + SOON), 1), else_=0))
    found = session.execute(
        select(case.broker_id, case.stage, func.count(), late, soon)
        # Inside CASE no index is looked up: the one by broker has all that is asked.
        .where(case.broker_id.is_not(None),
               when((case.status.in_([Status.ACTIVE, Status.ON_HOLD]), 1), else_=0) == 1)
        .group_by(case.broker_id, case.stage)
    )
    group_of = {stage: name for name, (_, stages) in GROUPS.items() for stage in stages}
    groups: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(GROUPS, 0))
    overdue, due_soon = defaultdict[int, int](int), defaultdict[int, int](int)
    for broker, stage, many, many_late, many_soon in found:
        if broker is not None:
            groups[broker][group_of[stage]] += many
            overdue[broker] += many_late
            due_soon[broker] += many_soon
    return dict(groups), overdue, due_soon


def _taken() -> dict[int, int]:
    """By broker: cases taken up in the last days."""
    rows = session.execute(
        select(History.actor_id, func.count())
        .where(History.move.in_(["take", "propose"]), History.effective_at >= clock.now() - TAKEN)
        .group_by(History.actor_id)
    )
    return {broker: many for broker, many in rows if broker is not None}


def _first_answers() -> dict[int, list[float]]:
    """By who answered: seconds from an interest to the first move of somebody who spoke for no side."""
    asked, answer, later = aliased(History), aliased(History), aliased(History)
    first = (
        select(later.id)
        .where(later.introduction_id == asked.introduction_id, later.version > asked.version,
               later.side.is_(None), later.actor_id.is_not(None))
        .order_by(later.version).limit(1).correlate(asked).scalar_subquery()
    )
    waited = micros(answer.effective_at) - micros(asked.effective_at)
    rows = session.execute(
        select(answer.actor_id, waited).select_from(asked).join(answer, answer.id == first)
        .where(asked.move == "express_interest", asked.effective_at >= clock.now() - ANSWERED,
               or_(asked.from_stage.is_(None), asked.from_stage == Stage.SUGGESTED))
    )
    found: dict[int, list[float]] = defaultdict(list)
    for broker, length in rows:
        found[broker or 0].append(max(0.0, length / 1_000_000))
    return found

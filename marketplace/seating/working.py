"""The worker's part of a seating: scores first, then a quick seating, then better ones, some seconds at a time.

Between two slices the worker looks after other things, and whoever waits sees how far it is. What is found is written
only while nobody has asked for something else meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from marketplace import clock, outbox
from marketplace.db import session, transaction
from marketplace.events.models import Registration
from marketplace.messaging.packing import packed
from marketplace.phrases import Phrase, say
from marketplace.seating import gathering, plans, showing
from marketplace.seating.greedy import greedy
from marketplace.seating.models import SeatingPlan, Work
from marketplace.seating.problem import Problem, Solution
from marketplace.seating.rules import contradictions
from marketplace.seating.service import TOPIC
from marketplace.seating.solving import solve
from marketplace.seating.worth import value

SLICE = 8.0
"""Seconds of one go."""
FEW, QUICK, LONG, AGAIN = 60, 1.6, 14.0, 6.0
"""So many people are seated in so many seconds, more of them in so many, or in so many where most keep their seat;
reading and writing take their time besides."""
SCORED = 0.1
"""Of the share of the work, when the scores are there."""


def advance(ids: list[int]) -> None:
    """Handler of `seating.asked`: the next slice of each."""
    for number in ids:
        plan = session.get(SeatingPlan, number, populate_existing=True)
        if plan is not None and plan.is_busy:
            _advance(plan)


def _advance(plan: SeatingPlan) -> None:
    turn, number, began = plan.turn, plan.id, plan.work is Work.ASKED
    guests = plans.guests_of(plan)
    if not guests:
        _fail(number, turn, say("Nobody has a place any more, so there is nobody to seat."))
        return
    if began and _needs_scores(plan, guests):
        gathering.score(plan.edition, guests)
    problem = plans.led_as_in_the_first(plan, plans.problem_of(plan, guests))
    now = plans.seated(plan, problem)
    budget = QUICK if len(guests) <= FEW else AGAIN if plan.of_present else LONG
    seconds = min(SLICE, budget - plan.seconds)
    people, start = {one.id: one for one in guests}, None if began and not plan.of_present else now
    blocking = [showing.said(one, people) for one in contradictions(problem) if one.blocks]
    session.rollback()  # nothing is held open while we think
    if blocking:
        _fail(number, turn, blocking[0])
        return
    quick = value(problem, greedy(problem)).total if began else None
    _write(number, turn, solve(problem, max(seconds, 0.1), start=start), problem, budget, quick)


def _needs_scores(plan: SeatingPlan, guests: Sequence[Registration]) -> bool:
    """Of those who had a seat before everything is known; later rounds are of the same people."""
    if plan.round > 1:
        return False
    return not plan.of_present or bool({one.id for one in guests} - {int(key) for key in plan.before})


def _write(number: int, turn: int, found: Solution, problem: Problem, budget: float, quick: int | None) -> None:
    with transaction():
        plan = _still_wanted(number, turn)
        if plan is None:
            return
        plans.make_room(plan, len(problem.guests))
        plans.put_down(plan, found.plan)
        plan.value, plan.bound, plan.is_proven = found.value.total, found.bound, found.proven
        plan.greedy = quick if quick is not None else plan.greedy
        plan.seconds += found.seconds
        plan.changed_at = clock.now()
        if found.proven or plan.seconds + 0.5 >= budget:
            plan.work, plan.share = Work.NONE, 1.0
            _lead_on(plan)
        else:
            plan.work, plan.share = Work.RUNNING, min(0.99, SCORED + (1 - SCORED) * plan.seconds / budget)
            outbox.publish(TOPIC, plan.id)


def _lead_on(plan: SeatingPlan) -> None:
    following = _later(plan)
    if following:
        outbox.publish(TOPIC, following[0].id)


def _later(plan: SeatingPlan) -> Sequence[SeatingPlan]:
    """The rounds that wait for this one."""
    return session.scalars(select(SeatingPlan).where(
        SeatingPlan.edition_id == plan.edition_id, SeatingPlan.round > plan.round, SeatingPlan.work == Work.ASKED
    ).order_by(SeatingPlan.round)).all()


def _fail(number: int, turn: int, why: Phrase) -> None:
    with transaction():
        plan = _still_wanted(number, turn)
        if plan is None:
            return
        for one in (plan, *_later(plan)):  # nobody would begin with the later ones any more
            one.work, one.changed_at, one.error = Work.FAILED, clock.now(), packed({"": why})


def _still_wanted(number: int, turn: int) -> SeatingPlan | None:
    """The plan as it is now, unless somebody has stopped the work or asked anew."""
    session.execute(select(SeatingPlan.id).where(SeatingPlan.id == number).with_for_update())
    plan = session.get(SeatingPlan, number, populate_existing=True)
    return plan if plan is not None and plan.turn == turn and plan.is_busy else None

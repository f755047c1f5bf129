"""What follows from the demonstration's contracts: payments, milestones, registration forms, and surveys answered."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.contracts import registration, steps, surveys
from marketplace.contracts.models import Step, Survey
from marketplace.db import session
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.introductions.models import CloseReason, Introduction, Side, Status

DAYS_OF_HISTORY = 320
ANSWERED_AFTER = timedelta(days=4)
PARTS = ((7, 40, "合同生效后支付首期款"), (60, 40, "中期成果交付后支付进度款"), (118, 20, "验收合格后支付尾款"))
"""(days after signing, per cent, what for)."""
UNDISCLOSED = Decimal(420_000)
"""What the parties who keep the amount to themselves pay; only they, their broker and operators read it."""
MILESTONES = {
    "development": "样机通过联合测试", "transfer": "技术资料移交完毕", "licence": "许可产线首批试制合格",
    "consulting": "咨询报告通过评审", "service": "首批检测报告交付",
}
RECEIPT = "银行回单已由双方财务核对"
PEOPLE = ("周立新", "沈国安", "顾海燕", "陆明远", "韩雪梅", "方志强")
ANSWERS: tuple[dict[str, Any], ...] = (
    {"answer": "in_use", "jobs": 6, "revenue": Decimal(1_850_000), "satisfaction": 5,
     "comment": "二号线已稳定运行，准备推广到三号线。"},
    {"answer": "under_way", "satisfaction": 4, "comment": "中试样品已送检，等待客户认证。"},
    {"answer": "in_use", "jobs": 2, "satisfaction": 4, "comment": "已按方案改造，能耗比原来低一成多。"},
)


def plan(timeline: Timeline, world: World) -> None:
    for number, row in enumerate(row for row in rows("introductions") if row["contract"]):
        _Case(timeline, world, row, number).plan()
    for days_ago in range(DAYS_OF_HISTORY, -1, -1):
        timeline.add(timeline.moment(days_ago, hour=9, minute=30), _of_the_day)


class _Case:
    """One row of introductions.json that came to a contract."""

    def __init__(self, timeline: Timeline, world: World, row: dict[str, Any], number: int) -> None:
        self.timeline, self.world, self.row, self.number = timeline, world, row, number
        self.signed = next(int(step["days_ago"]) for step in row["steps"] if step["to"] == 6)
        self.planned: dict[int, int] = {}

    def plan(self) -> None:
        add, moment = self.timeline.add, self.timeline.moment
        add(moment(self.signed, 21, self.number), self._plan_steps)
        add(moment(self.signed, 22, self.number), self._fill_form)
        for place, (after, _, _) in enumerate(PARTS):
            paid = self._days_ago(after) - (3 + self.number % 4 if place else 0)
            if paid > 0 and not (self.number % 3 == 0 and place == 2):  # some let the last payment slip
                add(moment(paid, 12, self.number), partial(self._pay, place))
        reached = self._days_ago(45) - self.number % 3
        if reached > 0:
            add(moment(reached, 13, self.number), self._reach)

    @property
    def case(self) -> Introduction:
        need, result = (self.world.listings[self.row[side]] for side in ("need", "result"))
        this = select(Introduction).where(Introduction.need_id == need.id, Introduction.result_id == result.id)
        return session.scalars(this.order_by(Introduction.id.desc()).limit(1)).one()

    @property
    def broker(self) -> User:
        return self.world.people[self.row["broker"]]

    def _days_ago(self, after: int) -> int:
        """So many days after signing; sooner where the case came to its end before."""
        end = min([int(step["days_ago"]) for step in self.row["steps"] if step["to"] == 8], default=None)
        if end is None:
            return self.signed - after
        return self.signed - round((self.signed - end - 4) * after / PARTS[-1][0])

    def _plan_steps(self) -> None:
        case = self.case
        amount = case.contracts[-1].amount or UNDISCLOSED
        for place, (after, share, title) in enumerate(PARTS):
            step = steps.plan(self.broker, case, {
                "kind": "payment", "title": title, "planned_on": self.timeline.day(-self._days_ago(after)),
                "amount": (amount * share / 100).quantize(Decimal("0.01")), "payer": Side.NEED.value,
                "is_final": place == len(PARTS) - 1,
            })
            self.planned[place] = step.id
        title = MILESTONES[case.contracts[-1].contract_type]
        step = steps.plan(self.broker, case, {
            "kind": "milestone", "title": title, "planned_on": self.timeline.day(-self._days_ago(45)),
        })
        self.planned[len(PARTS)] = step.id

    def _pay(self, place: int) -> None:
        self._done(place, actual_on=clock.today(), evidence=RECEIPT)

    def _reach(self) -> None:
        self._done(len(PARTS), actual_on=clock.today(), evidence="双方签署了确认单")

    def _done(self, place: int, **what: Any) -> None:
        case, step = self.case, session.get_one(Step, self.planned[place])
        if case.status is Status.CLOSED and case.close_reason is not CloseReason.COMPLETED:
            return
        names = ("kind", "title", "planned_on", "amount", "currency", "payer", "is_final")
        given = {name: getattr(step, name) for name in names}
        steps.change(self.broker, step, {**given, **what}, version=step.version)

    def _fill_form(self) -> None:
        """Every other form is complete, the others name what is left to fill in."""
        case = self.case
        seller, buyer = PEOPLE[self.number % 6], PEOPLE[(self.number + 1) % 6]
        given = {"seller_representative": seller, "buyer_representative": buyer,
                 "valid_to": self.timeline.day(365 - self.signed)}
        if self.number % 2 == 0 and case.contracts[-1].amount is not None:
            given["technology_amount"] = Decimal(self.row["contract"]["technology_amount"] or case.contracts[-1].amount)
        registration.save(self.broker, case, given, version=None)


def _of_the_day() -> None:
    """The worker's timers, and people who answer some days after they were asked."""
    steps.remind()
    surveys.run()
    waiting = select(Survey).where(Survey.answered_at.is_(None), Survey.sent_at <= clock.now() - ANSWERED_AFTER)
    for survey in session.scalars(waiting.order_by(Survey.id)).all():
        contact = survey.introduction.listing_of(survey.side).contact
        if survey.id % 4 != 3 and contact is not None and surveys.can_answer(contact, survey):
            surveys.answer(contact, survey, ANSWERS[survey.id % len(ANSWERS)], version=survey.version)

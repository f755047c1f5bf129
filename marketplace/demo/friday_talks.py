"""What was said at the tables, and what came of it: notes, ratings, minutes, requests, introductions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import select

from marketplace import clock
from marketplace.db import session
from marketplace.demo.cases import STEPS, Case
from marketplace.demo.fridays_cast import Member
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.events import attending
from marketplace.events.models import Edition, Registration
from marketplace.introductions.models import Introduction, Side, Stage, Status
from marketplace.ratings import following, minutes, service, talks
from marketplace.ratings.models import Verdict
from marketplace.requests_desk import assigning, helping
from marketplace.requests_desk import service as requests_desk
from marketplace.requests_desk.models import HelpAnswer, Level, Request, Step, Topic
from marketplace.seating import service as seating
from marketplace.seating.models import NoteKind

SAID = "{first}与{second}就“{what}”谈了现有数据与验证条件，约定交换样品。"
GENERAL = "本桌讨论了{what}的检测标准和中试资源，希望街区组织一次现场观摩。"
POSSIBLE = "目标一致，愿意先做可行性测试。"
PASSED_ON = {
    Topic.SPACE: ("qinyuan", "资产运营部"), Topic.PEOPLE: ("keji", "人才工作科"), Topic.PERMITS: ("keji", "政务服务科"),
}
"""What a steward does not answer: which body does instead, and its department."""
ANSWERS = {Level.PARK: "grace", Level.AUTHORITY: "siyuan"}
FORGOTTEN = timedelta(days=12)
QUALIFIED, INTRODUCED, MET, INTENT, SIGNED, REGISTERED, IN_USE = 3, 7, 13, 24, 34, 40, 52
"""Days after the table."""
FURTHEST = (Stage.IMPLEMENTED, Stage.NEGOTIATING, Stage.INTRODUCED, Stage.DISCUSSING, Stage.PERFORMING)
"""How far the five needs of a theme come, time allowing."""
AMOUNTS = (Decimal(1_860_000), None, None, None, Decimal(920_000))
STEP = Decimal(140_000)
"""No two themes' contracts are of one amount."""
AFTER = ((Stage.QUALIFIED, QUALIFIED), (Stage.INTRODUCED, INTRODUCED), (Stage.DISCUSSING, MET),
         (Stage.NEGOTIATING, INTENT), (Stage.SIGNED, SIGNED), (Stage.PERFORMING, REGISTERED),
         (Stage.IMPLEMENTED, IN_USE))
NOTES = {
    Stage.QUALIFIED: "会后电话核对：需求真实，有预算和联系人。", Stage.INTRODUCED: "双方同意见面。",
    Stage.DISCUSSING: "现场看了产线和样品，确定了测试方案。", Stage.NEGOTIATING: "就测试费用和知识产权归属达成一致。",
    Stage.SIGNED: "技术开发合同已签。", Stage.PERFORMING: "合同已登记。", Stage.IMPLEMENTED: "样机已在产线稳定运行。",
}


def plan(timeline: Timeline, world: World, number: int, ended: datetime, coming: list[Member]) -> None:
    add = timeline.add
    add(ended + timedelta(minutes=70), following.note_over)
    add(ended + timedelta(minutes=40), partial(_ask_authorities, world, number, coming))
    add(ended + timedelta(hours=20), partial(_pass_on, world, number))
    add(ended + timedelta(days=3, minutes=-30), partial(_minutes, world, number))
    for place, one in enumerate(coming):
        rates = ended + timedelta(hours=19, minutes=11 * place)
        if rates < timeline.now:
            add(rates, partial(_rate, world, number, one, coming))
    add(ended + timedelta(days=4), partial(_answer_requests, world, number))
    add(ended + timedelta(days=6), partial(_confirm_requests, world, number))
    if ended + FORGOTTEN < timeline.now:
        add(ended + FORGOTTEN, partial(_answer_requests, world, number, late=True))
        add(ended + FORGOTTEN + timedelta(days=1), partial(_confirm_requests, world, number))
    _plan_cases(timeline, world, number, ended, coming)


def take_notes(world: World, number: int) -> None:
    """One note a table, written by the operator on a phone."""
    operator, edition = world.people["erin"], _edition(world, number)
    for plan in seating.plans(operator, edition):
        for table in plan.tables:
            here = [seat.registration.organisation for seat in plan.seats if seat.table_id == table.id]
            sitting = [organisation for organisation in here if organisation is not None]
            if len(sitting) < 2:
                continue
            text = SAID.format(first=sitting[0].name, second=sitting[1].name, what=edition.title.zh)
            kind = NoteKind.AGREED
            if table.number % 3 == 0:
                text, kind = GENERAL.format(what=edition.title.zh), NoteKind.ASKED
            once = f"friday-{number}-{plan.round}-{table.number}"
            seating.note(operator, edition, table.number, text, once, round=plan.round, kind=kind)


def _edition(world: World, number: int) -> Edition:
    return world.editions[f"fridays-{number}"]


def _rate(world: World, number: int, one: Member, coming: list[Member]) -> None:
    """Who has what the other needs sees a cooperation; one's own theme is informative; a few talks do not happen."""
    edition = _edition(world, number)
    mine = attending.of(world.people[one.key], edition)
    if mine is None or mine.attended_at is None or (one.number + number) % 8 == 3:  # some never rate
        return
    by_user = {world.people[other.key].id: other for other in coming}
    held = talks.of_person(mine, edition)
    people = talks.people_of([talk.other_of(mine.id) for talk in held])
    given = {key: _verdict(one, by_user.get(other.user_id), other) for key, other in people.items()}
    service.rate(mine, edition, given)


def _verdict(one: Member, other: Member | None, registration: Registration) -> service.Said:
    if other is not None and any(pair in other.pairs for pair in one.pairs):
        return service.Said(Verdict.POSSIBLE, POSSIBLE if one.has_need else None)
    if other is not None and (one.number + other.number) % 6 == 0:
        return service.Said(Verdict.NOT_HELD)
    return service.Said(Verdict.INFORMATIVE)


def _minutes(world: World, number: int) -> None:
    operator, edition = world.people["erin"], _edition(world, number)
    text = minutes.drawn(operator, edition, "zh")
    if text:
        minutes.write(operator, edition, text, None)
        minutes.send(operator, edition)


def _ask_authorities(world: World, number: int, coming: list[Member]) -> None:
    companies, told = [one for one in coming if one.has_need], rows("friday_services")["requests"]
    for turn in range(3):
        one, said = companies[(5 * turn + number) % len(companies)], told[(3 * number + turn) % len(told)]
        requests_desk.ask(world.people[one.key], world.organisations[one.key], Topic(said["topic"]), said["title"],
                          said["text"], _edition(world, number))


def _pass_on(world: World, number: int) -> None:
    """The steward hands on what park or authority has to answer."""
    for request in _requests(world, number):
        if request.step is Step.ASSIGNED and request.topic in PASSED_ON and request.steward is not None:
            body, department = PASSED_ON[request.topic]
            assigning.assign(request.steward, request, world.organisations[body].slug, department=department,
                             note="企业在“周五见”提出，请直接答复企业。")


def _answer_requests(world: World, number: int, late: bool = False) -> None:
    """Whoever is in charge answers; every seventh is forgotten first, and goes one level up by itself."""
    answers = {one["title"]: one["answer"] for one in rows("friday_services")["requests"]}
    for request in _requests(world, number):
        who = request.steward if request.level is Level.STEWARD else world.people[ANSWERS[request.level]]
        if request.step is Step.ASSIGNED and who is not None and (late or request.id % 7):
            requests_desk.answer(who, request, answers[request.title])


def _confirm_requests(world: World, number: int) -> None:
    """What settles it is confirmed; the first answer to what many ask then helps everybody."""
    told = rows("friday_services")["help"]
    for request in _requests(world, number):
        if request.step is Step.ANSWERED and request.id % 5:
            requests_desk.confirm(request.raised_by, request)
            words = told.get(request.title)
            known = select(HelpAnswer.id).where(HelpAnswer.question_zh == words["question_zh"]) if words else None
            if known is not None and session.scalar(known) is None:
                helping.publish(world.people["erin"], request, {"topic": request.topic.value, **words})


def _requests(world: World, number: int) -> list[Request]:
    this = select(Request).where(Request.edition_id == _edition(world, number).id)
    return list(session.scalars(this.order_by(Request.id)))


def _plan_cases(timeline: Timeline, world: World, number: int, ended: datetime, coming: list[Member]) -> None:
    """Each theme's introductions go on from the edition that was about it."""
    first = next(one for one in coming if one.place == number % 12)
    for place, pair in enumerate(first.theme["pairs"]):
        case = FridayCase(timeline, world, first.place, place, pair, ended.astimezone(clock.PLACE).date())
        for step, (stage, days) in enumerate(AFTER):
            if stage <= FURTHEST[place] and (moment := ended + timedelta(days=days, minutes=9 * place)) < timeline.now:
                timeline.add(moment, partial(case.go, step))


class FridayCase(Case):
    """An introduction that a table began, on its way; nothing where the two did not sit together."""

    def __init__(
        self, timeline: Timeline, world: World, theme: int, place: int, pair: dict[str, Any], day: date
    ) -> None:
        ago = (timeline.today - day).days
        steps = [{"to": int(stage), "days_ago": ago - days, "note": NOTES[stage]} for stage, days in AFTER]
        base = AMOUNTS[place]
        amount = base + STEP * (theme * 5 % 12) if base is not None else None
        row = {
            "broker": ("dana", "felix")[place % 2], "initiator": "need", "steps": steps, "stage": int(FURTHEST[place]),
            "outcome": f"{pair['target']}，已在产线验证。", "close": None, "hold": None, "event": None,
            "contract": {"type": "development", "amount": amount, "currency": "CNY", "technology_amount": amount,
                         "registration_no": f"{day.year}320500{theme:03}{place:03}"} if amount is not None else None,
        }
        super().__init__(timeline, world, row, place + 1, True)
        self.pair = pair

    def go(self, step: int) -> None:
        if step == 0 or not hasattr(self, "introduction"):
            self.look()
        if hasattr(self, "introduction") and self.introduction.status is Status.ACTIVE:
            stage = AFTER[step][0]
            if self.introduction.stage == stage - 1:
                STEPS[stage](self, step, self._day(step), NOTES[stage])

    def look(self) -> None:
        """The one between this need and this result, if a table has begun it and both sides want it."""
        found = session.scalars(select(Introduction).where(Introduction.origin == "event")).all()
        for one in found:
            if one.need.title == self.pair["need"] and one.result.title == self.pair["result"]:
                self.introduction = one

    @property
    def need(self) -> Any:
        return self.introduction.need

    @property
    def result(self) -> Any:
        return self.introduction.result

    def person(self, side: Side) -> Any:
        contact = self.introduction.listing_of(side).contact
        assert contact is not None
        return contact

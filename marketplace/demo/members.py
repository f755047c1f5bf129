"""Who asked for news of needs and what was told to them, the park's own members, and how brokers were trained."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import partial

from sqlalchemy import select

from marketplace import clock
from marketplace.broadcasts import answering, news, sending
from marketplace.broadcasts import service as broadcasts
from marketplace.broadcasts.models import Recipient, What
from marketplace.db import session
from marketplace.demo.timeline import Timeline, World
from marketplace.organisations import parks
from marketplace.training import certificates
from marketplace.training import service as training
from marketplace.training.models import Level, Taking

NEWS: dict[str, dict[What, list[str]]] = {
    "vera": {What.SUBTYPE: ["funding"]}, "alice": {}, "hao": {What.FIELD: ["new_energy", "new_materials"]},
    "kong": {What.FIELD: ["biology"]}, "meilin": {}, "tao": {What.SUBTYPE: ["testing", "procurement"]}, "qin": {},
    "stefan": {What.REGION: ["DE"]},
}
LOOKED = ("vera", "alice")
"""Who followed the link."""
PARK = {"hongyan": "A 座 12 层", "xinli": "B 座 3 层", "hengzhun": None, "yanbei": None}
ISSUER = "城市技术交易中心"
COURSES = (
    ("初级技术经理人班（第 2 期）", "Junior technology managers, 2nd class", Level.JUNIOR, 75, ("dana", "felix")),
    ("技术合同登记实务", "Registering technology contracts", Level.INTERMEDIATE, 30, ("dana",)),
)


def plan(timeline: Timeline, world: World) -> None:
    for number, person in enumerate(NEWS):
        timeline.add(timeline.moment(60 - number, 15), partial(_ask, world, person))
    for number, organisation in enumerate(PARK):
        timeline.add(timeline.moment(50 - number, 16), partial(_count, world, organisation))
    for course in COURSES:
        timeline.add(timeline.moment(course[3] + 20), partial(_teach, timeline, world, *course))
    timeline.add(timeline.moment(5), partial(_announce, timeline, world))
    timeline.add(timeline.moment(9, 11), partial(_tell, world, "need-series-b"))
    timeline.add(timeline.moment(8, 9), partial(_look, world))
    timeline.add(timeline.moment(1, 16), partial(_prepare, world, "need-safe-electrolyte"))


def _ask(world: World, person: str) -> None:
    news.ask(world.people[person], NEWS[person])


def _tell(world: World, need: str) -> None:
    told = broadcasts.plan(world.people["erin"], listing=world.listings[need].ref, note_zh="本轮融资截至下月底。",
                           note_en="The round closes at the end of next month.")
    broadcasts.send(world.people["erin"], told, told.version)
    while sending.write_some(told.id, sending.AT_ONCE) is not None:
        pass


def _look(world: World) -> None:
    ids = [world.people[person].id for person in LOOKED]
    for number in session.scalars(select(Recipient.id).where(Recipient.user_id.in_(ids)).order_by(Recipient.id)).all():
        answering.note_opened(answering.behind(answering.link(number).rpartition("/")[2]))


def _prepare(world: World, need: str) -> None:
    broadcasts.plan(world.people["erin"], listing=world.listings[need].ref)


def _count(world: World, organisation: str) -> None:
    parks.add(world.people["erin"], world.organisations["qinyuan"], organisation=world.organisations[organisation].slug,
              since=clock.today(), steward_id=world.people["grace"].id, note=PARK[organisation])


def _teach(
    timeline: Timeline, world: World, title: str, title_en: str, level: Level, days_ago: int, people: tuple[str, ...]
) -> None:
    """Planned, enrolled for, held, and what it led to."""
    erin, starts = world.people["erin"], timeline.moment(days_ago, 14)
    course = training.plan(erin, {
        "title_zh": title, "title_en": title_en, "level": level, "place": "渡口厅", "hours": 8, "seats": 30,
        "starts_at": starts, "teacher": "郭老师",
    })
    taken = [training.enrol(world.people[person], course) for person in people]
    with clock.at(starts + timedelta(hours=9)):
        for one in taken:
            training.mark(erin, course, one.id, Taking.ATTENDED)
            certificates.record(erin, one.user, level=level, issuer=ISSUER, issued_on=clock.today(),
                                valid_until=clock.today() + timedelta(days=3 * 365), training=course)


def _announce(timeline: Timeline, world: World) -> None:
    course = training.plan(world.people["erin"], {
        "title_zh": "需求打磨工作坊", "title_en": "Workshop: refining a need", "level": Level.JUNIOR, "place": "渡口厅",
        "hours": 3, "seats": 20, "starts_at": datetime.combine(_weekday(timeline.day(12)), time(14), clock.PLACE),
        "about_zh": "带一项真实需求来，两人一组，改到供方看得懂。",
        "about_en": "Bring a real need; in pairs, work on it until a supplier understands it."})
    training.enrol(world.people["felix"], course)


def _weekday(day: date) -> date:
    """That day, or the Monday after a weekend."""
    return day + timedelta(days=7 - day.weekday() if day.weekday() >= 5 else 0)

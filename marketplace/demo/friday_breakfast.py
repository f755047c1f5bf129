"""The breakfast club: one round table half a year ago, of which people were asked again since, and one to come for
which an operator says yes or no to each guest."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial

from marketplace import clock
from marketplace.demo.timeline import Timeline, World
from marketplace.events import attending, deciding
from marketplace.events import service as events
from marketplace.events.models import Attendance, Edition, State, Strand
from marketplace.ratings import following, service, talks
from marketplace.ratings.models import Later, Verdict

SLUG = "breakfast"
HELD, COMING = 205, 8
"""Days ago, and days from now."""
STARTS, LASTS = time(8), timedelta(minutes=90)
TUESDAY = 1
GUESTS = ("alice", "charlie", "hao", "qin", "pan", "tao", "vera", "grace")
HOPEFUL = (("alice", "charlie"), ("charlie", "alice"), ("hao", "pan"), ("qin", "hao"))
"""Who saw a cooperation half a year on, and with whom."""
WISH_TO_COME = ("rui", "ouyang", "jian", "iris", "lei", "kong")
APPROVED, DECLINED = ("rui", "ouyang"), "iris"
WHY_NOT = "本期只谈中试场地，名额留给企业；下期欢迎您来。"
PLACE = {"place_zh": "沁园湖科创街区 1 号楼湖畔餐厅", "place_en": "Lakeside canteen, Building 1, Qinyuan Lake"}
TITLES = (
    ("早餐会：检测资源怎么共享", "Breakfast club: how to share testing facilities",
     "八位同行一张圆桌，谈谁有闲置的检测设备、谁在排队。",
     "Eight people at one round table: who has idle testing equipment, and who queues."),
    ("早餐会：中试场地从哪里来", "Breakfast club: where pilot plants find space",
     "街区、孵化器和三家企业一起谈中试场地；名额有限，逐一确认。",
     "The district, an incubator and companies on space for pilot plants; few places, each confirmed."),
)


def plan(timeline: Timeline, world: World) -> None:
    day = timeline.day(-HELD)
    held = datetime.combine(day - timedelta(days=(day.weekday() - TUESDAY) % 7), STARTS, clock.PLACE)
    day = timeline.day(COMING)
    coming = datetime.combine(day + timedelta(days=(TUESDAY - day.weekday()) % 7), STARTS, clock.PLACE)
    timeline.add(held - timedelta(days=20), partial(_begin, world))
    timeline.add(held - timedelta(days=15), partial(_announce, world, 0, held))
    timeline.add(held - timedelta(days=6), partial(_come, world, GUESTS))
    timeline.add(held - timedelta(minutes=15), partial(_welcome, world))
    timeline.add(held + LASTS + timedelta(hours=2), following.note_over)
    timeline.add(held + timedelta(days=1, hours=2), partial(_rate, world))
    for days_ago in range((timeline.today - held.date()).days - 180, 0, -1):
        timeline.add(timeline.moment(days_ago, 10), following.ask_again)
    timeline.add(timeline.moment(9, 16), partial(_rate_again, world))
    timeline.add(timeline.moment(10), partial(_announce, world, 1, coming))
    for place, key in enumerate(WISH_TO_COME):
        timeline.add(timeline.moment(8 - place, 11), partial(_wish, world, key))
    timeline.add(timeline.moment(1, 17), partial(_decide, world))


def _begin(world: World) -> None:
    events.create_series(world.people["erin"], {
        "slug": SLUG, "title_zh": "湖畔早餐会", "title_en": "Breakfast by the lake",
        "summary_zh": "隔周周二早上八点，一张圆桌、一个主题，常设东道主，每次换几位客人。",
        "summary_en": "Tuesdays at eight: one round table, one theme, standing hosts and other guests each time.",
        "organisation": world.organisations["qinyuan"].slug, "weekday": TUESDAY, "starts": STARTS, "minutes": 90,
        "capacity": 10, "hosts": [world.organisations["qinyuan"].slug], "needs_approval": True, **PLACE,
    })


def _announce(world: World, number: int, starts: datetime) -> None:
    operator, (title_zh, title_en, summary_zh, summary_en) = world.people["erin"], TITLES[number]
    made = events.create_edition(operator, events.get_series(SLUG), {
        "strand": Strand.BREAKFAST, "title_zh": title_zh, "title_en": title_en, "summary_zh": summary_zh,
        "summary_en": summary_en, "starts_at": starts, "ends_at": starts + LASTS, "capacity": 10,
        "hosts": [world.organisations["qinyuan"].slug], "needs_approval": bool(number), **PLACE,
    })
    events.set_state(operator, made, State.OPEN)
    world.editions[f"{SLUG}-{number}"] = made


def _come(world: World, people: tuple[str, ...]) -> None:
    for key in people:
        attending.register(world.people[key], _edition(world, 0))


def _welcome(world: World) -> None:
    operator, edition = world.people["erin"], _edition(world, 0)
    for registration in attending.placed(edition):
        attending.check_in(operator, edition, registration.id)
    events.set_state(operator, edition, State.CLOSED)


def _rate(world: World) -> None:
    """Everybody found it informative; a first talk at breakfast is no cooperation yet."""
    edition = _edition(world, 0)
    for key in GUESTS[:6]:
        mine = attending.of(world.people[key], edition)
        assert mine is not None
        others = talks.people_of([talk.other_of(mine.id) for talk in talks.of_person(mine, edition)])
        service.rate(mine, edition, {number: service.Said(Verdict.INFORMATIVE) for number in others})


def _rate_again(world: World) -> None:
    edition = _edition(world, 0)
    for one, other in HOPEFUL:
        mine, theirs = (attending.of(world.people[key], edition) for key in (one, other))
        assert mine is not None
        assert theirs is not None
        given = {asked.other.id: Later.NOTHING for asked in service.asked_again(mine, edition)}
        service.rate_again(mine, edition, given | {theirs.id: Later.TALKING})


def _wish(world: World, key: str) -> None:
    attending.register(world.people[key], _edition(world, 1))


def _decide(world: World) -> None:
    """Two have a place, one is declined, the others wait for an answer."""
    operator, edition = world.people["erin"], _edition(world, 1)
    for key in (*APPROVED, DECLINED):
        theirs = attending.of(world.people[key], edition)
        assert theirs is not None
        assert theirs.state is Attendance.REQUESTED
        if key == DECLINED:
            deciding.decline(operator, edition, theirs.id, WHY_NOT)
        else:
            deciding.approve(operator, edition, theirs.id)


def _edition(world: World, number: int) -> Edition:
    return world.editions[f"{SLUG}-{number}"]

"""Twelve Fridays, from the first invitation to the minutes: the series “See you on Friday”, run by its own rules.

Unlike the demonstration this stands beside, every act is committed by itself, as on its day: seating is thought out by
the worker's own code, which holds nothing open meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import partial

from sqlalchemy import select

from marketplace import clock, workdays
from marketplace.db import session
from marketplace.demo import friday_breakfast, friday_guests, friday_services, friday_talks, fridays_cast
from marketplace.demo.fridays_cast import Member
from marketplace.demo.timeline import TELLING, Timeline, World, rows
from marketplace.events import attending, planning, surveying
from marketplace.events import service as events
from marketplace.events.models import Edition, State, Strand
from marketplace.events.vocabulary import STRANDS
from marketplace.introductions import service as introductions
from marketplace.messaging import service as messaging
from marketplace.requests_desk import timers
from marketplace.seating import service as seating
from marketplace.seating import working
from marketplace.seating.models import SeatingPlan
from marketplace.seating.problem import USUAL
from marketplace.surveys import answering, asking
from marketplace.surveys.models import Survey

SLUG = "fridays"
EDITIONS, COMING = 12, 2
FRIDAY, STARTS, MINUTES, PLACES = 4, time(14), 150, 40
JOINED, BEGUN, ASKED, SEATED = (timedelta(days=days) for days in (45, 40, 14, 1))
"""Before the first edition, and before each."""
THEMES = 12
THEMES_EACH = (0, -1, -5)
"""An edition is about one theme; those of the week before come again, and those of five weeks ago."""
ROUNDS = {3: 2, 10: 3}
"""Fridays where people change tables, and how many rounds they have."""
SMALLER = 6
"""Seats of a table where people change tables: six from one table can sit at six others."""
MORE_HOSTS = 8
"""The smaller tables want more hosts: those of the theme that finance and serve."""
LIKED = (5, 6, 5, 7, 6, 8, 6, 7, 9, 7, 9, 8)
STRANDS_IN_TURN = [
    Strand.SCIENCE_MEETS_COMPANY, Strand.PROCUREMENT, Strand.ROADSHOW, Strand.POLICY, Strand.FOUNDERS,
    Strand.EXPERT_FORUM,
]
STAFF, STANDING = ("dana", "felix", "grace", "siyuan"), ("qinyuan", "jindu", "keji")
GUESTS = (("alice", "charlie"), ("hao", "ouyang"), ("jian", "pan"), ("iris", "rui"))
"""From the other part of the demonstration, in turn."""
SUBSCRIBERS = (*TELLING, "thanks", "introductions")


def load(progress: Callable[[int], object], world: World) -> None:
    """Tell the twelve Fridays after the rest of the demonstration. `world` is what that has made."""
    timeline = Timeline(clock.now(), SUBSCRIBERS)
    plan(timeline, world)
    with messaging.without_mail():
        timeline.run(progress)
    messaging.let_be_read(before=timeline.now - timedelta(days=7))


def plan(timeline: Timeline, world: World) -> None:
    days, to_come = past_days(timeline.today), list(_coming(timeline.today))
    fridays_cast.plan(timeline, world, at(days[0]) - JOINED)
    timeline.add(at(days[0]) - BEGUN, partial(_begin, world, [*days, *to_come]))
    friday_guests.plan_wishes(timeline, world, at(days[0]) - BEGUN, list(fridays_cast.members()))
    friday_services.plan(timeline, world, [*days, *to_come])
    friday_breakfast.plan(timeline, world)
    for days_ago in range((timeline.today - days[0]).days, -1, -1):
        timeline.add(timeline.moment(days_ago, hour=7), introductions.run_timers)
        timeline.add(timeline.moment(days_ago, hour=9), timers.run)
    houses = list(fridays_cast.members())
    for number, day in enumerate([*days, *to_come]):
        coming = [one for one in houses if _comes(one, number)]
        _plan_before(timeline, world, number, day, coming)
        friday_guests.plan(timeline, world, number, at(day), coming)
        if day < timeline.today:
            _plan_the_day(timeline, world, number, day)
            friday_talks.plan(timeline, world, number, at(day) + timedelta(minutes=MINUTES), coming)


def past_days(today: date) -> list[date]:
    """The last twelve Fridays that were working days, the earliest first."""
    found: list[date] = []
    day = today - timedelta(days=(today.weekday() - FRIDAY) % 7 or 7)
    while len(found) < EDITIONS:
        if workdays.is_working(day):
            found.append(day)
        day -= timedelta(days=7)
    return found[::-1]


def themes_of(number: int) -> list[int]:
    return [(number + step) % THEMES for step in THEMES_EACH]


def _comes(one: Member, number: int) -> bool:
    """Everybody when it is about their theme; else so many of ten."""
    first, *others = themes_of(number)
    return one.place == first or (one.place in others and (3 * one.number + 7 * number) % 10 < LIKED[number % THEMES])


def at(day: date) -> datetime:
    return datetime.combine(day, STARTS, clock.PLACE)


def _coming(today: date) -> Iterator[date]:
    day, found = today + timedelta(days=(FRIDAY - today.weekday()) % 7 or 7), 0
    while found < COMING:
        if workdays.is_working(day):
            found += 1
            yield day
        day += timedelta(days=7)


def _begin(world: World, days: list[date]) -> None:
    """One series with its template, all its Fridays planned and announced; each then gets its theme."""
    operator = world.people["erin"]
    series = events.create_series(operator, {
        "slug": SLUG, "title_zh": "周五见", "title_en": "See you on Friday",
        "summary_zh": "每周五下午，八人一桌：会前摸清需求，按供需契合度排座，会后逐桌跟进。",
        "summary_en": "Every Friday afternoon, eight to a table: needs are asked beforehand, seats given by fit, and "
                      "every table is followed up.",
        "organisation": world.organisations["qinyuan"].slug, "weekday": FRIDAY, "starts": STARTS, "minutes": MINUTES,
        "capacity": PLACES, "place_zh": "沁园湖科创街区 3 号楼渡口厅",
        "place_en": "Landing Hall, Building 3, Qinyuan Lake Innovation District",
        "hosts": [world.organisations[key].slug for key in STANDING],
    })
    for number, day in enumerate(days):  # one by one: on a Friday, today is left out
        strand = STRANDS_IN_TURN[number % len(STRANDS_IN_TURN)]
        planned = planning.plan(operator, series, day, 1, strands=[strand], announce=True)
        _give_theme(world, number, planned.made[0])


def _give_theme(world: World, number: int, edition: Edition) -> None:
    themes = rows("fridays")["themes"]
    first, *others = [themes[place] for place in themes_of(number)]
    strand = STRANDS[edition.strand]
    if number >= THEMES:
        first = first | {"title": f"{first['title']}（第二轮）", "title_en": f"{first['title_en']}, second round"}
    names, others_en = "、".join(one["title"] for one in others), " and ".join(one["title_en"] for one in others)
    content = {name: getattr(edition, name) for name in events.EDITION_FIELDS}
    content |= {
        "title_zh": f"{strand.zh}：{first['title']}", "title_en": f"{strand.en}: {first['title_en'].lower()}",
        "summary_zh": f"第 {number + 1} 期以{first['title']}为主，同场还有{names}的企业和院所。",
        "summary_en": f"No. {number + 1} is about {first['title_en'].lower()}, beside {others_en.lower()}.",
        "hosts": [host.organisation.slug for host in edition.hosts] + [
            one["name"] for one in first["organisations"][MORE_HOSTS:] if number in ROUNDS],
        "guests": [first["organisations"][fridays_cast.COMPANIES]["name"]],
        "buyer": world.organisations["lichuan"].slug if edition.strand is Strand.PROCUREMENT else None,
    }
    events.change_edition(world.people["erin"], edition, content, edition.version)
    world.editions[f"{SLUG}-{number}"] = edition


def _plan_before(timeline: Timeline, world: World, number: int, day: date, coming: list[Member]) -> None:
    """Survey, registrations, answers; whoever is silent is rung up."""
    timeline.add(at(day) - ASKED - timedelta(days=7), partial(_ask, world, number))
    people = [*(one.key for one in coming), *STAFF, *GUESTS[number % len(GUESTS)]]
    answers = {one.key: one for one in coming}
    for place, key in enumerate(people):
        moment = at(day) - timedelta(days=20 - place % 16, minutes=3 * place)
        if moment > timeline.now:
            continue
        timeline.add(moment, partial(friday_guests.register, world, number, key))
        if key in answers and place % 7:
            timeline.add(moment + timedelta(minutes=30), partial(_answer, world, number, answers[key], coming))
    if at(day) - timedelta(days=3) < timeline.now:
        timeline.add(at(day) - timedelta(days=3), partial(_ring, world, number))


def _plan_the_day(timeline: Timeline, world: World, number: int, day: date) -> None:
    starts = at(day)
    timeline.add(starts - SEATED, partial(_seat, world, number))
    timeline.add(starts - timedelta(minutes=20), partial(_check_in, world, number))
    timeline.add(starts - timedelta(minutes=5), partial(_seat_again, world, number))
    timeline.add(starts + timedelta(minutes=70), partial(_leave, world, number))
    timeline.add(starts + timedelta(minutes=100), partial(friday_talks.take_notes, world, number))


def _ask(world: World, number: int) -> None:
    surveying.begin(world.people["erin"], edition_of(world, number))


def _answer(world: World, number: int, one: Member, coming: list[Member]) -> None:
    """What they need or have, whom they would like to meet; a competitor at the next table, but not at theirs."""
    edition, person = edition_of(world, number), world.people[one.key]
    surveying.let_answer(person, edition)
    survey = _survey(edition)
    said: dict[str, list[str]] = {}
    if one.pairs:
        what = "need" if one.has_need else "result"
        said["need" if one.has_need else "offer"] = ["；".join(pair[what] for pair in one.pairs) + "。"]
    institutes = [other for other in coming if other.theme is one.theme and other.pairs and not other.has_need]
    rivals = [other for other in coming if other.theme is one.theme and other.has_need and other.key != one.key]
    open_to = {organisation.id for organisation in answering.partners(person, survey)}
    said["meet"] = _numbers(world, institutes[:1] if one.has_need else [], open_to)
    said["avoid"] = _numbers(world, rivals[:1] if one.has_need and one.number % 4 == 1 else [], open_to)
    answering.answer(person, survey, said, survey.number)


def _numbers(world: World, members: list[Member], open_to: set[int]) -> list[str]:
    return [str(world.organisations[one.key].id) for one in members if world.organisations[one.key].id in open_to]


def _ring(world: World, number: int) -> None:
    """Staff ring up those who have not answered; most promise to."""
    operator, survey = world.people["grace"], _survey(edition_of(world, number))
    silent, _ = asking.follow(operator, survey, asking.Show.MISSING)
    for place, standing in enumerate(silent[:4]):
        note = "已说明用途，答应会前补填。" if place % 3 else "未接通，改发短信。"
        asking.call(operator, survey, standing.asked.id, number=standing.asked.calls + 1, reached=bool(place % 3),
                    note=note)


def _seat(world: World, number: int) -> None:
    operator, edition = world.people["erin"], edition_of(world, number)
    rounds = ROUNDS.get(number, 1)
    seating.ask(operator, edition, rounds=rounds, seats=USUAL if rounds == 1 else SMALLER)
    _think(edition)
    seating.publish(operator, edition)


def _seat_again(world: World, number: int) -> None:
    """For those who have really come."""
    operator, edition = world.people["erin"], edition_of(world, number)
    seating.ask_again(operator, edition)
    _think(edition)
    seating.publish(operator, edition)


def _think(edition: Edition) -> None:
    """What the worker does when it hears of it."""
    for _ in range(20):
        busy = [plan.id for plan in _plans(edition) if plan.is_busy]
        if not busy:
            return
        working.advance(busy[:1])
    raise RuntimeError(f"{edition.ref}: the seating does not come to an end")


def _check_in(world: World, number: int) -> None:
    """All but a few come; nobody else registers any more."""
    operator, edition = world.people["erin"], edition_of(world, number)
    for place, registration in enumerate(attending.placed(edition)):
        if place % 11 != 5 or not registration.organisation or registration.user.is_reviewer:
            attending.check_in(operator, edition, registration.id)
    events.set_state(operator, edition, State.CLOSED)


def _leave(world: World, number: int) -> None:
    """One has a train to catch."""
    edition = edition_of(world, number)
    here = [one for one in attending.present(edition) if not one.user.is_reviewer]
    attending.leave(world.people["erin"], edition, here[number % len(here)].id)


def edition_of(world: World, number: int) -> Edition:
    return world.editions[f"{SLUG}-{number}"]


def _survey(edition: Edition) -> Survey:
    assert edition.survey_id is not None
    return session.get_one(Survey, edition.survey_id)


def _plans(edition: Edition) -> list[SeatingPlan]:
    these = select(SeatingPlan).where(SeatingPlan.edition_id == edition.id).order_by(SeatingPlan.round)
    return list(session.scalars(these.execution_options(populate_existing=True)))

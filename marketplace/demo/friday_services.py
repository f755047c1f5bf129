"""What goes on beside the tables: suppliers, news of one need, the members' yearly survey, training."""

from __future__ import annotations

import zlib
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from marketplace import clock
from marketplace.analytics import publishing
from marketplace.broadcasts import answering, news, sending
from marketplace.broadcasts import service as broadcasts
from marketplace.broadcasts.models import Recipient, What
from marketplace.db import session
from marketplace.demo import fridays_cast
from marketplace.demo.fridays_cast import Member
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.introductions.models import Introduction
from marketplace.organisations.models import MembershipClass
from marketplace.suppliers import renewing
from marketplace.suppliers import service as suppliers
from marketplace.suppliers.models import Library, Supplier
from marketplace.surveys import answering as surveys_answering
from marketplace.surveys import asking, service
from marketplace.surveys.asking import Wanted
from marketplace.surveys.models import State, Survey, SurveyOf
from marketplace.training import certificates
from marketplace.training import service as training
from marketplace.training.models import Level, Taking

PROCURING = (7, 13)
"""The Fridays, as numbers from 0, that go with a buyer's libraries."""
LINKED = timedelta(days=16)
"""Before its Friday the buyer says which library it is held for."""
LASTS = timedelta(days=25)
RECORDED = 120
"""Days ago; certificates that were issued before are recorded late."""
INTERESTED = 3
"""Who answer the news with a result of theirs."""
HINDRANCES, SATISFIED = "1111223334556", "1112222234"
"""The choices, the usual ones more often."""
WISHES = ("每期的主题能早两周公布更好。", "希望会后能拿到同桌人的联系方式。",
          "多办几次定向采购，带着清单来最有效。", "桌上谈得很好，后面的中试场地要跟上。")


def plan(timeline: Timeline, world: World, days: list[date]) -> None:
    told = rows("friday_services")
    houses = list(fridays_cast.members())
    for number, library in zip(PROCURING, told["libraries"], strict=False):
        _plan_library(timeline, world, library, number, datetime.combine(days[number], time(14), clock.PLACE))
    for days_ago in (30, 2):
        timeline.add(timeline.moment(days_ago, 8), renewing.run)
    timeline.add(timeline.moment(3), partial(_open_figures, world))
    _plan_news(timeline, world, told["broadcast"], houses)
    _plan_survey(timeline, world, told["survey"], houses)
    for one in told["certificates"]:
        ends = timeline.day(one["ends_in_days"])
        timeline.add(timeline.moment(RECORDED), partial(_certify, world, one, ends))
    timeline.add(timeline.moment(told["course"]["days_ago"] + 15), partial(_teach, timeline, world, told["course"]))


def _open_figures(world: World) -> None:
    """Everybody may look at the wall page."""
    publishing.set_public(world.people["erin"], True)


def _plan_library(timeline: Timeline, world: World, told: dict[str, Any], number: int, starts: datetime) -> None:
    opened, places = dict[str, Library](), dict[str, Supplier]()
    timeline.add(timeline.moment(told["days_ago"]), partial(_open, world, opened, told))
    for one in told["known"]:
        timeline.add(timeline.moment(one["days_ago"], 11), partial(_apply, world, opened, places, one))
        if "decision" in one:
            decides = partial(_decide, world, places, told, one)
            timeline.add(timeline.moment(one["decided_days_ago"], 15), decides)
        if "renews_days_ago" in one:
            timeline.add(timeline.moment(one["renews_days_ago"], 15), partial(_apply, world, opened, places, one))
    linked = max(starts - LINKED, timeline.moment(told["days_ago"], 12))
    timeline.add(linked, partial(_link, world, opened, told, number))
    theme = [one for one in fridays_cast.members() if one.place == number % 12]
    for one in told["of_the_theme"]:
        named = {**one, "person": theme[one["house"]].key, "organisation": theme[one["house"]].key}
        timeline.add(starts + timedelta(days=one["after"]), partial(_apply, world, opened, places, named))
        if "decision" in one:
            timeline.add(starts + timedelta(days=one["decided_after"]), partial(_decide, world, places, told, named))


def _open(world: World, opened: dict[str, Library], told: dict[str, Any]) -> None:
    opened["this"] = suppliers.open_library(world.people[told["person"]], world.organisations[told["buyer"]], told | {
        "edition": None})


def _link(world: World, opened: dict[str, Library], told: dict[str, Any], number: int) -> None:
    library, edition = opened["this"], world.editions[f"fridays-{number}"]
    content = told | {"edition": edition.id}
    suppliers.change_library(world.people[told["person"]], library, content, library.version)


def _apply(world: World, opened: dict[str, Library], places: dict[str, Supplier], told: dict[str, Any]) -> None:
    organisation = world.organisations[told["organisation"]]
    places[told["organisation"]] = suppliers.apply(world.people[told["person"]], opened["this"], organisation, told)


def _decide(world: World, places: dict[str, Supplier], library: dict[str, Any], told: dict[str, Any]) -> None:
    buyer, place = world.people[library["person"]], places[told["organisation"]]
    if told["decision"] == "accept":
        suppliers.accept(buyer, place)
    else:
        suppliers.decline(buyer, place, told["reason"])


def _plan_news(timeline: Timeline, world: World, told: dict[str, Any], houses: list[Member]) -> None:
    """Half of them asked for news of needs, most for their field only; one need is told, and some answer it."""
    theme = [one for one in houses if one.place == told["theme"]] or [houses[0]]
    readers = [one for one in houses if not one.has_need or one.number % told["reader_every"]]
    for one in readers:
        moment = timeline.moment(told["days_ago"] + 20, 9) + timedelta(minutes=one.number)
        timeline.add(moment, partial(_subscribe, world, one))
    seeker = theme[min(told["pair"], len(theme) - 1)]
    timeline.add(timeline.moment(told["days_ago"], 10), partial(_tell, world, seeker, told))
    timeline.add(timeline.moment(told["days_ago"] - 1, 9), partial(_look, world, seeker, told))
    timeline.add(timeline.moment(told["days_ago"] - 2, 15), partial(_answer, world, seeker))


def _subscribe(world: World, one: Member) -> None:
    wanted = {What.FIELD: [one.theme["field"]]} if one.number % 3 == 0 else {}
    news.ask(world.people[one.key], wanted)


def _need_of(world: World, one: Member) -> Any:
    return world.listings[one.listing(one.pairs[0])]


def _tell(world: World, seeker: Member, told: dict[str, Any]) -> None:
    operator = world.people["erin"]
    made = broadcasts.plan(operator, listing=_need_of(world, seeker).ref, note_zh=told["note_zh"],
                           note_en=told["note_en"])
    broadcasts.send(operator, made, made.version)
    while sending.write_some(made.id, sending.AT_ONCE) is not None:
        pass


def _recipients(world: World, seeker: Member) -> list[Recipient]:
    need = _need_of(world, seeker)
    these = select(Recipient).where(Recipient.broadcast.has(listing_id=need.id)).order_by(Recipient.id)
    return list(session.scalars(these))


def _look(world: World, seeker: Member, told: dict[str, Any]) -> None:
    for one in _recipients(world, seeker):
        if one.id % told["opened_every"] == 0:
            answering.note_opened(_asked(one))


def _asked(one: Recipient) -> answering.Asked:
    return answering.behind(answering.link(one.id).rpartition("/")[2], one.user)


def _answer(world: World, seeker: Member) -> None:
    """Institutes that have a result in the field of the need, and no introduction to it yet."""
    need, done = _need_of(world, seeker), 0
    met = set(session.scalars(select(Introduction.result_id).where(Introduction.need_id == need.id)))
    for one in _recipients(world, seeker):
        asked = _asked(one)
        own = [listing for listing in asked.candidates if listing.field == need.field and listing.id not in met]
        if own and done < INTERESTED:
            answering.note_opened(asked)
            answering.interest(_asked(one), {"own": own[0].ref})
            done += 1


def _plan_survey(timeline: Timeline, world: World, told: dict[str, Any], houses: list[Member]) -> None:
    begun = dict[str, Survey]()
    timeline.add(timeline.moment(told["days_ago"], 9), partial(_ask_members, world, begun, told))
    for one in houses:
        if one.number % 4:
            moment = timeline.moment(told["days_ago"] - 1 - one.number % 20, 10) + timedelta(minutes=one.number)
            timeline.add(moment, partial(_answer_survey, world, begun, one))
    timeline.add(timeline.moment(told["published_days_ago"], 16), partial(_publish, world, begun))


def _ask_members(world: World, begun: dict[str, Survey], told: dict[str, Any]) -> None:
    operator = world.people["erin"]
    content = {name: told[name] for name in ("title_zh", "title_en", "intro_zh", "intro_en", "smallest")}
    survey = service.create(operator, SurveyOf.MEMBERS, {**content, "closes_at": clock.now() + LASTS})
    service.set_state(operator, survey, State.OPEN)
    asking.ask_members(operator, survey, Wanted(memberships=list(MembershipClass)))
    begun["this"] = survey


def _answer_survey(world: World, begun: dict[str, Survey], one: Member) -> None:
    wanted = {2 - _drawn("first", one, 2), 1 + _drawn("second", one, 6)}
    said = {
        "staff": [str(12 + _drawn("staff", one, 30) ** 2)],
        "research": [str(40 + 3 * _drawn("research", one, 38) ** 2)],
        "hindrance": [HINDRANCES[_drawn("hindrance", one, len(HINDRANCES))]],
        "wanted": [str(choice) for choice in sorted(wanted)],
        "satisfied": [SATISFIED[_drawn("satisfied", one, len(SATISFIED))]],
        "wish": [WISHES[one.number % 4]] if one.number % 11 == 1 else [],
    }
    surveys_answering.answer(world.people[one.key], begun["this"], said, begun["this"].number)


def _drawn(question: str, one: Member, of: int) -> int:
    """As by chance, and the same every time."""
    return zlib.crc32(f"{question} {one.number}".encode()) % of


def _publish(world: World, begun: dict[str, Survey]) -> None:
    operator, survey = world.people["erin"], begun["this"]
    service.set_state(operator, survey, State.CLOSED)
    service.publish(operator, survey, True)


def _certify(world: World, told: dict[str, Any], ends: date) -> None:
    certificates.record(world.people["erin"], world.people[told["person"]], level=Level(told["level"]),
                        issuer=told["issuer"], issued_on=ends - timedelta(days=365 * told["years"]), valid_until=ends)


def _teach(timeline: Timeline, world: World, told: dict[str, Any]) -> None:
    operator, starts = world.people["erin"], timeline.moment(told["days_ago"], 14)
    content = {name: told[name] for name in (
        "title_zh", "title_en", "about_zh", "about_en", "place", "hours", "seats", "teacher")}
    course = training.plan(operator, {**content, "level": Level(told["level"]), "starts_at": starts})
    taken = {key: training.enrol(world.people[key], course) for key in told["people"]}
    with clock.at(starts + timedelta(hours=5)):
        for key, one in taken.items():
            missed = key in told["missed"]
            training.mark(operator, course, one.id, Taking.ABSENT if missed else Taking.ATTENDED)

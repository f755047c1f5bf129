"""Who is asked to a Friday and what they say, and the talks of two of some of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from marketplace.demo.fridays_cast import Member
from marketplace.demo.timeline import Timeline, World
from marketplace.events import attending, invited, inviting
from marketplace.events.inviting import Filter
from marketplace.events.models import Answer, Edition, Often
from marketplace.listings.models import Kind
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.seating import meeting_slots, talking

INVITED, ARRANGED, WISHED, SETTLED = (timedelta(days=days) for days in (19, 12, 4, 2))
"""Before the beginning."""
MOST = 12
"""Invited to one Friday."""
WITH_TALKS = (8, 12)
"""Fridays with talks of two; numbers from 0."""
AFTER, SLOTS, MINUTES, PLACES = 90, 4, 15, 8
THEMES = 12
OFTEN = (Often.WEEKLY, Often.ALWAYS, Often.MONTHLY, Often.QUARTERLY, Often.NEVER)


def plan(timeline: Timeline, world: World, number: int, starts: datetime, coming: list[Member]) -> None:
    field = next(one.theme["field"] for one in coming if one.place == number % THEMES)
    timeline.add(starts - INVITED, partial(_invite, world, number, field))
    regulars = {one.key for one in coming}
    for said, days in ((Answer.DECLINED, 16), (Answer.ACCEPTED, 9)):
        if starts - timedelta(days=days) < timeline.now:
            timeline.add(starts - timedelta(days=days), partial(_hear, world, number, regulars, said))
    if starts > timeline.now:
        timeline.add(timeline.moment(2, 11), partial(_invite_investors, world, number))
    if number in WITH_TALKS:
        _plan_talks(timeline, world, number, starts, coming)


def plan_wishes(timeline: Timeline, world: World, moment: datetime, houses: list[Member]) -> None:
    """How often they may be invited; who says nothing is invited once a month."""
    for one in houses[::9]:
        often = OFTEN[one.number % len(OFTEN)]
        timeline.add(moment + timedelta(hours=1), partial(_allow, world, one, often))


def register(world: World, number: int, key: str) -> None:
    """They take their place; whoever was asked, by saying yes."""
    edition, person = edition_of(world, number), world.people[key]
    for one in inviting.invitations(world.people["erin"], edition):
        if one.user_id == person.id:
            invited.answer(one, Answer.ACCEPTED)
            return
    attending.register(person, edition)


def edition_of(world: World, number: int) -> Edition:
    return world.editions[f"fridays-{number}"]


def _allow(world: World, one: Member, often: Often) -> None:
    invited.choose(world.people[one.key], often)


def _invite(world: World, number: int, field: str) -> None:
    """Those with an open need in the theme's field, then those with a result, as far as they allow it."""
    operator, edition = world.people["grace"], edition_of(world, number)
    for has in (Kind.NEED, Kind.RESULT):
        wanted = Filter(field=field, has=has)
        people = [one.person.id for one in inviting.preview(operator, edition, wanted).free]
        if people:
            inviting.invite(operator, edition, wanted, people[:MOST // 2])


def _invite_investors(world: World, number: int) -> None:
    """Shortly before, who finances and serves; they have not answered yet."""
    operator, edition = world.people["grace"], edition_of(world, number)
    wanted = Filter(kinds=(OrganisationKind.INVESTOR, OrganisationKind.SERVICE_PROVIDER))
    people = [one.person.id for one in inviting.preview(operator, edition, wanted).free]
    if people:
        inviting.invite(operator, edition, wanted, people[:MOST // 2])


def _hear(world: World, number: int, regulars: set[str], said: Answer) -> None:
    """Of those who do not come anyway one in three declines, one accepts, one is silent."""
    people = {world.people[key].id for key in regulars}
    turn = (Answer.DECLINED, Answer.ACCEPTED).index(said)
    asked = inviting.invitations(world.people["grace"], edition_of(world, number))
    others = sorted((one for one in asked if one.user_id not in people), key=lambda one: one.user_id)
    for one in others[turn::3]:
        if one.answer is None:
            invited.answer(one, said)


def _plan_talks(timeline: Timeline, world: World, number: int, starts: datetime, coming: list[Member]) -> None:
    timeline.add(starts - ARRANGED, partial(_arrange, world, number, False))
    timeline.add(starts - WISHED, partial(_wish, world, number, coming))
    if starts < timeline.now:
        timeline.add(starts - SETTLED, partial(_settle, world, number))


def _arrange(world: World, number: int, suggests: bool) -> None:
    edition = edition_of(world, number)
    talking.arrange(world.people["erin"], edition, after=AFTER, slots=SLOTS, minutes=MINUTES, places=PLACES,
                    suggests=suggests)
    talking.advance([edition.id])


def _wish(world: World, number: int, coming: list[Member]) -> None:
    """Companies ask for the institutes of their theme; one would rather not talk with a competitor."""
    edition = edition_of(world, number)
    placed = {one.user_id: one.id for one in attending.placed(edition)}
    here = [one for one in coming if world.people[one.key].id in placed]
    for one in here[::2]:
        def numbers(others: list[Member]) -> list[int]:
            return [placed[world.people[other.key].id] for other in others]

        fitting = [other for other in here if other.theme is one.theme and other.has_need is not one.has_need]
        rivals = [other for other in here if other.theme is one.theme and other.has_need and other is not one]
        talking.wish(
            world.people[one.key], edition, asks=numbers(fitting[:3]), most=3 if one.number % 4 == 0 else None,
            refuses=numbers(rivals[:1]) if one.has_need and one.number % 3 == 1 else [],
            cannot=[SLOTS - 1] if one.number % 5 == 0 else [],
        )


def _settle(world: World, number: int) -> None:
    """Two must meet; then the talks are arranged and told."""
    operator, edition = world.people["erin"], edition_of(world, number)
    day = talking.day_of(edition)
    assert day is not None
    asked = [unmet for unmet in talking.unmet(operator, edition) if unmet[2].why is not meeting_slots.WhyNot.REFUSED]
    if asked:
        talking.must_meet(operator, edition, asked[0][0].id, asked[0][1].id)
    _arrange(world, number, True)
    talking.publish(operator, edition)

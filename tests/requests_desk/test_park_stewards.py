"""The park's own steward of a company is asked before anybody else, for as long as they are that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import a_person, an_organisation, join
from desk_facts import REPLY, TEXT, TITLE, morning, told
from sqlalchemy import delete

from marketplace import clock, workdays
from marketplace.db import session, transaction
from marketplace.errors import NotFound
from marketplace.organisations import parks
from marketplace.organisations.models import Kind, Membership, Role
from marketplace.organisations.park_models import ParkMember
from marketplace.requests_desk import permissions, service, timers
from marketplace.requests_desk.lists import Filters
from marketplace.requests_desk.models import Level, Step, Topic

pytest_plugins = ["desk_cast"]


@pytest.fixture
def with_park_steward(charlie, company, dana, home_steward):
    """The company has a steward among the platform's staff too."""
    with transaction():
        company.steward_id = dana.id
    session.expire(company)
    return service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)


def no_longer_of_the_park(person):
    with transaction():
        session.execute(delete(Membership).where(Membership.user_id == person.id))
    session.expire_all()


def test_the_steward_of_the_park_has_it_before_the_platforms(with_park_steward, home_steward, dana):
    assert with_park_steward.step is Step.ASSIGNED and with_park_steward.level is Level.STEWARD
    assert with_park_steward.steward_id == home_steward.id
    assert with_park_steward.due_on == workdays.after(clock.today(), 3)
    assert told(home_steward) == ["You are asked to answer “{title}” of {organisation} by {day}."]
    assert told(dana) == [] and not permissions.can_see(dana, with_park_steward)


def test_they_find_it_and_answer_it_though_they_do_not_write_for_the_park(with_park_steward, home_steward, charlie):
    found, total = service.desk(home_steward, Filters(due="mine"))
    assert total == 1 and found[0].id == with_park_steward.id and service.waiting_for(home_steward) == 1
    assert service.visible_refs(home_steward, [with_park_steward.ref]) == [with_park_steward.ref]
    service.answer(home_steward, with_park_steward, REPLY)
    service.confirm(charlie, with_park_steward)
    assert told(home_steward)[-1] == "{organisation} confirms that “{title}” is settled."


def test_what_they_do_not_answer_goes_to_their_park(with_park_steward, home_steward, company, erin):
    older = an_organisation("older", Kind.PARK)
    parks.add(erin, older, organisation=company.slug, since=clock.today() - timedelta(days=400))
    for days in (3, 4):
        with morning(days):
            timers.run()
    request = service.get(erin, with_park_steward.ref)
    assert request.level is Level.PARK and request.handler.slug == "home"
    assert "“{title}” of {organisation} is now with {who}." in told(home_steward)
    assert permissions.can_see(home_steward, request) and not permissions.can_answer(home_steward, request)


def test_of_several_parks_the_one_it_has_belonged_to_longest(charlie, company, erin, home_steward):
    older = an_organisation("older", Kind.PARK)
    sam = a_person("sam@older.example")
    join(sam, older, Role.EDITOR)
    day = clock.today() - timedelta(days=400)
    parks.add(erin, older, organisation=company.slug, since=day, steward_id=sam.id)
    assert service.ask(charlie, company, Topic.OTHER, TITLE, TEXT).steward_id == sam.id


@pytest.mark.parametrize("why", ["left the park", "account ended", "of the company too", "park is not verified"])
def test_a_park_steward_who_cannot_answer_is_passed_over(why, charlie, company, dana, home_steward):
    with transaction():
        company.steward_id = dana.id
        if why == "account ended":
            home_steward.disabled_at = clock.now()
        if why == "park is not verified":
            home_steward.memberships[0].organisation.state = "pending"
    if why == "of the company too":
        join(home_steward, company, Role.VIEWER)
    if why == "left the park":
        no_longer_of_the_park(home_steward)
    session.expire_all()
    assert service.ask(charlie, company, Topic.OTHER, TITLE, TEXT).steward_id == dana.id


@pytest.mark.parametrize("why", ["left the park", "company left the list"])
def test_who_is_no_longer_of_the_park_reads_it_no_more(why, with_park_steward, home_steward, erin):
    if why == "left the park":
        no_longer_of_the_park(home_steward)
    else:
        with transaction():
            session.execute(delete(ParkMember))
    with pytest.raises(NotFound):
        service.get(home_steward, with_park_steward.ref)
    assert service.visible_refs(home_steward, [with_park_steward.ref]) == []
    assert service.waiting_for(home_steward) == 0
    before = len(told(home_steward))
    with morning(3):
        timers.run()
    assert len(told(home_steward)) == before


def test_the_next_steward_of_the_park_reads_what_the_last_one_has(with_park_steward, home_steward, erin):
    """A request stays with whom it was given to; operators can give it to the new one."""
    row = session.query(ParkMember).one()
    tina = a_person("tina@home.example")
    join(tina, row.park, Role.VIEWER)
    parks.change(erin, row, version=row.version, since=row.since, steward_id=tina.id)
    assert permissions.can_answer(home_steward, with_park_steward)
    service.assign(erin, with_park_steward, f"steward:{tina.id}")
    assert with_park_steward.steward_id == tina.id and permissions.can_answer(tina, with_park_steward)
    assert not permissions.can_see(home_steward, with_park_steward)


def test_a_park_steward_passes_it_up_and_learns_no_names_of_the_staff(
    with_park_steward, home_steward, dana, erin, desk_bureau
):
    offered = service.targets(home_steward, with_park_steward)
    assert [one.steward for one in offered[Level.STEWARD]] == [home_steward, dana]
    assert erin not in [one.steward for one in offered[Level.STEWARD]]
    service.assign(home_steward, with_park_steward, "bureau")
    assert with_park_steward.level is Level.AUTHORITY and with_park_steward.handler_id == desk_bureau.id


def test_pages_say_who_answers_and_of_which_park(with_park_steward, signed_in, charlie, erin):
    url = with_park_steward.url
    page = signed_in(charlie).get(url).text
    assert "Sophie of Home answers by" in page
    assert "Sophie · Home" in signed_in(erin).get(f"{url}/assign").text

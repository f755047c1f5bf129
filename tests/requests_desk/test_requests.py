"""A request goes to somebody who answers it by a day; the company has the last word."""

from __future__ import annotations

import pytest
from conftest import a_person, an_organisation, join
from desk_facts import REPLY, TEXT, TITLE, told
from events.planned import a_series, an_edition

from marketplace import clock, workdays
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.organisations import parks
from marketplace.organisations.models import Kind, Role
from marketplace.requests_desk import permissions, routes, service
from marketplace.requests_desk.lists import Filters
from marketplace.requests_desk.models import Level, Request, Route, Step, Topic, What

pytest_plugins = ["desk_cast"]


def whats(person, request) -> list[What]:
    return [act.what for act in service.history(person, request)]


def test_the_steward_has_it_first_and_three_working_days(with_steward, dana, charlie):
    assert with_steward.step is Step.ASSIGNED and with_steward.level is Level.STEWARD
    assert with_steward.steward_id == dana.id and with_steward.due_on == workdays.after(clock.today(), 3)
    assert told(dana) == ["You are asked to answer “{title}” of {organisation} by {day}."]
    assert whats(charlie, with_steward) == [What.RAISED, What.ASSIGNED]
    assert with_steward.ref.startswith("Q-")


def test_without_a_steward_the_table_says_which_park(routed, charlie, company, desk_park, pauline):
    request = service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)
    assert request.level is Level.PARK and request.handler_id == desk_park.id
    assert request.department == "Service hall" and request.due_on == workdays.after(clock.today(), 5)
    assert len(told(pauline)) == 1


def test_the_smallest_region_decides(charlie, company, erin, desk_park):
    near = an_organisation("near", Kind.PARK)
    routes.add(erin, Topic.SPACE, desk_park, None, None, 5)
    routes.add(erin, Topic.SPACE, near, None, "440300", 4)
    assert service.ask(charlie, company, Topic.SPACE, TITLE, TEXT).handler_id == near.id


def test_the_park_that_counts_the_company_among_its_members_answers(routed, charlie, company, erin):
    home = an_organisation("home", Kind.PARK)
    parks.add(erin, home, organisation=company.slug, since=clock.today())
    request = service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)
    assert request.handler_id == home.id and request.department is None
    routes.add(erin, Topic.FINANCE, home, "Loans", None, 4)
    assert service.ask(charlie, company, Topic.FINANCE, TITLE, TEXT).department == "Loans"
    assert session.query(Route).count() == 3


def test_where_nobody_is_known_operators_assign_it(unassigned, erin, desk_park, pauline, charlie):
    assert unassigned.step is Step.WAITING and unassigned.due_on is None
    assert told(erin) == ["“{title}” needs somebody who answers."] and service.waiting_for(erin) == 1
    service.assign(erin, unassigned, "park", department="Space", days=7, note="They know the hall.")
    assert unassigned.handler_id == desk_park.id and unassigned.due_on == workdays.after(clock.today(), 7)
    assert service.waiting_for(pauline) == 1 and service.waiting_for(erin) == 0
    assert told(charlie)[-1] == "{who} answers your request “{title}” by {day}."


def test_answered_and_confirmed(answered, dana, charlie):
    assert answered.step is Step.ANSWERED and answered.answer == REPLY and service.waiting_for(charlie) == 1
    service.confirm(charlie, answered)
    assert answered.step is Step.CONFIRMED and answered.closed_at is not None
    assert told(dana)[-1] == "{organisation} confirms that “{title}” is settled."
    assert whats(charlie, answered)[-2:] == [What.ANSWERED, What.CONFIRMED]


def test_sent_back_the_same_people_answer_again(answered, dana, charlie):
    service.send_back(charlie, answered, "Window 12 sent us away.")
    assert answered.step is Step.ASSIGNED and answered.steward_id == dana.id and answered.answer == REPLY
    assert answered.remark == "Window 12 sent us away." and answered.due_on == workdays.after(clock.today(), 3)


def test_sent_back_twice_it_goes_one_level_up(answered, dana, charlie, routed, desk_park, pauline):
    service.send_back(charlie, answered, "No.")
    service.answer(dana, answered, "Then window 13.")
    service.send_back(charlie, answered, "No again.")
    assert answered.level is Level.PARK and answered.handler_id == desk_park.id and answered.returns == 0
    assert whats(charlie, answered)[-2:] == [What.RETURNED, What.ESCALATED]
    assert permissions.can_see(dana, answered) and not permissions.can_answer(dana, answered)
    assert permissions.can_answer(pauline, answered)


def test_the_park_names_another_department_or_passes_it_up(routed, charlie, company, pauline, boris, desk_bureau):
    request = service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)
    service.assign(pauline, request, "park", department="Fire safety")
    assert request.department == "Fire safety"
    service.assign(pauline, request, "bureau")
    assert request.level is Level.AUTHORITY and request.handler_id == desk_bureau.id
    with pytest.raises(NotFound):
        service.answer(pauline, request, REPLY)
    service.answer(boris, request, REPLY)
    assert request.step is Step.ANSWERED


def test_whoever_is_in_charge_does_not_pass_it_down_or_sideways(routed, charlie, company, pauline, dana):
    an_organisation("elsewhere", Kind.PARK)
    request = service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)
    for to in (f"steward:{dana.id}", "elsewhere", "company", "steward:0", "organisation:x"):
        with pytest.raises(Invalid) as refused:
            service.assign(pauline, request, to)
        assert "to" in refused.value.fields


@pytest.mark.parametrize("days", [0, -3, 61, 10**6])
def test_days_that_are_none_are_refused(days, unassigned, erin, desk_park):
    with pytest.raises(Invalid) as refused:
        service.assign(erin, unassigned, "park", days=days)
    assert "days" in refused.value.fields and unassigned.step is Step.WAITING


def test_a_second_click_asks_and_answers_once(charlie, company, with_steward, dana):
    again = service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)
    assert again.id == with_steward.id and session.query(Request).count() == 1
    service.answer(dana, with_steward, REPLY)
    service.answer(dana, with_steward, REPLY)
    assert whats(charlie, with_steward).count(What.ANSWERED) == 1
    for _ in range(2):
        service.send_back(charlie, with_steward, "Not there.")
    assert whats(charlie, with_steward).count(What.RETURNED) == 1 and with_steward.returns == 1
    seen = with_steward.version
    for _ in range(2):
        service.assign(dana, with_steward, f"steward:{dana.id}", version=seen)
    assert whats(charlie, with_steward).count(What.ASSIGNED) == 2
    service.answer(dana, with_steward, REPLY)
    service.confirm(charlie, with_steward)
    service.confirm(charlie, with_steward)
    assert whats(charlie, with_steward).count(What.CONFIRMED) == 1


def test_two_at_once_one_is_told(with_steward, dana, erin):
    seen = with_steward.version
    service.answer(erin, with_steward, REPLY, seen)
    with pytest.raises(Conflict):
        service.answer(dana, with_steward, "Window 13.", seen)
    assert with_steward.answer == REPLY


def test_what_is_over_is_not_changed(answered, charlie, dana, erin):
    service.withdraw(charlie, answered)
    for attempt in (lambda: service.confirm(charlie, answered), lambda: service.send_back(charlie, answered, "No"),
                    lambda: service.answer(dana, answered, "x"), lambda: service.assign(erin, answered, "park")):
        with pytest.raises(Conflict):
            attempt()


def test_a_viewer_looks_on(answered, onlooker, company):
    assert permissions.can_see(onlooker, answered)
    for attempt in (lambda: service.confirm(onlooker, answered), lambda: service.send_back(onlooker, answered, "No"),
                    lambda: service.withdraw(onlooker, answered),
                    lambda: service.ask(onlooker, company, Topic.OTHER, "T", "x")):
        with pytest.raises(Forbidden):
            attempt()


def test_nobody_else_knows_of_it(with_steward, alice, pauline, boris):
    other = a_person("frank@broker.example", is_broker=True)
    for person in (alice, pauline, boris, other, None):
        assert not permissions.can_see(person, with_steward)
        with pytest.raises(NotFound):
            service.get(person, with_steward.ref)
        assert service.visible_refs(person, [with_steward.ref]) == []


def test_who_sees_it_and_who_finds_it_are_the_same(with_steward, unassigned, onlooker, dana, erin, alice, pauline):
    for person in (onlooker, dana, erin, alice, pauline, None):
        for request in (with_steward, unassigned):
            found = bool(service.visible_refs(person, [request.ref]))
            assert found is permissions.can_see(person, request)


def test_operators_write_down_what_a_company_said(erin, company, alice, institute, charlie):
    request = service.ask(erin, service.organisation_of(erin, "Company"), Topic.SPACE, TITLE, TEXT)
    assert request.organisation_id == company.id and told(charlie) == []
    with pytest.raises(Invalid) as unknown:
        service.organisation_of(alice, "company")
    assert "organisation" in unknown.value.fields
    assert service.organisation_of(alice, None).id == institute.id
    with pytest.raises(Forbidden):
        service.ask(alice, company, Topic.SPACE, TITLE, TEXT)


def test_empty_and_endless_texts_name_their_field(charlie, company):
    for title, text, field in (("", "x", "title"), ("x", "   ", "text"), ("x" * 121, "x", "title"),
                               ("x", "x" * 4001, "text")):
        with pytest.raises(Invalid) as refused:
            service.ask(charlie, company, Topic.OTHER, title, text)
        assert list(refused.value.fields) == [field]


def test_what_was_raised_at_an_event_is_counted_for_it(erin, charlie, company, alice, institute, dana):
    edition = an_edition(erin, a_series(erin))
    requests = [service.ask(charlie, company, Topic.OTHER, f"Question {n}", TEXT, edition) for n in range(3)]
    requests.append(service.ask(alice, institute, Topic.OTHER, TITLE, TEXT, edition))
    service.withdraw(charlie, requests[0])
    service.answer(erin, requests[1], REPLY)
    service.confirm(charlie, requests[1])
    assert service.counts_of([edition.id, edition.id + 1]) == {edition.id: (3, 1)}
    assert service.counts_of([]) == {}


def test_the_desk_shows_what_is_due_first_and_narrows(erin, dana, charlie, company, with_steward, alice, institute):
    other = service.ask(alice, institute, Topic.SPACE, "A hall with a crane", TEXT)
    found, total = service.desk(erin, Filters())
    assert total == 2 and [one.id for one in found] == [other.id, with_steward.id]
    for filters, wanted in ((Filters(q="CRANE"), [other.id]), (Filters(topic=Topic.PERMITS), [with_steward.id]),
                            (Filters(step=Step.WAITING), [other.id]), (Filters(due="mine"), [other.id]),
                            (Filters(q="Institute"), [other.id]), (Filters(due="late"), []),
                            (Filters(level=Level.PARK), []), (Filters(q="100%"), [])):
        assert [one.id for one in service.desk(erin, filters)[0]] == wanted, filters
    assert [one.id for one in service.desk(dana, Filters())[0]] == [with_steward.id]
    with pytest.raises(Forbidden):
        service.desk(alice, Filters())


def test_lists_take_as_many_queries_for_many_as_for_one(erin, charlie, company, count_queries):
    service.ask(charlie, company, Topic.OTHER, "First", TEXT)
    session.expire_all()
    with count_queries() as one:
        [(item.organisation.name, item.edition) for item in service.desk(erin, Filters())[0]]
    for number in range(6):
        service.ask(charlie, company, Topic.OTHER, f"Number {number}", TEXT)
    session.expire_all()
    with count_queries() as many:
        [(item.organisation.name, item.edition) for item in service.desk(erin, Filters())[0]]
    assert many.count <= one.count + 1


def test_the_table_of_who_answers_takes_each_once(erin, charlie, desk_park, company):
    route = routes.add(erin, Topic.SPACE, desk_park, None, "440300", 5)
    with pytest.raises(Conflict):
        routes.add(erin, Topic.SPACE, desk_park, "Another", "440300", 5)
    for wrong in (lambda: routes.add(erin, Topic.SPACE, company, None, None, 5),
                  lambda: routes.add(erin, Topic.SPACE, desk_park, None, "999999", 5),
                  lambda: routes.add(erin, Topic.SPACE, desk_park, "x" * 81, None, 5),
                  lambda: routes.add(erin, Topic.SPACE, desk_park, None, None, 0)):
        with pytest.raises(Invalid):
            wrong()
    with pytest.raises(Forbidden):
        routes.add(charlie, Topic.PEOPLE, desk_park, None, None, 5)
    routes.remove(erin, route.id)
    with pytest.raises(NotFound):
        routes.remove(erin, route.id)


def test_a_steward_who_has_left_the_staff_is_not_asked(charlie, company, dana, erin):
    with transaction():
        company.steward_id, dana.disabled_at = dana.id, clock.now()
    session.expire(company)
    assert service.ask(charlie, company, Topic.OTHER, TITLE, TEXT).step is Step.WAITING


def test_a_steward_who_is_no_longer_staff_reads_it_no_more(with_steward, dana):
    with transaction():
        dana.is_broker = False
    assert not permissions.can_see(dana, with_steward) and not permissions.can_answer(dana, with_steward)
    assert service.visible_refs(dana, [with_steward.ref]) == []


def test_nobody_is_named_to_answer_their_own_request(pauline, desk_park, routed, desk_bureau):
    request = service.ask(pauline, desk_park, Topic.PERMITS, TITLE, TEXT)
    assert request.step is Step.WAITING and routes.route_for(request, Level.AUTHORITY).organisation == desk_bureau


def test_somebody_of_a_park_that_asks_itself_is_treated_like_any_company(pauline, desk_park, erin):
    join(pauline, an_organisation("second", Kind.COMPANY), Role.VIEWER)
    request = service.ask(pauline, desk_park, Topic.FINANCE, TITLE, TEXT)
    assert request.step is Step.WAITING and not permissions.can_answer(pauline, request)

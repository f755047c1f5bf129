"""Whoever checks people in reads at once at which table each sits, or what to do where there is none."""

from dataclasses import dataclass

import pytest
from ratings.seats import seat
from seating.seated import anew, come, crowd, here, seat_all, somebody

from marketplace.db import session, transaction
from marketplace.errors import Forbidden
from marketplace.events import attending
from marketplace.events.models import Attendance
from marketplace.organisations.models import Kind
from marketplace.seating import service
from marketplace.seating.at_door import Place, at_door, own_tables
from marketplace.seating.models import PlanState, SeatingPlan, Work

pytest_plugins = ["seating.seating_cast"]


@dataclass
class Known:
    """What a browser is told of a guest: rows do not outlive a request."""

    id: int
    name: str
    email: str
    ticket: str


@pytest.fixture
def guests(friday):
    return crowd(friday, 4)


@pytest.fixture
def page(friday):
    return friday.url


@pytest.fixture
def known(guests):
    return [Known(one.id, one.user.name, one.user.email, f"/events/tickets/{one.token}") for one in guests]


def test_page_of_the_door_says_the_table_of_who_was_just_checked_in(signed_in, erin, friday, guests, known, page):
    seat(friday, guests[:2], guests[2:])
    answer = signed_in(erin).post(f"{page}/check-in/{known[3].id}", follow_redirects=True).text
    assert f"{known[3].name} is checked in." in answer
    assert 'aria-labelledby="came"' in answer and "<strong>2</strong><span>table</span>" in answer


def test_a_code_and_an_address_typed_at_the_door_lead_to_the_table_too(signed_in, erin, friday, guests, known, page):
    seat(friday, guests)
    browser, door = signed_in(erin), f"{page}/check-in"
    code = browser.post(door, data={"code": known[0].ticket})
    assert code.location.endswith(f"?came={known[0].id}")
    answer = browser.post(f"{door}/new", data={"email": known[1].email}, follow_redirects=True).text
    assert "<strong>1</strong><span>table</span>" in answer


def test_scanned_code_shows_the_table_before_and_after_the_check_in(signed_in, erin, friday, guests, known, page):
    seat(friday, guests)
    browser = signed_in(erin)
    assert "<strong>1</strong><span>table</span>" in browser.get(known[0].ticket).text
    browser.post(f"{page}/check-in/{known[0].id}")
    assert "<strong>1</strong><span>table</span>" in browser.get(known[0].ticket).text


def test_tables_are_told_round_by_round(signed_in, erin, friday, guests, known, page):
    seat(friday, guests[:2], guests[2:])
    seat(friday, guests[2:], guests[:2], round=2)
    browser = signed_in(erin)
    answer = browser.post(f"{page}/check-in/{known[0].id}", follow_redirects=True).text
    assert "<strong>1</strong><span>table in round 1</span>" in answer
    assert "<strong>2</strong><span>table in round 2</span>" in answer
    assert "Tables by round: 1 · 2" in browser.get(f"{page}/participants").text


def test_who_has_no_table_is_given_a_seat_from_the_page(signed_in, erin, friday, guests, page):
    seat(friday, guests)
    [late] = come(friday, somebody("Late", None))
    number, browser = late.id, signed_in(erin)
    answer = browser.post(f"{page}/check-in/{number}", follow_redirects=True).text
    seat_page = f"{page}/seating/1/people/{number}"
    assert "No table yet." in answer and f'href="{seat_page}"' in answer and f'href="{page}/seating"' in answer
    assert browser.get(seat_page).status_code == 200
    assert "No table yet" in browser.get(f"{page}/participants").text


def test_one_round_without_a_table_is_named(signed_in, erin, friday, guests, known, page):
    seat(friday, guests)
    seat(friday, guests[1:], round=2)
    answer = signed_in(erin).post(f"{page}/check-in/{known[0].id}", follow_redirects=True).text
    assert "<strong>–</strong><span>table in round 2</span>" in answer and "No table in round 2." in answer
    assert f"/seating/2/people/{known[0].id}" in answer


def test_where_nobody_is_seated_the_page_leads_to_the_tables(signed_in, erin, known, page):
    answer = signed_in(erin).post(f"{page}/check-in/{known[0].id}", follow_redirects=True).text
    assert "Nobody has been seated yet." in answer and f'href="{page}/seating"' in answer


def test_tables_that_are_being_made_or_not_published_say_so(signed_in, erin, friday, guests, known, page):
    seat(friday, guests, state=PlanState.DRAFT)
    browser = signed_in(erin)
    answer = browser.post(f"{page}/check-in/{known[0].id}", follow_redirects=True).text
    assert "Not published yet" in answer and "<strong>1</strong>" in answer
    with transaction():
        session.query(SeatingPlan).one().work = Work.ASKED
    answer = browser.get(f"{page}/check-in?came={known[0].id}").text
    assert "The tables are being made at this moment." in answer and "Not published yet" not in answer


def test_after_seating_again_only_who_is_here_can_be_given_a_seat(erin, friday, guests):
    here(guests[:3])
    seat_all(erin, friday)
    service.ask_again(erin, friday)
    plan = service.plan_of(erin, friday, 1)
    with transaction():
        plan.work = Work.NONE
        plan.seats = [one for one in plan.seats if one.registration_id != guests[3].id]
    assert at_door(erin, friday).lacks(guests[3]) is None
    attending.check_in(erin, friday, guests[3].id)
    assert at_door(erin, friday).lacks(guests[3]) == 1


def test_who_gave_their_place_back_has_no_table(erin, friday, guests):
    seat(friday, guests)
    with transaction():
        guests[0].state = Attendance.CANCELLED
    assert at_door(erin, friday).places(guests[0]) == [Place(1, None)]
    assert at_door(erin, friday).lacks(guests[0]) is None


def test_ticket_says_the_table_to_its_owner_alone_and_once_published(erin, friday, guests):
    mine, other = guests[0], guests[1]
    seat(friday, guests, state=PlanState.DRAFT)
    assert own_tables(mine.user, mine) == []
    service.publish(erin, friday)
    assert own_tables(mine.user, mine) == [Place(1, 1)]
    assert own_tables(other.user, mine) == [] and own_tables(None, mine) == []


def test_ticket_page_of_a_guest_names_the_table(signed_in, friday, guests, known):
    seat(friday, guests)
    assert "Table 1" in signed_in(guests[0].user).get(known[0].ticket).text


def test_nobody_else_asks_who_sits_where(friday, guests, dana):
    seat(friday, guests)
    for person in (dana, guests[0].user, None):
        with pytest.raises(Forbidden):
            at_door(person, friday)


@pytest.mark.parametrize("came", ["", "x", "-1", "99999999999", "1e3", "١"])
def test_an_address_that_names_nobody_shows_the_door(signed_in, erin, page, came):
    answer = signed_in(erin).get(f"{page}/check-in", query_string={"came": came})
    assert answer.status_code == 200 and 'id="came"' not in answer.text


def test_the_door_takes_as_many_queries_for_many_as_for_few(signed_in, erin, friday, guests, page, count_queries):
    def asked() -> int:
        session.expunge_all()
        with count_queries() as counted:
            browser.get(f"{page}/check-in")
        return counted.count

    seat(friday, guests)
    browser = signed_in(erin)
    browser.get(f"{page}/check-in")
    few = asked()
    crowd(anew(friday), 6, kind=Kind.INVESTOR)
    assert asked() == few

"""What people read of their own table, and what others may not."""

import pytest
from conftest import a_person
from seating.seated import a_match, anew, come, crowd, here, ids, seat_all, somebody, tables_of

from marketplace.db import session, transaction
from marketplace.events import attending
from marketplace.listings.models import Listing, State
from marketplace.organisations.models import Organisation
from marketplace.seating import service

pytest_plugins = ["seating.seating_cast"]


def listing_of(registration) -> Listing:
    return session.query(Listing).filter_by(organisation_id=registration.organisation_id).one()


@pytest.fixture
def matched(erin, friday):
    one, other = a_match(friday)
    crowd(friday, 6)
    seat_all(erin, friday)
    return one, other


def test_everybody_sees_their_table_and_why(erin, friday, matched):
    one, other = matched
    assert service.table_of(one.user, friday) == []
    service.publish(erin, friday)
    [mine] = service.table_of(one.user, friday)
    first = mine.mates[0]
    assert first.registration.id == other.id
    assert first.because.need.ref == listing_of(one).ref and first.because.result.ref == listing_of(other).ref
    assert len(mine.mates) == 7


def test_nobody_without_a_place_has_a_table(erin, friday, matched):
    service.publish(erin, friday)
    assert service.table_of(a_person("x@nowhere.example"), friday) == []
    assert service.table_of(None, friday) == []
    attending.cancel(matched[0].user, friday)
    assert service.table_of(matched[0].user, friday) == []
    assert matched[0].id not in {mate.registration.id for mate in service.table_of(matched[1].user, friday)[0].mates}


def test_why_does_not_tell_whose_an_anonymous_need_is(erin, friday, matched):
    one, other = matched
    with transaction():
        listing_of(one).anonymous = True
    service.publish(erin, friday)
    assert all(mate.because is None for mate in service.table_of(other.user, friday)[0].mates)
    assert service.table_of(one.user, friday)[0].mates[0].because is not None


def test_why_does_not_name_a_draft_of_somebody_else(erin, friday, matched):
    one, other = matched
    with transaction():
        listing_of(one).state = State.DRAFT
    service.publish(erin, friday)
    because = service.table_of(other.user, friday)[0].mates[0].because
    assert because.need is None and because.result.ref == listing_of(other).ref


def test_tablemates_are_those_who_came(erin, friday):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=4)
    assert service.tablemates(friday) == []
    service.publish(erin, friday)
    assert len(service.tablemates(friday)) == 12
    here(people[:7])
    pairs = service.tablemates(friday)
    assert len(pairs) == 9 and {key for pair in pairs for key in pair[:2]} == ids(people[:7])
    tables = tables_of(plan)
    assert all({one, other} <= tables[number] and round == 1 for one, other, number, round in pairs)


def test_guest_who_left_was_a_tablemate_all_the_same(erin, friday):
    people = crowd(friday, 4)
    seat_all(erin, friday)
    service.publish(erin, friday)
    here(people)
    attending.leave(erin, friday, people[0].id)
    assert len(service.tablemates(friday)) == 6


def test_page_shows_the_table_in_both_languages(signed_in, erin, friday, matched):
    service.publish(erin, friday)
    page = signed_in(matched[0].user).get(f"{friday.url}/table").text
    assert "your table" in page and "Lin" in page and "Flame-retardant electrolyte" in page
    assert "和谁同桌，为什么" in signed_in(matched[0].user).get(f"{friday.url}/table?lang=zh").text


def test_page_of_somebody_without_a_table_says_what_comes(signed_in, friday, charlie):
    page = signed_in(charlie).get(f"{friday.url}/table")
    assert page.status_code == 200 and "You have no table here yet" in page.text


def test_visitor_signs_in_first(client, friday):
    assert client.get(f"{friday.url}/table").status_code == 302


def test_host_is_told_to_lead(signed_in, erin, friday, charlie):
    come(friday, charlie)
    crowd(friday, 3)
    seat_all(erin, friday)
    service.publish(erin, friday)
    assert "You lead this table" in signed_in(charlie).get(f"{friday.url}/table").text


def test_tables_are_read_in_a_fixed_number_of_queries(signed_in, erin, friday, matched, count_queries):
    service.publish(erin, friday)
    browser = signed_in(matched[0].user)
    browser.get(f"{friday.url}/table")
    with count_queries() as few:
        browser.get(f"{friday.url}/table")
    friday, erin = anew(friday), anew(erin)
    more = [somebody(f"Guest-{n}", session.query(Organisation).filter_by(slug="lab").one()) for n in range(2)]
    come(friday, *more)
    seat_all(erin, friday, seats=10)
    service.publish(erin, friday)
    browser.get(f"{friday.url}/table")
    with count_queries() as many:
        browser.get(f"{friday.url}/table")
    assert many.count == few.count

"""Seating in the browser, for those who run the event, and what is printed."""

import re

import pytest
from seating.seated import a_match, anew, crowd, seat_all, tables_of, work

from marketplace.events import attending
from marketplace.seating import service

pytest_plugins = ["seating.seating_cast"]

URLS = ("/seating", "/seating/cards", "/seating/slips")


@pytest.fixture
def matched(erin, friday):
    pair = a_match(friday)
    crowd(friday, 10)
    return pair


def test_operator_asks_watches_and_publishes(signed_in, erin, friday, matched):
    browser, url = signed_in(erin), f"{friday.url}/seating"
    assert "Seat everybody" in browser.get(url).text
    assert browser.post(url, data={"seats": "6", "tables": "", "rounds": "1"}).status_code == 302
    waiting = browser.get(url).text
    assert 'data-poll="' in waiting and "Round 1 is being worked out" in waiting
    work(*service.plans(erin, friday))
    page = browser.get(url).text
    assert "because of" in page and re.search(r"/listings/N-\d{4}-\d{6}", page) and "data-poll" not in page
    assert browser.post(f"{url}/publish", follow_redirects=True).status_code == 200
    assert "Print the table cards" in browser.get(url).text


def test_too_few_tables_come_back_with_what_was_written(signed_in, erin, friday, matched):
    answer = signed_in(erin).post(f"{friday.url}/seating", data={"seats": "4", "tables": "2", "rounds": "1"})
    assert answer.status_code == 422 and "are only 8 seats" in answer.text and 'value="2"' in answer.text


@pytest.mark.parametrize("field", [{"seats": "3"}, {"seats": "11"}, {"rounds": "9"}, {"tables": "-1"}, {"seats": "x"}])
def test_nonsense_is_refused_beside_its_field(signed_in, erin, friday, matched, field):
    answer = signed_in(erin).post(f"{friday.url}/seating", data={"seats": "8", "rounds": "1", **field})
    assert answer.status_code == 422 and f'id="e-{next(iter(field))}"' in answer.text


def test_moving_by_form_shows_the_cost_and_moves(signed_in, erin, friday, matched):
    [plan] = seat_all(erin, friday, seats=6)
    one = matched[0]
    browser, url = signed_in(erin), f"{friday.url}/seating/1/people/{one.id}"
    page = browser.get(url).text
    assert "What a change would bring" in page and "−" in page and "supply and demand fit" in page
    code = re.search(r'name="to" value="(\d[^"]*)"', page)[1]
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    assert browser.post(url, data={"to": code, "version": version}).status_code == 302
    plan = anew(plan)
    assert one.id in tables_of(plan)[int(code.partition("-")[0])]
    stale = browser.post(url, data={"to": "0", "version": version})
    assert stale.status_code == 409 and "Erin has changed the seating meanwhile" in stale.text


def test_cards_and_slips_are_ready_to_print_in_both_languages(signed_in, erin, friday, matched):
    browser = signed_in(erin)
    for url in URLS[1:]:
        assert "Nobody is seated yet" in browser.get(friday.url + url).text
    seat_all(anew(erin), anew(friday), seats=6)
    cards = browser.get(f"{friday.url}/seating/cards").text
    assert cards.count('class="fold"') == 2 and "print.css" in cards and "Mia" in cards
    slips = browser.get(f"{friday.url}/seating/slips").text
    assert slips.count("piece slip") == 8
    assert "Maker is looking for “Battery electrolyte that cannot burn”" in slips
    assert "maker在找“Battery electrolyte that cannot burn”" in slips
    assert "1 号桌" in browser.get(f"{friday.url}/seating/cards?lang=zh").text


def test_page_with_several_rounds_leads_to_each(signed_in, erin, friday, matched):
    seat_all(erin, friday, seats=4, rounds=2)
    page = signed_in(erin).get(f"{friday.url}/seating?round=2").text
    assert "Round 2" in page and 'aria-current="page"' in page
    assert signed_in(erin).get(f"{friday.url}/seating?round=x").status_code == 200


def test_strangers_find_nothing_of_the_seating(client, signed_in, erin, charlie, dana, friday, matched):
    seat_all(erin, friday)
    for url in (*URLS, f"/seating/1/people/{matched[0].id}"):
        assert client.get(friday.url + url).status_code == 302
        for person in (charlie, dana):
            assert signed_in(person).get(friday.url + url).status_code == 403


def test_somebody_who_is_no_guest_has_no_page(signed_in, erin, friday, matched):
    seat_all(erin, friday)
    attending.cancel(matched[0].user, friday)
    browser = signed_in(erin)
    assert browser.get(f"{friday.url}/seating/1/people/{matched[0].id}").status_code == 404
    assert browser.get(f"{friday.url}/seating/1/people/999999").status_code == 404
    assert browser.get(f"{friday.url}/seating/3/people/{matched[1].id}").status_code == 404


def test_page_is_made_in_a_fixed_number_of_queries(signed_in, erin, friday, matched, count_queries):
    seat_all(erin, friday)
    browser, url = signed_in(erin), f"{friday.url}/seating"

    def asked():
        with count_queries() as queries:
            assert browser.get(url).status_code == 200
        return queries.count

    asked()
    few = asked()
    from conftest import an_organisation
    from seating.seated import come, somebody

    from marketplace.organisations.models import Kind
    erin, friday = anew(erin), anew(friday)
    come(friday, *(somebody(f"Late-{n}", an_organisation(f"late-{n}", Kind.PARK)) for n in range(12)))
    seat_all(erin, friday)
    asked()
    assert asked() <= few + 1

"""Events as people meet them in the browser."""

from datetime import datetime, timedelta

import pytest
from conftest import a_person, join
from planned import a_series, an_edition
from sqlalchemy import event as database_event

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.events import attending, service
from marketplace.events.models import Attendance, State


@pytest.fixture
def series(erin, company):
    return a_series(erin)


def test_visitor_reads_what_is_coming_and_what_was(client, erin, series):
    an_edition(erin, series, title_en="Tables of eight")
    an_edition(erin, series, days=-30, title_en="Long ago")
    page = client.get("/events").text
    assert page.index("Coming up") < page.index("Tables of eight") < page.index("Past events") < page.index("Long ago")
    assert "40 places left" in page
    assert "Landing Hall" in page


def test_page_without_events_offers_another_way(client):
    page = client.get("/events").text
    assert "No event is announced at the moment" in page
    assert "/search?kind=need" in page


def test_pages_speak_both_languages(client, erin, series):
    edition = an_edition(erin, series)
    page = client.get(edition.url + "?lang=zh").text
    assert "科企见面：注射剂工艺" in page
    assert "沁园湖渡口厅" in page
    assert "登录后报名" in page
    assert "Injectable" not in page
    assert "Injectable processes" in client.get(edition.url + "?lang=en").text


def test_time_is_told_in_the_order_of_each_language(client, erin, series):
    starts = datetime(2031, 3, 5, 14, 30, tzinfo=clock.PLACE)
    url = an_edition(erin, series, starts_at=starts, ends_at=starts + timedelta(hours=2)).url
    for path in (url, "/events"):
        assert "Wednesday 5 Mar 2031, 14:30–16:30" in client.get(path + "?lang=en").text
        assert "2031年3月5日 周三 14:30–16:30" in client.get(path + "?lang=zh").text


def test_visitor_cannot_see_a_draft(client, signed_in, charlie, erin, series):
    edition = an_edition(erin, series, state=State.DRAFT, title_en="Not yet")
    for browser in (client, signed_in(charlie)):
        assert "Not yet" not in browser.get("/events").text
        assert browser.get(edition.url).status_code == 404
        assert browser.get(edition.url + "/calendar.ics").status_code == 404
    assert signed_in(charlie).post(edition.url + "/register").status_code == 404
    assert "Not yet" in signed_in(erin).get("/events").text


def test_visitor_learns_how_many_come_but_not_who(client, signed_in, erin, charlie, series):
    edition = an_edition(erin, series)
    attending.register(charlie, edition)
    page = client.get(edition.url).text
    assert "1 person has registered" in page
    assert charlie.name not in page
    assert charlie.name in signed_in(charlie).get(edition.url).text
    assert charlie.email not in signed_in(erin).get(edition.url).text.replace(erin.email, "")


def test_member_of_no_verified_organisation_does_not_read_the_names(signed_in, erin, charlie, series):
    edition = an_edition(erin, series)
    attending.register(charlie, edition)
    page = signed_in(a_person("stranger@nowhere.example", "Stranger")).get(edition.url).text
    assert charlie.name not in page
    assert "Members of verified organisations see who they are" in page


def test_member_registers_and_cancels(signed_in, charlie, erin, series):
    edition = an_edition(erin, series)
    browser = signed_in(charlie)
    page = browser.post(edition.url + "/register", follow_redirects=True).text
    assert "You are registered." in page
    assert "Cancel my registration" in page
    assert "Registered" in browser.get("/events").text
    assert "no longer registered" in browser.post(edition.url + "/cancel", follow_redirects=True).text
    assert attending.of(charlie, edition).state is Attendance.CANCELLED


def test_who_finds_it_full_is_told_their_turn(signed_in, alice, charlie, erin, series):
    edition = an_edition(erin, series, capacity=1)
    attending.register(alice, edition)
    browser = signed_in(charlie)
    assert "Join the waiting list" in browser.get(edition.url).text
    assert "turn 1" in browser.post(edition.url + "/register", follow_redirects=True).text
    assert "Your turn: 1" in browser.get(edition.url).text


def test_person_of_two_organisations_says_for_which_they_come(signed_in, charlie, institute, erin, series):
    join(charlie, institute)
    edition = an_edition(erin, series)
    browser = signed_in(charlie)
    assert "I represent" in browser.get(edition.url).text
    browser.post(edition.url + "/register", data={"organisation": institute.id})
    assert attending.of(charlie, edition).organisation_id == institute.id


def test_nobody_registers_for_an_organisation_that_is_not_theirs(signed_in, charlie, institute, erin, series):
    edition = an_edition(erin, series)
    answer = signed_in(charlie).post(edition.url + "/register", data={"organisation": institute.id})
    assert answer.status_code == 422
    assert "Choose an organisation you belong to" in answer.text
    assert signed_in(charlie).post(edition.url + "/register", data={"organisation": "x"}).status_code == 422


@pytest.mark.parametrize("path", ["/register", "/cancel", "/state", "/participants/1/check-in", "/participants/1/undo"])
def test_visitor_is_sent_to_sign_in(client, erin, series, path):
    edition = an_edition(erin, series)
    assert "/sign-in" in client.post(edition.url + path).location


@pytest.mark.parametrize("path", ["/edit", "/participants"])
def test_visitor_finds_no_operators_page(client, erin, series, path):
    edition = an_edition(erin, series)
    assert "/sign-in" in client.get(edition.url + path).location


def test_member_may_not_run_events(signed_in, charlie, erin, series):
    edition = an_edition(erin, series)
    mine = attending.register(charlie, edition)
    browser = signed_in(charlie)
    page = browser.get(edition.url).text
    assert "Running it" not in page
    for path in ("/events/series/new", "/events/series/landing/new", "/events/series/landing/edit",
                 edition.url + "/edit", edition.url + "/participants"):
        assert browser.get(path).status_code == 403, path
    landing = "/events/series/landing"
    for path in ("/events/series/new", landing + "/new", landing + "/edit", edition.url + "/edit"):
        assert browser.post(path, data=FORM).status_code == 403, path
    for path, data in ((f"/participants/{mine.id}/check-in", {}), (f"/participants/{mine.id}/undo", {}),
                       ("/state", {"state": "cancelled"})):
        assert browser.post(edition.url + path, data=data).status_code == 403, path
    assert service.get(None, edition.ref).state is State.OPEN


def test_participant_of_another_event_cannot_be_checked_in_here(signed_in, charlie, erin, series):
    here, there = an_edition(erin, series, days=0), an_edition(erin, series, days=0)
    registration = attending.register(charlie, there)
    assert signed_in(erin).post(f"{here.url}/participants/{registration.id}/check-in").status_code == 404


FORM = {
    "title_zh": "供需对接", "title_en": "A meeting", "strand": "policy", "day": "2031年3月5日", "starts": "14：00",
    "ends": "16:30", "place_zh": "大厅", "capacity": "24", "hosts": "company\nInstitute", "version": "0",
}


def test_operator_plans_announces_and_changes_an_event(signed_in, erin, institute, company, series):
    browser = signed_in(erin)
    assert "company" in browser.get("/events/series/landing/new").text
    answer = browser.post("/events/series/landing/new", data=FORM)
    assert answer.status_code == 302
    edition = service.get(erin, answer.location.rpartition("/")[2])
    assert [host.organisation.slug for host in edition.hosts] == ["company", "institute"]
    assert f"{edition.starts_at:%Y-%m-%d %H:%M}" == "2031-03-05 06:00"
    browser.post(edition.url + "/state", data={"state": "open"})
    edition = service.get(None, edition.ref)
    assert edition.state is State.OPEN
    changed = {**FORM, "capacity": "30", "hosts": "Institute", "version": str(edition.version)}
    assert browser.post(edition.url + "/edit", data=changed).status_code == 302
    edition = service.get(None, edition.ref)
    assert (edition.capacity, len(edition.hosts)) == (30, 1)


@pytest.mark.parametrize(("field", "value", "message"), [
    ("ends", "13:00", "It has to end after it begins"),
    ("starts", "noon", "is not a time of day"),
    ("day", "someday", "is not a date"),
    ("hosts", "Nobody Ltd", "No verified organisation is called “Nobody Ltd”"),
    ("capacity", "0", "Between 1 and"),
    ("strand", "party", "Choose"),
    ("title_zh", "", "This is needed"),
])
def test_form_comes_back_filled_with_its_complaint(signed_in, erin, company, institute, series, field, value, message):
    answer = signed_in(erin).post("/events/series/landing/new", data={**FORM, field: value})
    assert answer.status_code == 422
    assert message in answer.text
    assert "A meeting" in answer.text


def test_second_of_two_operators_is_told_and_loses_nothing(signed_in, erin, company, institute, series):
    edition = an_edition(erin, series)
    browser, stale = signed_in(erin), {**FORM, "version": str(edition.version), "place_zh": "旧厅"}
    assert browser.post(edition.url + "/edit", data={**stale, "place_zh": "新厅"}).status_code == 302
    answer = browser.post(edition.url + "/edit", data=stale)
    assert answer.status_code == 409
    assert "Somebody else changed it" in answer.text
    assert "旧厅" in answer.text


def test_operator_begins_and_changes_a_series(signed_in, erin, company):
    browser = signed_in(erin)
    values = {"title_zh": "周五见", "slug": "friday", "organisation": "company"}
    assert browser.post("/events/series/new", data=values).location == "/events/series/friday/new"
    assert "Another series has this address" in browser.post("/events/series/new", data=values).text
    assert "cannot be an address" in browser.post("/events/series/new", data={**values, "slug": "Fri day"}).text
    version = str(service.get_series("friday").version)
    changed = {**values, "title_en": "See you on Friday", "version": version}
    assert browser.post("/events/series/friday/edit", data=changed).status_code == 302
    assert browser.post("/events/series/friday/edit", data=changed).status_code == 409
    assert "See you on Friday" in browser.get("/events/series/friday").text


def test_operator_checks_in_and_undoes_it(signed_in, charlie, erin, series):
    edition = an_edition(erin, series, days=0)
    registration = attending.register(charlie, edition)
    browser = signed_in(erin)
    assert charlie.email in browser.get(edition.url + "/participants").text
    browser.post(f"{edition.url}/participants/{registration.id}/check-in")
    assert "Undo the check-in" in browser.get(edition.url + "/participants").text
    browser.post(f"{edition.url}/participants/{registration.id}/undo")
    assert attending.of(charlie, edition).state is Attendance.REGISTERED


def test_unknown_events_series_and_states_are_refused(client, signed_in, erin, series):
    unknown, address, browser = "/events/E-1999-000001", an_edition(erin, series).url, signed_in(erin)
    for path in (unknown, unknown + "/calendar.ics", "/events/series/nothing", "/events/%00"):
        assert client.get(path).status_code == 404, path
    assert browser.post(address + "/state", data={"state": "party"}).status_code == 422
    assert browser.post(address + "/state", data={"state": "draft"}).status_code == 409
    assert client.get("/events?page=99999999").status_code == 200


def test_longer_list_takes_no_more_queries(signed_in, database, charlie, erin, series):
    browser = signed_in(charlie)

    def queries():
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        database_event.listen(database, "before_cursor_execute", listener)
        assert browser.get("/events").status_code == 200
        database_event.remove(database, "before_cursor_execute", listener)
        return len(seen)

    an_edition(erin, series)
    an_edition(erin, series, days=-3)
    few = queries()
    for days in (2, 5, 9, -8, -12, -40):
        attending.register(charlie, an_edition(erin, series, days=9))
        an_edition(erin, series, days=days)
    assert queries() == few


def test_event_page_takes_the_same_queries_for_many_people(signed_in, database, alice, bob, charlie, erin, series):
    edition = an_edition(erin, series)
    attending.register(charlie, edition)
    others, browser = [alice.id, bob.id], signed_in(erin)

    def queries():
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        database_event.listen(database, "before_cursor_execute", listener)
        assert browser.get(edition.url).status_code == 200
        assert browser.get(edition.url + "/participants").status_code == 200
        database_event.remove(database, "before_cursor_execute", listener)
        return len(seen)

    few = queries()
    for number in others:
        attending.register(session.get_one(User, number), service.get(None, edition.ref))
    assert queries() == few


def test_home_shows_what_is_next(client, erin, series):
    an_edition(erin, series, title_en="Tables of eight")
    an_edition(erin, series, days=3, title_en="Called off", state=State.CANCELLED)
    page = client.get("/").text
    assert "Tables of eight" in page
    assert "Called off" not in page

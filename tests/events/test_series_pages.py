"""A series and its events as operators, visitors, calendars and machines meet them."""

import json
import re
from datetime import date, datetime, time, timedelta

import pytest
from icalendar import Calendar
from planned import a_series, a_template, an_edition
from sqlalchemy import event as database_event

from marketplace import clock
from marketplace.events import attending, planning, service
from marketplace.events.models import State, Strand

LINK = "https://video.example/room-7"
SERIES = {
    "title_zh": "周五见", "title_en": "See you on Friday", "slug": "fridays", "organisation": "company",
    "hosts": "company\nInstitute", "weekday": "4", "starts": "14:00", "minutes": "150", "capacity": "40",
    "place_zh": "渡口厅", "open_to_outsiders": "1", "version": "0",
}


@pytest.fixture
def fridays(erin, company, institute):
    return a_template(erin)


def linked(page):
    return json.loads(re.search(r'<script type="application/ld\+json">(.+?)</script>', page)[1])


def test_operator_begins_a_series_with_a_template_and_plans_from_it(signed_in, erin, company, institute):
    browser = signed_in(erin)
    assert browser.post("/events/series/new", data=SERIES).status_code == 302
    page = browser.get("/events/series/fridays?lang=en").text
    assert "Fridays 14:00–16:30" in page
    assert "Standing hosts" in page
    form = browser.get("/events/series/fridays/plan").text
    first = re.search(r'value="(\d{4}-\d\d-\d\d)"', form)[1]
    assert date.fromisoformat(first).weekday() == 4
    answer = browser.post("/events/series/fridays/plan", data={
        "first": first, "count": "3", "every": "1", "strands": ["breakfast", "policy"], "announce": "1"},
        follow_redirects=True)
    made = service.upcoming(series=service.get_series("fridays"))
    assert f"Planned: {len(made)}." in answer.text
    assert 1 <= len(made) <= 3  # some may fall on holidays
    assert "No. 1: Breakfast club" in answer.text


def test_planning_again_begins_with_the_strands_there_were(signed_in, erin, fridays):
    an_edition(erin, fridays, strand=Strand.BREAKFAST)
    an_edition(erin, fridays, days=14, strand=Strand.POLICY)
    form = signed_in(erin).get("/events/series/fridays/plan").text
    ticked = re.findall(r'name="strands" value="(\w+)" checked', form)
    assert ticked == [Strand.POLICY, Strand.BREAKFAST]


def test_form_of_a_new_event_is_filled_from_the_template(signed_in, erin, institute, fridays):
    name = institute.name
    page = signed_in(erin).get("/events/series/fridays/new").text
    for value in ("渡口厅", 'value="14:00"', 'value="16:30"', 'value="40"', name):
        assert value in page


def test_series_without_a_template_says_what_is_missing(signed_in, erin, company):
    a_series(erin)
    assert "The series has no template yet" in signed_in(erin).get("/events/series/landing/plan").text


@pytest.mark.parametrize(("field", "value", "message"), [
    ("weekday", "7", "Between 0 and 6"), ("minutes", "5", "Between 15 and"), ("video_url", "video", "web address"),
    ("hosts", "Nobody Ltd", "No verified organisation is called “Nobody Ltd”"), ("starts", "noon", "time of day"),
])
def test_series_form_comes_back_with_its_complaint(signed_in, erin, company, institute, field, value, message):
    answer = signed_in(erin).post("/events/series/new", data={**SERIES, field: value})
    assert answer.status_code == 422
    assert message in answer.text
    assert "See you on Friday" in answer.text


def test_event_needs_a_place_or_a_link(signed_in, erin, fridays):
    browser = signed_in(erin)
    form = {"title_zh": "线上专场", "strand": "policy", "day": "2031-03-07", "starts": "14:00", "ends": "15:00",
            "capacity": "24", "version": "0"}
    answer = browser.post("/events/series/fridays/new", data=form)
    assert answer.status_code == 422
    assert "Say where it is" in answer.text
    made = browser.post("/events/series/fridays/new", data={**form, "video_url": LINK})
    assert service.get(erin, made.location.rpartition("/")[2]).place.en == "Online"


def test_guests_and_buyer_stand_on_the_page(signed_in, client, erin, fridays):
    form = {"title_zh": "定向采购", "strand": "procurement", "day": "2031-03-07", "starts": "14:00", "ends": "15:00",
            "capacity": "24", "place_zh": "渡口厅", "guests": "Prof. Lin, Landing University\nInstitute",
            "buyer": "company", "version": "0"}
    url = signed_in(erin).post("/events/series/fridays/new", data=form).location
    edition = service.get(erin, url.rpartition("/")[2])
    service.set_state(erin, edition, State.OPEN)
    page = client.get(url + "?lang=en").text
    assert "Prof. Lin, Landing University" in page
    assert 'href="/organisations/institute"' in page
    assert "Buyer" in page
    filled = signed_in(erin).get(url + "/edit").text
    assert "Prof. Lin, Landing University\nInstitute" in filled


def test_link_of_the_video_conference_is_told_only_to_those_with_a_place(signed_in, client, erin, alice, charlie, dana,
                                                                        fridays):
    edition = an_edition(erin, fridays, capacity=1, video_url=LINK, hosts=[])
    attending.register(dana, edition)
    attending.register(charlie, edition)
    for browser in (client, signed_in(alice), signed_in(charlie)):
        for address in (edition.url, edition.url + "/calendar.ics", "/events/series/fridays/calendar.ics",
                        f"/api/v1{edition.url}", "/api/v1/events"):
            answer = browser.get(address)
            assert answer.status_code == 200
            assert "video.example" not in answer.text.replace("\r\n ", "")
    for person in (dana, erin):
        browser = signed_in(person)
        assert LINK in browser.get(edition.url).text
        assert LINK in browser.get(edition.url + "/calendar.ics").text.replace("\r\n ", "")
        assert browser.get(f"/api/v1{edition.url}").json["video_url"] == LINK


def test_host_knows_the_link_too(signed_in, erin, charlie, fridays):
    edition = an_edition(erin, fridays, video_url=LINK)
    assert LINK in signed_in(charlie).get(edition.url).text


def test_machines_read_what_visitors_read(client, erin, institute, fridays):
    edition = an_edition(erin, fridays, guests=["Prof. Lin", "institute"], video_url=LINK)
    said = linked(client.get(edition.url + "?lang=en").text)
    assert (said["@type"], said["name"]) == ("Event", "Injectable processes")
    assert datetime.fromisoformat(said["startDate"]) == edition.starts_at
    assert said["eventStatus"].endswith("EventScheduled")
    assert said["eventAttendanceMode"].endswith("MixedEventAttendanceMode")
    assert [one["@type"] for one in said["location"]] == ["Place", "VirtualLocation"]
    assert [one["name"] for one in said["performer"]] == ["Prof. Lin", institute.in_language("en")]
    assert said["remainingAttendeeCapacity"] == 40
    assert said["image"].endswith("/cover.svg?lang=en")


def test_machines_learn_of_a_move_and_of_a_cancellation(client, erin, fridays):
    edition = an_edition(erin, fridays)
    before = edition.starts_at
    planning.move(erin, edition, clock.today() + timedelta(days=30), time(9), "", edition.version)
    said = linked(client.get(edition.url).text)
    assert said["eventStatus"].endswith("EventRescheduled")
    assert datetime.fromisoformat(said["previousStartDate"]) == before
    assert "It has been moved to another day." in client.get(edition.url + "?lang=en").text
    service.set_state(erin, service.get(erin, edition.ref), State.CANCELLED)
    assert linked(client.get(edition.url).text)["eventStatus"].endswith("EventCancelled")


def test_calendar_subscribes_to_a_series(client, erin, fridays):
    shown = an_edition(erin, fridays)
    off = an_edition(erin, fridays, days=9, state=State.CANCELLED)
    an_edition(erin, fridays, days=12, state=State.DRAFT)
    answer = client.get("/events/series/fridays/calendar.ics?lang=en")
    assert answer.content_type == "text/calendar; charset=utf-8"
    feed = Calendar.from_ical(answer.text)
    assert feed["X-WR-CALNAME"] == "See you on Friday"
    entries = {str(one["UID"]).partition("@")[0]: one for one in feed.walk("VEVENT")}
    assert set(entries) == {shown.ref, off.ref}
    assert entries[off.ref]["STATUS"] == "CANCELLED"
    assert entries[shown.ref].decoded("DTSTART") == shown.starts_at.replace(microsecond=0)
    assert entries[shown.ref]["LOCATION"] == "Landing Hall"


def test_moved_event_keeps_its_name_in_calendars(client, erin, fridays):
    edition = an_edition(erin, fridays)
    read = lambda: Calendar.from_ical(client.get(edition.url + "/calendar.ics").text).walk("VEVENT")[0]  # noqa: E731
    before, edition = read(), service.get(erin, edition.ref)
    planning.move(erin, edition, clock.today() + timedelta(days=30), time(9), "", edition.version)
    after = read()
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after.decoded("DTSTART") == edition.starts_at


def test_operator_moves_an_event_on_its_page(signed_in, erin, fridays):
    edition, browser = an_edition(erin, fridays), signed_in(erin)
    form = {"day": (clock.today() + timedelta(days=30)).isoformat(), "starts": "09:30", "version": str(edition.version)}
    assert browser.post(edition.url + "/move", data={**form, "day": "2020-01-01"}).status_code == 422
    assert browser.post(edition.url + "/move", data=form).location == edition.url
    assert browser.post(edition.url + "/move", data=form).status_code == 409


@pytest.mark.parametrize("path", ["/events/series/fridays/plan", "/move"])
def test_planning_and_moving_are_for_operators(client, signed_in, erin, charlie, fridays, path):
    path = path if path.startswith("/events") else an_edition(erin, fridays).url + path
    assert "/sign-in" in client.get(path).location
    assert signed_in(charlie).get(path).status_code == 403
    assert signed_in(charlie).post(path).status_code == 403


def test_visitor_finds_every_series(client, erin, fridays):
    page = client.get("/events?lang=zh").text
    assert "周五见" in page
    assert "每周五 14:00–16:30" in page
    assert "新建系列" not in page


def test_program_reads_events(client, erin, fridays):
    soon, later = an_edition(erin, fridays), an_edition(erin, fridays, days=20, strand=Strand.BREAKFAST)
    over = an_edition(erin, fridays, days=-5)
    draft = an_edition(erin, fridays, days=3, state=State.DRAFT)
    english = {"Accept-Language": "en"}

    def refs(query=""):
        return [one["ref"] for one in client.get(f"/api/v1/events{query}", headers=english).json["items"]]

    assert refs() == [later.ref, soon.ref, over.ref]
    assert refs("?over=false") == [soon.ref, later.ref]
    assert refs("?over=true&series=fridays") == [over.ref]
    assert refs("?strand=breakfast") == [later.ref]
    assert client.get("/api/v1/events?series=nowhere").status_code == 404
    assert client.get("/api/v1/events?strand=party").status_code == 422
    assert client.get(f"/api/v1/events/{draft.ref}").status_code == 404
    one = client.get(f"/api/v1/events/{soon.ref}", headers=english)
    assert (one.json["title"], one.json["place"]) == ("Injectable processes", "Landing Hall")
    assert one.json["hosts"] == [{"slug": "company", "name": one.json["hosts"][0]["name"]}]
    assert client.get(f"/api/v1/events/{soon.ref}", headers={**english, "If-None-Match": one.headers["ETag"]}
                      ).status_code == 304


def test_longer_series_takes_no_more_queries(signed_in, database, erin, charlie, fridays):
    browser = signed_in(charlie)

    def queries():
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        database_event.listen(database, "before_cursor_execute", listener)
        for address in ("/events/series/fridays", "/events/series/fridays/calendar.ics", "/api/v1/events"):
            assert browser.get(address).status_code == 200
        database_event.remove(database, "before_cursor_execute", listener)
        return len(seen)

    an_edition(erin, fridays, guests=["institute"])
    an_edition(erin, fridays, days=-3)
    few = queries()
    series = service.get_series("fridays")
    for days in (2, 5, 9, -8, -12):
        an_edition(erin, series, days=days, guests=["institute", "Prof. Lin"], video_url=LINK)
    assert queries() == few

import csv
import io
import re
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from conftest import a_listing
from indexing import EngineThatIsDown, index_listings
from saving import at
from sqlalchemy import select

from marketplace import clock, index
from marketplace.db import session, transaction
from marketplace.errors import Forbidden
from marketplace.finding import record, searched
from marketplace.finding.models import SearchClick, SearchMade, SearchWeek
from marketplace.finding.record import Memory, memory, search_made

WRITE_SOON = Memory._write_soon  # the tests' own parts write only when they are told to
NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
TYPING = {"X-Typing": "1"}


@pytest.fixture(autouse=True)
def nothing_left_over():
    memory.__init__()
    yield
    memory.__init__()


def made():
    memory.write()
    return session.scalars(select(SearchMade).order_by(SearchMade.id)).all()


def search(client, text, moment=NOON, **headers):
    with at(moment):
        answer = client.get(f"/search?q={quote(text)}", headers=headers)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)


def later(**how_long):
    return NOON + timedelta(**how_long)


def settled():
    memory.write()
    with at(later(hours=1)):
        record.settle()
    session.expire_all()
    return sorted(row.text for row in made())


def note(text, day=NOON, *, clicks=(), **about):
    """A search of that day, with the places of what was opened."""
    with at(day), transaction():
        fact = search_made(f"{text}{day}{len(clicks)}{clock.now()}{session.query(SearchMade).count()}", text,
                           language="en", **{"total": 5, **about})
        session.add(SearchMade(**{**fact, "at": None}))
        for listing, place in clicks:
            session.add(SearchClick(search_key=fact["key"], listing_id=listing.id, position=place, day=fact["day"]))


def test_a_search_is_remembered_without_its_person(signed_in, charlie, institute):
    a_listing(institute)
    index_listings()
    search(signed_in(charlie), "Ｅlectrolyte  ZEPPELIN")
    [one] = made()
    assert (one.text, one.language, one.missed) == ("electrolyte zeppelin", "en", True) and one.dropped == ["zeppelin"]
    columns = {column.name for column in SearchMade.__table__.columns}
    assert not columns & {"user_id", "person", "ip", "address", "session", "user_agent"}


def test_nothing_is_written_while_somebody_waits(client, institute, count_queries):
    a_listing(institute)
    index_listings()
    search(client, "electrolyte")
    assert not session.scalars(select(SearchMade)).all() and len(made()) == 1


@pytest.mark.parametrize("text, kept", [
    ("Frank.Li@example.com 电解液", "… 电解液"), ("call 138 0013 8000 now", "call … now"),
    ("+86-755-8600-1234", "…"), ("11010519491231002X", "…x"), ("GB/T 22900-2022", "gb/t 22900-2022"),
    ("CAS 7439-93-2", "cas 7439-93-2"), ("10 kV LiFePO4", "10 kv lifepo4"), ("x" * 500, "x" * 200),
])
def test_addresses_and_long_numbers_are_hidden(text, kept):
    assert record.harmless(text) == kept


@pytest.mark.parametrize("agent", [
    "Googlebot/2.1", "Mozilla/5.0 (compatible; bingbot/2.0)", "python-requests/2.32", "curl/8.5", "",
])
def test_programs_are_not_remembered(client, agent):
    index_listings()
    search(client, "electrolyte", **{"User-Agent": agent})
    assert made() == []


def test_what_is_no_search_of_a_person_is_not_remembered(client, institute):
    a_listing(institute)
    index_listings()
    client.get("/api/v1/search?q=electrolyte"), client.get("/search?q=electrolyte&page=2"), client.get("/search")
    client.get("/search.atom?q=electrolyte"), client.head("/search?q=electrolyte")
    search(client, "electrolyte", **{"Sec-Purpose": "prefetch"})
    assert made() == []


def test_typing_is_one_search(client):
    index_listings()
    for second, text in enumerate(("ele", "electro", "electrolyte", "electrolyte sa", "electrolyte")):
        search(client, text, later(seconds=second), **TYPING)
    search(client, "zinc", later(seconds=30), **TYPING)
    assert settled() == ["electrolyte", "zinc"]


def test_a_button_that_was_pressed_is_a_search(client):
    index_listings()
    search(client, "zinc"), search(client, "zinc air", later(seconds=5))
    assert settled() == ["zinc", "zinc air"]


def test_narrowing_is_the_same_search(client):
    index_listings()
    search(client, "zinc")
    with at(later(minutes=2)):
        client.get("/search?q=zinc&kind=need")
    assert settled() == ["zinc"] and made()[0].filtered


def test_what_was_opened_from_stays_though_typing_went_on(client, institute):
    result = a_listing(institute)
    index_listings()
    shown = search(client, "electro", **TYPING)
    with at(later(seconds=1)):
        client.get(link_to(result, shown))
    search(client, "electrolyte", later(seconds=3), **TYPING)
    assert settled() == ["electro", "electrolyte"]


def test_the_minute_is_forgotten_once_it_is_settled(client):
    index_listings()
    search(client, "zinc")
    settled()
    assert [(row.at, str(row.day)) for row in made()] == [(None, "2026-11-25")]


def test_what_is_recent_waits(client):
    index_listings()
    search(client, "zinc")
    memory.write()
    with at(later(minutes=1)):
        record.settle()
    assert made()[0].at is not None


# Clicks


def link_to(listing, shown):
    return re.search(rf'href="(/listings/{listing.ref}\?from=[^"]+)"', shown)[1]


def clicks():
    memory.write()
    return session.scalars(select(SearchClick)).all()


def test_what_is_opened_is_remembered_with_its_place(signed_in, charlie, institute):
    result = a_listing(institute)
    index_listings()
    browser = signed_in(charlie)
    address = link_to(result, search(browser, "electrolyte"))
    with at(NOON):
        assert browser.get(address).status_code == 200
        browser.get(address), browser.get(address + "&lang=zh")
    [one] = clicks()
    assert (one.listing_id, one.position, one.search_key) == (result.id, 1, made()[0].key)
    assert not {column.name for column in SearchClick.__table__.columns} & {"user_id", "ip", "address"}


def test_a_mark_is_good_for_its_listing_and_its_day_only(client, institute):
    result, other = a_listing(institute), a_listing(institute, title="Another electrolyte")
    index_listings()
    mark = link_to(result, search(client, "electrolyte")).partition("?")[2]
    with at(NOON):
        assert client.get(f"/listings/{other.ref}?{mark}").status_code == 200
        assert client.get(f"/listings/{result.ref}?{mark[:-9]}xxx{mark[-6:]}").status_code == 200
        assert client.get(f"/listings/{result.ref}?from=https://evil.example").status_code == 200
    with at(later(days=2)):
        assert client.get(f"/listings/{result.ref}?{mark}").status_code == 200
    assert clicks() == []


def test_the_mark_leads_nowhere_else_and_is_no_address_of_the_page(client, institute):
    result = a_listing(institute)
    index_listings()
    with at(NOON):
        answer = client.get(link_to(result, search(client, "electrolyte")))
    canonical = re.search(r'<link rel="canonical" href="([^"]+)"', answer.get_data(as_text=True))
    assert answer.location is None and canonical[1].endswith(f"/listings/{result.ref}")


def test_robots_get_plain_links(client, institute):
    result = a_listing(institute)
    index_listings()
    assert f'href="/listings/{result.ref}"' in search(client, "electrolyte", **{"User-Agent": "Googlebot"})


def test_pages_work_when_the_record_cannot_be_written(client, institute, monkeypatch):
    def refuse(*_: object):
        raise OSError("disk full")

    a_listing(institute)
    index_listings()
    monkeypatch.setattr(record, "keep", refuse)
    search(client, "electrolyte")
    memory._write_quietly()
    search(client, "zinc")
    monkeypatch.undo()
    assert sorted(row.text for row in made()) == ["electrolyte", "zinc"], "what could not be written is written later"


def test_what_was_searched_for_is_written_within_seconds_by_a_thread_of_its_own(own_database, monkeypatch):
    monkeypatch.setattr(Memory, "_write_soon", WRITE_SOON)
    monkeypatch.setattr(record, "PAUSE", 0.01)
    monkeypatch.setattr(record.atexit, "register", lambda _: None)
    memory.add(search_made("one", "zinc", language="en", total=0))
    memory.add(search_made("two", "lead", language="en", total=0))
    until = time.monotonic() + 30
    while len(written := session.scalars(select(SearchMade.text)).all()) < 2 and time.monotonic() < until:
        session.rollback()
        time.sleep(0.05)
    assert sorted(written) == ["lead", "zinc"]


# After half a year


def test_after_half_a_year_sums_remain(institute):
    result = a_listing(institute)
    old = NOON - timedelta(days=181)
    note("zinc", old, total=0), note("zinc", old, clicks=[(result, 3)]), note("young", NOON)
    with at(NOON):
        record.forget(), record.forget()
    assert [row.text for row in session.scalars(select(SearchMade))] == ["young"] and not clicks()
    [week] = session.scalars(select(SearchWeek)).all()
    assert week.week.weekday() == 0
    assert (week.searches, week.missed, week.followed, week.clicks, week.positions) == (2, 1, 1, 1, 3)


# What operators see


@pytest.fixture
def history(institute):
    result, other = a_listing(institute), a_listing(institute)
    note("solid battery", total=0), note("solid battery", total=0), note("solid battery", total=3, dropped=["solid"])
    note("electrolyte", clicks=[(result, 1), (other, 5)]), note("electrolyte"), note("electrolyte")
    note("electrolyte", NOON - timedelta(weeks=2), clicks=[(result, 3)])
    note("down", total=0, degraded=True), note("old", NOON - timedelta(weeks=30))


def test_figures_of_the_period(erin, history):
    with at(NOON):
        found = searched.searched(erin, 4)
    assert [(week.searches, week.missed) for week in found.weeks] == [(0, 0), (1, 0), (0, 0), (6, 3)]
    assert found.total.mean_position == 3 and found.total.followed == 2
    [missed] = found.missed
    assert (missed.text, missed.times, missed.nothing, missed.missed) == ("solid battery", 3, 2, 3)
    assert next((one.text, one.times, one.followed) for one in found.most) == ("electrolyte", 4, 2)
    assert [(word.text, word.times) for word in found.words] == [("solid", 1)]


def test_a_word_that_some_search_found_something_by_is_not_lost(erin):
    note("solid battery", dropped=["solid", "battery"]), note("battery")
    note("固态电池", dropped=["固态"]), note("固态电解质")
    with at(NOON):
        assert [word.text for word in searched.searched(erin, 4).words] == ["solid"]


def test_the_page_shows_bars_tables_and_the_way_to_a_synonym(signed_in, erin, history):
    browser = signed_in(erin)
    with at(NOON):
        shown = browser.get("/operator/searches?weeks=4").get_data(as_text=True)
        assert "3 searches did not find what they asked for" in shown and "3 of 6" in shown
        assert 'href="/operator/terms/new?terms=solid%20battery"' in shown
        assert 'href="/operator/terms/new?terms=solid"' in shown
        assert "solid battery" in browser.get("/operator/terms/new?terms=solid%20battery").get_data(as_text=True)
        assert "No searches in this period" not in shown


def test_before_anybody_has_searched_the_page_says_what_will_be_there(signed_in, erin):
    assert "No searches in this period" in signed_in(erin).get("/operator/searches").get_data(as_text=True)


def test_the_page_costs_the_same_for_many_texts(signed_in, erin, history, count_queries):
    with at(NOON):
        browser, counts = signed_in(erin), []
        for many in (0, 20):
            for number in range(many):
                note(f"words {number}", dropped=["words"])
            with count_queries() as asked:
                browser.get("/operator/searches")
            counts.append(asked.count)
    assert counts[0] == counts[1]


def test_a_spreadsheet_holds_every_text_and_no_formula(signed_in, erin):
    note("=cmd|' /c calc'!a0"), note("plain", total=0)
    with at(NOON):
        answer = signed_in(erin).get("/operator/searches.csv")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[0][:3] == ["Words", "Searches", "Found nothing"]
    assert {row[0] for row in rows[1:]} == {"'=cmd|' /c calc'!a0", "plain"}
    with at(NOON):
        workbook = signed_in(erin).get("/operator/searches.xlsx")
    assert workbook.data[:2] == b"PK" and signed_in(erin).get("/operator/searches.pdf").status_code == 404


@pytest.mark.parametrize("address", ["/operator/searches", "/operator/searches.csv", "/operator/searches.xlsx"])
def test_only_operators_read_it(signed_in, client, alice, dana, address):
    for person in (alice, dana):
        assert signed_in(person).get(address).status_code == 403
    assert client.get(address).status_code == 302


def test_the_service_refuses_as_well(dana):
    with pytest.raises(Forbidden):
        searched.searched(dana, 4)
    with pytest.raises(Forbidden):
        searched.every_text(None, 4)


def test_an_engine_that_is_down_is_nobodys_miss(client):
    index.bind(EngineThatIsDown())
    search(client, "electrolyte")
    [one] = made()
    assert one.degraded and not one.missed

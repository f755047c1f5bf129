"""Feeds, read by a feed reader's own parser."""

import xml.etree.ElementTree as ET
from datetime import timedelta

import feedparser
import pytest
from conftest import a_listing
from indexing import EngineThatIsDown, index_listings
from saving import WEDNESDAY, arrive, at, saves

from marketplace import clock, index
from marketplace.db import transaction
from marketplace.finding import saved
from marketplace.finding.models import Frequency
from marketplace.listings.models import State

ATOM = "{http://www.w3.org/2005/Atom}"


def read(browser, address):
    answer = browser.get(address)
    assert answer.status_code == 200 and answer.content_type == "application/atom+xml; charset=utf-8"
    parsed = feedparser.parse(answer.data)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    return parsed


def test_any_search_is_a_feed(client, institute):
    result = a_listing(institute)
    index_listings()
    feed = read(client, "/search.atom?q=electrolyte&language=en")
    [entry] = feed.entries
    assert entry.title == result.title and entry.link == f"http://127.0.0.1:8000/listings/{result.ref}"
    assert entry.id == f"tag:127.0.0.1,2026:{result.ref}" and entry.author == "Institute"
    assert entry.summary.startswith("A lithium battery") and entry.published_parsed and entry.updated_parsed
    assert feed.feed.title == "Yinqiao: electrolyte"
    links = {link.rel: link.href for link in feed.feed.links}
    assert links["self"].endswith("/search.atom?q=electrolyte&language=en")
    assert links["alternate"].endswith("/search?q=electrolyte")


def test_everything_that_atom_demands_is_there(client, institute):
    a_listing(institute), a_listing(institute, anonymous=True, field=None)
    index_listings()
    tree = ET.fromstring(client.get("/search.atom").data)
    assert tree.tag == f"{ATOM}feed"
    for element in (tree, *tree.iter(f"{ATOM}entry")):
        assert [len(element.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated")] == [1, 1, 1]
        assert element.find(f"{ATOM}author/{ATOM}name").text
        assert len([e for e in element.findall(f"{ATOM}link") if e.get("rel") == "alternate"]) == 1
    assert len({e.text for e in tree.iter(f"{ATOM}id")}) == 3


def test_hostile_text_is_only_text(client, institute):
    title, summary = "<b>5 & \"6\"</b> ]]> \x08 &amp;", "<script>alert(1)</script>"
    a_listing(institute, title=title, summary=summary)
    index_listings()
    [entry] = read(client, "/search.atom").entries
    assert "alert(1)" in entry.summary
    raw = client.get("/search.atom").get_data(as_text=True)
    assert "<script" not in raw and "\x08" not in raw and "&lt;b&gt;5 &amp; " in raw


def test_a_feed_shows_visitors_things_whoever_asks(signed_in, institute, alice):
    a_listing(institute, state=State.DRAFT)
    index_listings()
    assert read(signed_in(alice), "/search.atom").entries == []
    assert read(signed_in(alice), "/search.atom?q=fluorinated").entries == []


def test_a_feed_does_not_name_the_anonymous(client, institute):
    a_listing(institute, anonymous=True)
    index_listings()
    [entry] = read(client, "/search.atom?language=en").entries
    assert entry.author == "Anonymous"


def test_nothing_found_is_an_empty_feed_and_not_what_comes_near(client, institute):
    a_listing(institute)
    index_listings()
    feed = read(client, "/search.atom?q=electrolyte+zeppelin")
    assert feed.entries == [] and feed.feed.updated


def test_unchanged_costs_nothing(client, institute):
    a_listing(institute)
    index_listings()
    first = client.get("/search.atom?q=electrolyte")
    assert first.headers["Cache-Control"] == "public, max-age=300"
    for header, value in (("If-None-Match", first.headers["ETag"]),
                          ("If-Modified-Since", first.headers["Last-Modified"])):
        assert client.get("/search.atom?q=electrolyte", headers={header: value}).status_code == 304
    with at(clock.now() + timedelta(hours=1)):
        a_listing(institute)
        index_listings()
    again = client.get("/search.atom?q=electrolyte", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200


def test_fifty_at_most_the_newest_first(client, institute):
    for number in range(52):
        with at(WEDNESDAY + timedelta(minutes=number)):
            a_listing(institute, title=f"Electrolyte {number}")
    index_listings()
    titles = [entry.title for entry in read(client, "/search.atom").entries]
    assert len(titles) == 50 and titles[0] == "Electrolyte 51"


def test_a_long_feed_costs_as_many_queries_as_a_short_one(client, institute, count_queries):
    counts = []
    for _ in range(2):
        for number in range(4):
            a_listing(institute, title=f"Electrolyte {number}")
        index_listings()
        client.get("/search.atom?q=electrolyte")
        with count_queries() as asked:
            client.get("/search.atom?q=electrolyte")
        counts.append(asked.count)
    assert counts[0] == counts[1]


def test_an_engine_that_is_down_is_no_empty_feed(client):
    index.bind(EngineThatIsDown())
    assert client.get("/search.atom?q=x").status_code == 503


def test_a_saved_search_is_read_with_its_owners_eyes(app, charlie, institute):
    one = saves(charlie, q="fluorinated", name="Phosphates")
    a_listing(institute), arrive()
    visitor = app.test_client()
    feed = read(visitor, f"/searches/{one.feed_token}.atom")
    assert len(feed.entries) == 1 and feed.feed.title == "Yinqiao: Phosphates"
    answer = visitor.get(f"/searches/{one.feed_token}.atom")
    assert answer.headers["Cache-Control"].startswith("private") and one.feed_token not in feed.feed.id


def test_the_secret_address_can_be_changed(signed_in, charlie):
    one = saves(charlie)
    old = one.feed_token
    signed_in(charlie).post(f"/searches/{one.id}/feed")
    browser = signed_in(charlie)
    assert browser.get(f"/searches/{old}.atom").status_code == 404
    assert f"/searches/{saved.get(charlie, one.id).feed_token}.atom" in browser.get(
        f"/searches/{one.id}/edit").get_data(as_text=True)


@pytest.mark.parametrize("token", ["x", "1", "..", "%00", "a" * 5000])
def test_a_wrong_address_is_no_feed(client, token):
    assert client.get(f"/searches/{token}.atom").status_code == 404


def test_the_feed_of_somebody_disabled_ends(client, charlie):
    one = saves(charlie, frequency=Frequency.NEVER)
    with transaction():
        charlie.disabled_at = clock.now()
    assert client.get(f"/searches/{one.feed_token}.atom").status_code == 404

"""What search engines are told: the sitemap, robots.txt, canonical addresses, and data about a listing in its page."""

from __future__ import annotations

import json
import re

import pytest
from conftest import a_listing
from lxml import etree

from marketplace.db import session, transaction
from marketplace.finding import harvest
from marketplace.listings.models import Exclusion, Kind, State


def locations(answer):
    return [one.text for one in etree.fromstring(answer.data).iter("{*}loc")]


def data_in(page):
    return [json.loads(text) for text in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)]


def test_the_sitemap_leads_to_every_listing_that_anybody_may_read(client, institute, company):
    shown, excluding = a_listing(institute), a_listing(institute)
    draft, withdrawn = a_listing(institute, state=State.DRAFT), a_listing(institute, state=State.WITHDRAWN)
    with transaction():
        session.add(Exclusion(listing_id=excluding.id, organisation_id=company.id))
    parts = locations(client.get("/sitemap.xml"))
    assert parts == ["http://127.0.0.1:8000/sitemap-0.xml"]
    addresses = locations(client.get("/sitemap-0.xml"))
    assert f"http://127.0.0.1:8000/listings/{shown.ref}" in addresses
    assert "http://127.0.0.1:8000/organisations/institute" in addresses
    for hidden in (excluding, draft, withdrawn):
        assert not any(hidden.ref in address for address in addresses)


def test_every_address_in_the_sitemap_can_be_read(client, institute):
    a_listing(institute)
    for address in locations(client.get("/sitemap-0.xml")):
        assert client.get(address.removeprefix("http://127.0.0.1:8000")).status_code == 200, address


def test_a_long_sitemap_comes_in_parts(client, institute, monkeypatch):
    made = [a_listing(institute) for _ in range(5)]
    monkeypatch.setattr(harvest, "PART", 2)
    parts = [address.removeprefix("http://127.0.0.1:8000") for address in locations(client.get("/sitemap.xml"))]
    assert len(parts) >= 3
    found = [address for part in parts for address in locations(client.get(part)) if "/listings/" in address]
    assert sorted(found) == sorted(f"http://127.0.0.1:8000/listings/{listing.ref}" for listing in made)
    assert locations(client.get("/sitemap-99999.xml")) == []


def test_robots_are_led_to_the_sitemap_and_away_from_endless_searches(client):
    said = client.get("/robots.txt")
    assert said.mimetype == "text/plain" and b"Sitemap: http://127.0.0.1:8000/sitemap.xml" in said.data
    assert b"Disallow: /search?" in said.data


def test_a_result_is_offered_and_a_need_demanded_in_the_words_of_schema_org(client, institute, company):
    result = a_listing(institute, price_kind="indicative", price_amount=800_000)
    need = a_listing(company, Kind.NEED, title="</script><script>alert(1)</script>")
    offer, = data_in(client.get(f"/listings/{result.ref}").get_data(as_text=True))
    assert offer["@type"] == "Offer" and offer["name"] == result.title and offer["priceCurrency"] == "CNY"
    assert offer["url"] == f"http://127.0.0.1:8000/listings/{result.ref}" and offer["seller"]["name"] == "Institute"
    demand, = data_in(client.get(f"/listings/{need.ref}").get_data(as_text=True))
    assert demand["@type"] == "Demand" and demand["name"] == "</script><script>alert(1)</script>"


def test_data_in_the_page_does_not_name_who_is_anonymous(client, institute):
    hidden = a_listing(institute, anonymous=True, summary="By Institute itself")
    said, = data_in(client.get(f"/listings/{hidden.ref}").get_data(as_text=True))
    assert "seller" not in said and "Institute" not in json.dumps(said)


def test_a_listing_has_one_address_and_one_in_each_language(client, institute):
    result = a_listing(institute)
    address = f"http://127.0.0.1:8000/listings/{result.ref}"
    page = client.get(f"/listings/{result.ref}?utm_source=mail").get_data(as_text=True)
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'hreflang="zh-Hans" href="{address}?lang=zh"' in page
    in_chinese = client.get(f"/listings/{result.ref}?lang=zh").get_data(as_text=True)
    assert f'<link rel="canonical" href="{address}?lang=zh">' in in_chinese


def test_a_draft_says_nothing_to_search_engines(signed_in, alice, institute):
    draft = a_listing(institute, state=State.DRAFT)
    page = signed_in(alice).get(f"/listings/{draft.ref}").get_data(as_text=True)
    assert "canonical" not in page and not data_in(page)


def test_a_search_has_one_address_whatever_else_stands_in_it(client):
    page = client.get("/search?utm_source=mail&field=biology&page=2&q=cell").get_data(as_text=True)
    assert '<link rel="canonical" href="http://127.0.0.1:8000/search?field=biology&amp;q=cell">' in page


@pytest.mark.parametrize("address", ["/", "/search", "/organisations", "/organisations/institute", "/events"])
def test_open_pages_state_their_address(client, institute, address):
    page = client.get(address).get_data(as_text=True)
    assert f'<link rel="canonical" href="http://127.0.0.1:8000{address}">' in page

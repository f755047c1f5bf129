"""The frame around every page shows each person their own ways."""

from __future__ import annotations

import pytest


def ways(page):
    """The addresses in the main navigation."""
    start = page.index('<nav class="ways"')
    nav = page[start:page.index("</nav>", start)]
    return [part.partition('"')[0] for part in nav.split('href="')[1:]]


def test_a_visitor_sees_the_public_ways_and_the_way_in(client):
    page = client.get("/help").get_data(as_text=True)
    assert ways(page) == ["/search", "/search?kind=result", "/search?kind=need", "/events"]
    assert 'href="/sign-in?next=/help"' in page


def test_a_member_sees_their_organisation(signed_in, alice):
    page = signed_in(alice).get("/help").get_data(as_text=True)
    assert "/mine" in ways(page)
    assert not {"/desk", "/review", "/figures"} & set(ways(page))
    assert 'action="/sign-out"' in page


def test_a_broker_sees_desk_review_and_figures(signed_in, dana):
    assert {"/desk", "/review", "/figures"} <= set(ways(signed_in(dana).get("/help").get_data(as_text=True)))


def test_an_operator_reviews_but_has_no_desk(signed_in, erin):
    shown = set(ways(signed_in(erin).get("/help").get_data(as_text=True)))
    assert {"/review", "/figures"} <= shown
    assert "/desk" not in shown


@pytest.mark.parametrize(("address", "here"), [
    ("/search", "/search"), ("/search?kind=need", "/search?kind=need"),
    ("/search?kind=result&q=x", "/search?kind=result"),
])
def test_the_way_one_stands_on_is_marked(client, address, here):
    page = client.get(address).get_data(as_text=True)
    start = page.index('<nav class="ways"')
    assert f'<a href="{here}" aria-current="page">' in page[start:]
    assert page[start:page.index("</nav>", start)].count("aria-current") == 1


def test_a_page_is_named_for_what_is_on_it(client):
    assert "<title>Help · Yinqiao</title>" in client.get("/help").get_data(as_text=True)
    assert "<title>Yinqiao</title>" in client.get("/").get_data(as_text=True)


def test_the_keyboard_can_skip_to_the_content(client):
    page = client.get("/help").get_data(as_text=True)
    assert page.index('class="skip" href="#content"') < page.index("<header")
    assert '<main class="frame" id="content"' in page

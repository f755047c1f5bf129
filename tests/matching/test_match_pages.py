import pytest
from conftest import a_listing
from indexing import index_listings

from marketplace.listings.models import Kind, State


@pytest.fixture
def pair(institute, company):
    made = a_listing(institute), a_listing(company, Kind.NEED)
    index_listings()
    return made


def test_page_shows_reasons_side_by_side(signed_in, charlie, pair):
    result, need = pair
    shown = signed_in(charlie).get(f"/listings/{need.ref}/matches").get_data(as_text=True)
    assert result.ref in shown and "Title and keywords" in shown and "not stated" in shown
    assert "Results that fit this need" in shown


def test_page_speaks_chinese(signed_in, charlie, pair):
    shown = signed_in(charlie).get(f"/listings/{pair[1].ref}/matches?lang=zh").get_data(as_text=True)
    assert "与此需求匹配的成果" in shown and "标题与关键词" in shown and "未说明" in shown
    assert "not stated" not in shown and "Points" not in shown


def test_outsider_gets_no_matches_of_a_draft(client, signed_in, institute, alice, charlie):
    draft = a_listing(institute, state=State.DRAFT)
    for address in (f"/listings/{draft.ref}/matches", f"/api/v1/listings/{draft.ref}/matches"):
        assert client.get(address).status_code == 404
        assert signed_in(charlie).get(address).status_code == 404
        assert signed_in(alice).get(address).status_code == 200


def test_api_gives_each_match_with_reasons(client, pair):
    result, need = pair
    matches = client.get(f"/api/v1/listings/{need.ref}/matches?limit=3").json["matches"]
    assert [(m["ref"], m["title"]) for m in matches] == [(result.ref, result.title)]
    assert 0 < matches[0]["score"] <= 100
    assert {"label", "here", "there", "weight"} == set(matches[0]["reasons"][0])


@pytest.mark.parametrize("limit", ["0", "-3", "many", "1000"])
def test_wrong_limit_is_refused(client, pair, limit):
    answer = client.get(f"/api/v1/listings/{pair[1].ref}/matches?limit={limit}")
    assert answer.status_code == 422 and "limit" in answer.json["fields"]


def test_stranger_ref_is_not_found(client):
    assert client.get("/api/v1/listings/R-1999-000001/matches").status_code == 404
    assert client.get("/listings/R-1999-000001/matches").status_code == 404


def test_listing_page_can_include_its_counterparts(app, pair):
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        from flask import render_template_string

        from marketplace.db import session
        from marketplace.listings.models import Listing

        need = session.get(Listing, pair[1].id)
        shown = render_template_string('{% include "matching/_counterparts.html" ignore missing %}', listing=need)
    assert pair[0].ref in shown and "Results that fit this need" in shown

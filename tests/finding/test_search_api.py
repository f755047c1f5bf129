import pytest
from conftest import a_listing
from indexing import EngineThatIsDown, index_listings

from marketplace import clock, index
from marketplace.accounts import tokens
from marketplace.db import session, transaction
from marketplace.listings.models import Kind, State


def get(client, q="", token=None, **arguments):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.get("/api/v1/search", query_string={"q": q, **arguments}, headers=headers)


def token_of(user):
    token, row = tokens.new(user, clock.now())
    with transaction():
        session.add(row)
    return token


def test_visitor_gets_hits_with_their_facets(client, institute):
    result = a_listing(institute)
    index_listings()
    answer = get(client, "electrolyte").json
    assert {name: answer[name] for name in ("total", "page", "size", "engine", "degraded")} == {
        "total": 1, "page": 1, "size": 20, "engine": "embedded", "degraded": False,
    }
    assert answer["took_ms"] > 0
    hit = answer["hits"][0]
    assert (hit["ref"], hit["kind"], hit["title"], hit["organisation"]) == (
        result.ref, "result", result.title, "Institute"
    )
    assert "electrolyte" in hit["snippet"] and hit["score"] > 0
    assert answer["facets"]["field"] == [{"value": "new_energy", "label": "New energy", "count": 1}]


def test_token_widens_what_is_found(client, institute, charlie):
    result = a_listing(institute)
    index_listings()
    assert get(client, "fluorinated").json["total"] == 0
    assert get(client, "fluorinated", token_of(charlie)).json["hits"][0]["ref"] == result.ref


def test_forged_token_is_refused(client):
    assert get(client, "x", "yq_forged").status_code == 401


def test_draft_of_another_organisation_is_not_found(client, institute, charlie):
    a_listing(institute, state=State.DRAFT)
    index_listings()
    assert get(client, "electrolyte", token_of(charlie)).json["total"] == 0


@pytest.mark.parametrize(("name", "value"), [
    ("kind", "thing"), ("field", "alchemy"), ("trl_min", "12"), ("trl_max", "high"), ("mode", "barter"),
    ("sort", "random"), ("page", "0"), ("page", "-1"), ("size", "1000"), ("size", "many"), ("region", "Atlantis"),
    ("industry", "Z99"), ("days", "0"), ("price_min", "a lot"), ("organisation_kind", "guild"),
])
def test_wrong_value_is_refused_by_name(client, name, value):
    answer = get(client, **{name: value})
    assert answer.status_code == 422 and answer.content_type == "application/problem+json"
    assert list(answer.json["fields"]) == [name]


@pytest.mark.parametrize(("asked", "total"), [
    ("trl_min=7", 0), ("trl_max=6", 1), ("trl_min=4&trl_max=5", 0), ("trl_min=5", 1), ("trl=4-6", 1), ("trl=1-3,5", 0),
    ("trl=4-6&trl_min=6", 1), ("trl=4-6&trl_max=5", 0), ("region=CN", 1), ("region=中国", 1), ("region=SG", 0),
    ("region=440000&region=440300", 1), ("region=440000&region=440100", 0), ("price_band=unstated", 1),
])
def test_levels_regions_and_steps_of_price_narrow(client, institute, asked, total):
    a_listing(institute)
    index_listings()
    assert client.get(f"/api/v1/search?{asked}").json["total"] == total


def test_range_without_any_of_the_levels_chosen_is_refused(client):
    assert list(get(client, trl="1-3", trl_min=7).json["fields"]) == ["trl_min"]


def test_choices_within_a_choice_say_so(client, institute):
    a_listing(institute)
    index_listings()
    facets = get(client).json["facets"]
    assert [(c["value"], c.get("parent")) for c in facets["region"]] == [
        ("CN", None), ("440000", "CN"), ("440300", "440000"),
    ]
    assert [(c["value"], c.get("parent"), c["count"]) for c in facets["trl"]] == [("4-6", None, 1), ("6", "4-6", 1)]


def test_range_upside_down_is_refused(client):
    assert list(get(client, trl_min=7, trl_max=3).json["fields"]) == ["trl_max"]


def test_complaints_come_in_the_readers_language(client):
    answer = client.get("/api/v1/search?sort=random", headers={"Accept-Language": "zh"})
    assert "random" in answer.json["fields"]["sort"] and "none of" not in answer.json["fields"]["sort"]


def test_several_values_may_be_repeated_or_listed(client, institute, company):
    a_listing(institute), a_listing(company, Kind.NEED)
    index_listings()
    assert client.get("/api/v1/search?kind=result&kind=need").json["total"] == 2
    assert client.get("/api/v1/search?kind=result,need").json["total"] == 2
    assert client.get("/api/v1/search?kind=need&region=Shenzhen&trl_min=").json["total"] == 1


def test_pages_do_not_overlap(client, institute):
    refs = {a_listing(institute).ref for _ in range(5)}
    index_listings()
    pages = [get(client, page=n, size=2).json["hits"] for n in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert {hit["ref"] for page in pages for hit in page} == refs


def test_engine_down_is_said(client, institute):
    a_listing(institute)
    index.bind(EngineThatIsDown())
    answer = get(client, "electrolyte").json
    assert answer["degraded"] is True and answer["engine"] == "sql" and answer["total"] == 1


def test_megabyte_and_control_characters_are_answered(client, institute):
    a_listing(institute)
    index_listings()
    for text in ("a" * 1_000_000, "\x00\x01", "🔋\u202e", '"-*()'):
        assert get(client, text).status_code == 200


def test_suggestions_name_a_listing(client, institute):
    result = a_listing(institute)
    index_listings()
    suggestions = client.get("/api/v1/suggest?q=flame").json["suggestions"]
    assert suggestions == [{"text": result.title, "group": "title", "url": f"/listings/{result.ref}",
                            "ref": result.ref, "kind": "result"}]
    assert client.get("/api/v1/suggest").json == {"suggestions": []}

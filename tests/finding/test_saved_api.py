from datetime import timedelta

import pytest
from saving import WEDNESDAY, at, published, saves
from sqlalchemy import inspect

from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.finding import saved
from marketplace.finding.models import Frequency, SavedSearch

LATER = WEDNESDAY + timedelta(minutes=1)


@pytest.fixture
def bearing(client):
    """bearing(alice, "get", address, …) -> the answer to a program of hers."""

    def send(person, method, address, **options):
        person = session.get_one(User, inspect(person).identity)
        headers = {"Authorization": f"Bearer {accounts.new_token(person)[0]}", **options.pop("headers", {})}
        return getattr(client, method)(address, headers=headers, **options)

    return send


def test_saved_read_changed_deleted(bearing, charlie):
    sent = {"name": "Mine", "frequency": "weekly", "criteria": {"q": "electrolyte", "field": "new_energy"}}
    made = bearing(charlie, "post", "/api/v1/searches", json=sent)
    assert made.status_code == 201 and made.headers["Location"] == f"/api/v1/searches/{made.json['id']}"
    address = made.headers["Location"]
    one = bearing(charlie, "get", address)
    assert one.json["criteria"] == {"q": "electrolyte", "field": ["new_energy"]}
    assert (one.json["new"], one.json["frequency"]) == (0, "weekly") and one.json["feed"].endswith(".atom")
    assert bearing(charlie, "get", address, headers={"If-None-Match": one.headers["ETag"]}).status_code == 304
    changed = bearing(charlie, "patch", address, json={"frequency": "never"})
    assert (changed.json["name"], changed.json["frequency"]) == ("Mine", "never")
    stale = bearing(charlie, "patch", address, json={"name": "x"}, headers={"If-Match": one.headers["ETag"]})
    assert stale.status_code == 412
    assert bearing(charlie, "delete", address).status_code == 204
    assert bearing(charlie, "get", "/api/v1/searches").json == {"searches": []}


def test_what_is_left_out_is_chosen_quietly(bearing, charlie):
    made = bearing(charlie, "post", "/api/v1/searches", json={"criteria": {"q": "electrolyte"}}).json
    assert (made["name"], made["frequency"]) == ("electrolyte", "never")


def test_new_is_counted_and_reading_over_the_api_is_not_looking(bearing, charlie, institute):
    with at(WEDNESDAY):
        number = saves(charlie).id
    published(institute, LATER)
    for _ in range(2):
        assert [one["new"] for one in bearing(charlie, "get", "/api/v1/searches").json["searches"]] == [1]
    saved.look(charlie, saved.get(charlie, number))
    assert bearing(charlie, "get", f"/api/v1/searches/{number}").json["new"] == 0


@pytest.mark.parametrize("sent, field", [
    ({}, "criteria"), ({"criteria": {"field": "alchemy"}}, "criteria.field"),
    ({"criteria": {"q": "x"}, "frequency": "hourly"}, "frequency"),
    ({"criteria": {"q": "x"}, "name": "y" * 81}, "name"),
    ({"criteria": {"mood": "good"}}, "criteria.mood"), ({"criteria": {"region": -489687}}, "criteria.region"),
    ({"criteria": {"field": [{"a": 1}]}}, "criteria.field"),
])
def test_what_is_wrong_is_named(bearing, charlie, sent, field):
    answer = bearing(charlie, "post", "/api/v1/searches", json=sent)
    assert answer.status_code == 422 and field in answer.json["fields"]


def test_twice_the_same_is_a_conflict(bearing, charlie):
    for status in (201, 409):
        sent = {"criteria": {"q": "electrolyte"}}
        assert bearing(charlie, "post", "/api/v1/searches", json=sent).status_code == status


def test_somebody_elses_search_does_not_exist(bearing, charlie, alice, erin):
    number = saves(charlie).id
    for stranger in (alice, erin):
        for method, options in (("get", {}), ("patch", {"json": {"name": "x"}}), ("delete", {})):
            assert bearing(stranger, method, f"/api/v1/searches/{number}", **options).status_code == 404
    assert session.get(SavedSearch, number).frequency is Frequency.AT_ONCE


def test_without_a_token_nothing(client, signed_in, charlie):
    number = saves(charlie).id
    assert client.get("/api/v1/searches").status_code == 401
    browser = signed_in(charlie)
    assert browser.delete(f"/api/v1/searches/{number}").status_code == 401
    assert browser.post("/api/v1/searches", json={"criteria": {"q": "x"}}).status_code == 401

"""Talks of two over JSON."""

import pytest
from seating.seated import anew, come, crowd, somebody

from marketplace import clock
from marketplace.accounts import tokens
from marketplace.accounts.scopes import Scope
from marketplace.db import session, transaction
from marketplace.seating import talking

pytest_plugins = ["seating.seating_cast"]

TIMES = {"after": 60, "slots": 3, "minutes": 20, "places": 4, "suggests": False}


@pytest.fixture
def talkers(erin, friday, monkeypatch):
    monkeypatch.setattr(talking, "SECONDS", 3.0)
    people = crowd(friday, 4)
    talking.arrange(erin, friday, **TIMES)
    return people


def address(edition, *rest):
    return "/".join(["/api/v1/events", anew(edition).ref, "talks", *rest])


def test_operator_sets_the_times_has_talks_arranged_and_publishes(program, erin, friday, monkeypatch):
    monkeypatch.setattr(talking, "SECONDS", 3.0)
    one, two, *_ = crowd(friday, 4)
    numbers, starts, api, url = (one.id, two.id), friday.starts_at, program(erin), address(friday)
    empty = api.get(url).json
    assert (empty["plan"], empty["times"], empty["talks"], len(empty["people"])) == (None, [], [], 4)
    asked = api.post(url, json=TIMES)
    assert (asked.status_code, asked.json["busy"], asked.json["plan"]) == (202, True, TIMES)
    assert [time["number"] for time in asked.json["times"]] == [0, 1, 2]
    talking.wish(anew(one).user, anew(friday), asks=[two.id], refuses=[], cannot=[0], most=None)
    talking.advance([anew(friday).id])
    done = api.get(url).json
    [talk] = done["talks"]
    assert (done["busy"], done["published_at"], done["value"] <= done["bound"]) == (False, None, True)
    assert {talk["one"]["registration"], talk["other"]["registration"]} == set(numbers)
    assert talk["time"] > 0 and talk["begins_at"] == done["times"][talk["time"]]["begins_at"] > starts.isoformat()
    for _ in range(2):
        assert api.post(f"{url}/publish").json["published_at"]
    hers = program(anew(two).user).get(address(friday, "mine")).json
    assert [mine["person"]["registration"] for mine in hers["talks"]] == [numbers[0]]


def test_a_guest_says_what_they_wish_and_says_it_anew(program, friday, talkers):
    _, two, three, four = (guest.id for guest in talkers)
    api, url = program(talkers[0].user), address(friday, "mine")
    first = api.get(url).json
    assert [other["registration"] for other in first["others"]] == [two, three, four] and first["talks"] == []
    assert first["wishes"] == {"asks": [], "refuses": [], "cannot": [], "most": None}
    wishes = {"asks": [three, two], "refuses": [four], "cannot": [2], "most": 2}
    for _ in range(2):
        said = api.put(url, json=wishes)
        assert said.status_code == 200 and said.json["wishes"] == {**wishes, "asks": [two, three]}
    assert api.put(url, json={"asks": [four]}).json["wishes"] == {
        "asks": [four], "refuses": [], "cannot": [], "most": None}
    tag = api.get(url).headers["ETag"]
    assert api.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_who_must_meet_and_whose_wish_could_not_be_met_is_told(program, erin, friday, talkers):
    one, two, three, _ = (guest.id for guest in talkers)
    talking.wish(talkers[1].user, friday, asks=[], refuses=[one], cannot=[], most=None)
    talking.wish(talkers[0].user, friday, asks=[two], refuses=[], cannot=[], most=None)
    api, url = program(erin), address(friday)
    refused = api.post(f"{url}/must", json={"one": one, "other": two})
    assert refused.status_code == 422 and "cannot be brought together" in refused.json["fields"]["other"]
    assert api.post(f"{url}/must", json={"one": one, "other": three}).status_code == 200
    talking.advance([anew(friday).id])
    plan = api.get(url).json
    assert [(talk["one"]["registration"], talk["other"]["registration"]) for talk in plan["talks"]] == [(one, three)]
    [unmet] = plan["unmet"]
    assert (unmet["one"]["registration"], unmet["other"]["registration"]) == (one, two)
    assert (unmet["must"], unmet["why"]) == (False, "refused") and "does not wish it" in unmet["text"]


@pytest.mark.parametrize(("sent", "field", "said"), [
    ({"asks": [987654]}, "asks", "Nobody you may ask to meet has the number 987654; “others” has those you may."),
    ({"refuses": [987654]}, "refuses", "Nobody you may ask to meet has the number 987654; “others” has those you may."),
    ({"cannot": [3]}, "cannot", "There is no time 3; they are numbered from 0 to 2."),
    ({"most": 25}, "most", "“25” is out of range: write a number from 0 to 24."),
    ({"asks": ["Lin"]}, "asks.0", "Write a whole number."),
    ({"cannot": list(range(25))}, "cannot", "At most 24 entries."),
])
def test_a_wish_that_cannot_be_names_its_field_and_value(program, friday, talkers, sent, field, said):
    api, url = program(talkers[0].user), address(friday, "mine")
    answer = api.put(url, json=sent)
    assert answer.status_code == 422 and answer.json["fields"] == {field: said}
    chinese = api.put(f"{url}?lang=zh", json=sent).json["fields"][field]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


@pytest.mark.parametrize(("sent", "field"), [
    ({"slots": 0}, "slots"), ({"minutes": 1}, "minutes"), ({"places": 999}, "places"), ({"after": -5}, "after"),
])
def test_impossible_times_are_refused_by_field(program, erin, friday, sent, field):
    answer = program(erin).post(address(friday), json=TIMES | sent)
    assert answer.status_code == 422 and f"“{sent[field]}” is out of range" in answer.json["fields"][field]


def test_whoever_must_meet_has_a_place_and_nothing_is_published_before_it_is_there(program, erin, friday, talkers):
    api, one = program(erin), talkers[0].id
    answer = api.post(address(friday, "must"), json={"one": one, "other": 987654})
    assert answer.json["fields"] == {
        "other": "Nobody with a place has the number 987654; “people” has those who have one."}
    early = api.post(address(friday, "publish"))
    assert early.status_code == 409 and "No talks are arranged yet" in early.json["detail"]


def test_guests_do_not_plan_and_strangers_find_nothing(program, client, friday, talkers, alice):
    guest, numbers = talkers[0].user, {"one": talkers[0].id, "other": talkers[1].id}
    token, row = tokens.new(guest, clock.now(), scopes=[Scope.READ.value])
    with transaction():
        session.add(row)
    headers, his, hers, visitor = {"Authorization": f"Bearer {token}"}, program(guest), program(alice), program()
    for api, status in ((his, 403), (hers, 403), (visitor, 401)):
        assert api.get(address(friday)).status_code == status
        assert api.post(address(friday), json=TIMES).status_code == status
        assert api.post(address(friday, "must"), json=numbers).status_code == status
        assert api.post(address(friday, "publish")).status_code == status
    assert hers.get(address(friday, "mine")).status_code == 404
    assert hers.put(address(friday, "mine"), json={}).status_code == 404
    assert visitor.get(address(friday, "mine")).status_code == 401
    assert client.get(address(friday, "mine"), headers=headers).status_code == 200
    refused = client.put(address(friday, "mine"), json={}, headers=headers)
    assert refused.status_code == 403 and "write:account" in refused.json["detail"]


def test_where_no_talks_are_planned_nothing_is_wished(program, friday):
    [guest] = come(friday, somebody("Zoe", None))
    api = program(guest.user)
    assert api.get(address(friday, "mine")).json["times"] == []
    assert api.put(address(friday, "mine"), json={"cannot": [1]}).status_code == 409


def test_more_talks_take_no_more_queries(program, erin, friday, talkers, count_queries):
    def asked(person, *rest):
        api = program(anew(person))
        api.get(address(friday, *rest))
        url = address(friday, *rest)
        with count_queries() as queries:
            assert api.get(url).status_code == 200
        return queries.count

    def all_meet(people):
        for one in people:
            talking.wish(anew(one).user, anew(friday), asks=[other.id for other in people if other is not one],
                         refuses=[], cannot=[], most=None)
        talking.advance([anew(friday).id])

    all_meet(talkers[:2])
    few = asked(erin), asked(talkers[0].user, "mine")
    talking.arrange(anew(erin), anew(friday), **TIMES)
    all_meet([anew(one) for one in talkers])
    assert (asked(erin), asked(talkers[0].user, "mine")) == few

"""Training and certificates over JSON."""

from datetime import datetime, timedelta

import pytest
from conftest import a_person
from seating.seated import anew

from marketplace import clock
from marketplace.accounts import tokens
from marketplace.accounts.scopes import Scope
from marketplace.db import session, transaction
from marketplace.training import certificates, service
from marketplace.training.models import Level, Taking

WRITTEN = {"title_zh": "初级技术经理人班", "title_en": "Junior class", "place": "Landing Hall", "level": "junior",
           "hours": 16, "seats": 2, "about_en": "Two days of practice."}
URL = "/api/v1/training"


def in_days(days):
    return (clock.now() + timedelta(days=days)).replace(microsecond=0)


@pytest.fixture
def junior_class(erin):
    return service.plan(erin, {**WRITTEN, "level": Level.JUNIOR, "starts_at": in_days(3)}).id


def begun(monkeypatch, number):
    """The moment after it has begun."""
    after = service.get(object(), number).starts_at + timedelta(hours=3)
    monkeypatch.setattr(clock, "now", lambda: after)


def a_certificate(erin, person, level=Level.JUNIOR, days=900):
    return certificates.record(erin, person, level=level, issuer="City exchange", issued_on=clock.today(),
                               valid_until=clock.today() + timedelta(days=days))


def test_a_broker_finds_a_session_takes_a_place_once_and_gives_it_back(program, dana, junior_class):
    api = program(dana)
    [found] = api.get(URL).json["items"]
    assert (found["id"], found["title"], found["places_left"]) == (junior_class, "Junior class", 2)
    assert (found["mine"], found["may_enrol"]) == (None, True)
    for _ in range(2):
        taken = api.post(f"{URL}/{junior_class}/enrol")
        assert (taken.status_code, taken.json["mine"], taken.json["places_left"]) == (200, "enrolled", 1)
    assert taken.json["enrolments"] is None and taken.json["may_enrol"] is False
    for _ in range(2):
        left = api.post(f"{URL}/{junior_class}/leave").json
        assert (left["mine"], left["places_left"]) == ("cancelled", 2)


def test_when_all_places_are_taken_it_says_so(program, dana, alice, bob, junior_class):
    for person in (dana, alice):
        service.enrol(person, service.get(person, junior_class))
    full = program(bob).post(f"{URL}/{junior_class}/enrol")
    assert full.status_code == 409 and full.json["detail"] == "All places are taken."


def test_operator_plans_changes_and_cancels_a_session(program, erin, dana):
    api, starts = program(erin), in_days(5)
    made = api.post(URL, json={**WRITTEN, "starts_at": starts.astimezone(clock.PLACE).isoformat()})
    assert made.status_code == 201 and made.headers["Location"] == f"{URL}/{made.json['id']}"
    address = made.headers["Location"]
    seen = api.get(address)
    assert datetime.fromisoformat(seen.json["starts_at"]) == starts and seen.headers["ETag"] == made.headers["ETag"]
    assert (seen.json["version"], seen.json["enrolments"]) == (1, [])
    assert api.get(address, headers={"If-None-Match": seen.headers["ETag"]}).status_code == 304
    written = {**WRITTEN, "starts_at": starts.isoformat(), "place": "Elsewhere"}
    changed = api.put(address, json=written, headers={"If-Match": seen.headers["ETag"]})
    assert (changed.status_code, changed.json["place"], changed.json["version"]) == (200, "Elsewhere", 2)
    stale = api.put(address, json=written, headers={"If-Match": seen.headers["ETag"]})
    assert stale.status_code == 412
    assert api.put(address, json={**written, "version": 1}).status_code == 409
    unsaid = api.put(address, json=written)
    assert unsaid.status_code == 422
    assert unsaid.json["fields"] == {"version": "Send the version you have read, or its ETag in If-Match."}
    assert api.put(address, json={**written, "version": 2}).status_code == 200
    assert api.post(f"{address}/cancel").json["cancelled_at"]
    assert api.post(f"{address}/cancel").status_code == 409
    assert program(anew(dana)).post(f"{address}/enrol").status_code == 409


@pytest.mark.parametrize(("sent", "field", "said"), [
    ({"level": "expert"}, "level", "“expert” is none of the choices: junior, intermediate, senior."),
    ({"seats": 0}, "seats", "“0” is out of range: write a number from 1 to 1000."),
    ({"hours": 81}, "hours", "“81” is out of range: write a number from 1 to 80."),
    ({"starts_at": "2026-12-01T09:00:00"}, "starts_at", "Write a date and time such as 2026-11-23T09:30:00+08:00."),
    ({"starts_at": "9999-12-31T23:59:59-08:00"}, "starts_at",
     "“9999-12-31” is too far off: a session lies within five years of today."),
    ({"starts_at": "0001-01-01T00:00:00+08:00"}, "starts_at",
     "“0001-01-01” is too far off: a session lies within five years of today."),
    ({"place": ""}, "place", "Between 1 and 200 characters."),
    ({"title_zh": None}, "title_zh", "This may not be empty."),
    ({"title_en": "x" * 201}, "title_en", "At most 200 characters; this has more."),
])
def test_what_is_wrong_with_a_session_is_said_by_field(program, erin, sent, field, said):
    api, whole = program(erin), {**WRITTEN, "starts_at": in_days(5).isoformat(), **sent}
    answer = api.post(URL, json=whole)
    assert answer.status_code == 422 and list(answer.json["fields"]) == [field]
    assert answer.json["fields"][field] == said
    chinese = api.post(f"{URL}?lang=zh", json=whole).json["fields"][field]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_the_form_in_the_browser_refuses_an_impossible_day_too(signed_in, erin):
    sent = {**WRITTEN, "starts_at": "0001-01-01T00:00"}
    answer = signed_in(erin).post("/training/new", data=sent)
    assert answer.status_code == 422 and "“0001-01-01” is too far off" in answer.text


def test_operator_says_who_was_there_and_puts_a_certificate_on_the_profile(program, erin, dana, junior_class,
                                                                           monkeypatch):
    place = service.enrol(dana, service.get(dana, junior_class)).id
    number, marked = dana.id, f"{URL}/{junior_class}/enrolments/{place}"
    assert program(erin).post(f"{marked}/attended").status_code == 409
    begun(monkeypatch, junior_class)
    api, profile = program(anew(erin)), f"/api/v1/brokers/{number}"
    assert api.post(f"{marked}/absent").json["state"] == "absent"
    [row] = api.get(f"{URL}/{junior_class}").json["enrolments"]
    assert (row["id"], row["person"], row["name"], row["state"]) == (place, number, "Dana", "absent")
    assert api.post(f"{marked}/attended").json["state"] == "attended"
    sent = {"level": "junior", "issuer": "City exchange", "issued_on": clock.today().isoformat(),
            "valid_until": (clock.today() + timedelta(days=900)).isoformat(), "session_id": junior_class}
    made = api.post(f"{profile}/certificates", json=sent)
    assert made.status_code == 201 and made.json["ref"].startswith("C-")
    again = api.post(f"{profile}/certificates", json=sent)
    assert again.status_code == 422 and "has this level with this day of issue" in again.json["fields"]["level"]
    told = program(anew(dana)).get(profile).json
    assert (told["certificate"]["ref"], told["certificate"]["is_valid"]) == (made.json["ref"], True)
    assert told["certificates"][0]["session_id"] == junior_class
    assert [one["id"] for one in told["attended"]] == [junior_class]
    assert api.get(f"{URL}?over=true").json["items"][0]["id"] == junior_class
    assert api.get(URL).json["items"] == []


def test_a_certificate_is_withdrawn_once_with_a_reason_that_all_read(program, erin, dana, alice):
    ref, profile = a_certificate(erin, dana).ref, f"/api/v1/brokers/{dana.id}"
    api = program(erin)
    unsaid = api.post(f"/api/v1/certificates/{ref}/withdraw", json={})
    assert unsaid.status_code == 422 and unsaid.json["fields"] == {"reason": "This is needed."}
    gone = api.post(f"/api/v1/certificates/{ref}/withdraw", json={"reason": "Recorded by mistake."})
    assert (gone.status_code, gone.json["is_valid"]) == (200, False) and gone.json["withdrawn_at"]
    assert api.post(f"/api/v1/certificates/{ref}/withdraw", json={"reason": "Again"}).status_code == 409
    told = program(anew(alice)).get(profile).json
    assert told["certificate"] is None and told["certificates"][0]["reason"] == "Recorded by mistake."


@pytest.mark.parametrize(("sent", "field", "said"), [
    ({"level": "expert"}, "level", "“expert” is none of the choices"),
    ({"issued_on": "soon"}, "issued_on", "“soon” is not a date. Write it like 2026-11-23 or 2026年11月23日."),
    ({"valid_until": "2020-01-05"}, "valid_until", "A certificate ends after it was issued."),
    ({"session_id": 987654}, "session_id", "Dana has not taken part in session 987654."),
    ({"issuer": "x" * 201}, "issuer", "Between 1 and 200 characters."),
])
def test_what_is_wrong_with_a_certificate_is_said_by_field(program, erin, dana, sent, field, said):
    whole = {"level": "junior", "issuer": "City exchange", "issued_on": "2026-01-05", "valid_until": "2030-01-05"}
    answer = program(erin).post(f"/api/v1/brokers/{dana.id}/certificates", json=whole | sent)
    assert answer.status_code == 422 and said in answer.json["fields"][field]


def test_brokers_are_found_by_the_level_they_hold_today(program, erin, alice, dana):
    for level in (Level.JUNIOR, Level.SENIOR):
        a_certificate(erin, dana, level)
    a_person("zora@broker.example", is_broker=True)
    api = program(alice)
    every = {one["name"]: one["certificate"] for one in api.get("/api/v1/brokers").json["items"]}
    assert every["Zora"] is None and every["Dana"]["level"] == "senior"
    assert [one["name"] for one in api.get("/api/v1/brokers?level=junior").json["items"]] == ["Dana"]
    wrong = api.get("/api/v1/brokers?level=expert")
    assert wrong.status_code == 422 and "“expert” is none of the choices" in wrong.json["fields"]["level"]


def test_members_plan_mark_and_certify_nothing_and_visitors_read_nothing(program, erin, alice, dana, junior_class):
    place = service.enrol(dana, service.get(dana, junior_class)).id
    number, ref = dana.id, a_certificate(erin, dana).ref
    whole = {**WRITTEN, "starts_at": in_days(5).isoformat(), "version": 1}
    certificate = {"level": "senior", "issuer": "Me", "issued_on": "2026-01-05", "valid_until": "2030-01-05"}
    for person in (alice, dana):
        api = program(person)
        assert api.post(URL, json={**WRITTEN, "starts_at": whole["starts_at"]}).status_code == 403
        assert api.put(f"{URL}/{junior_class}", json=whole).status_code == 404
        for rest in ("cancel", f"enrolments/{place}/attended"):
            assert api.post(f"{URL}/{junior_class}/{rest}").status_code == 404
        assert api.post(f"/api/v1/brokers/{number}/certificates", json=certificate).status_code == 404
        assert api.post(f"/api/v1/certificates/{ref}/withdraw", json={"reason": "x"}).status_code == 404
    hers, visitor = program(anew(alice)), program()
    assert hers.get(f"/api/v1/brokers/{anew(alice).id}").status_code == 404
    assert hers.get(f"{URL}/987654").status_code == 404
    for address in (URL, f"{URL}/{junior_class}", "/api/v1/brokers", f"/api/v1/brokers/{number}"):
        assert visitor.get(address).status_code == 401


def test_a_token_takes_a_place_only_with_its_scope(client, dana, junior_class):
    token, row = tokens.new(dana, clock.now(), scopes=[Scope.READ.value, Scope.ADMINISTER.value])
    with transaction():
        session.add(row)
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get(URL, headers=headers).status_code == 200
    refused = client.post(f"{URL}/{junior_class}/enrol", headers=headers | {"Accept-Language": "en"})
    assert refused.status_code == 403 and "write:account" in refused.json["detail"]
    assert service.mine(anew(dana)) == {}


def test_who_was_there_is_not_asked_of_those_who_left(program, erin, dana, junior_class, monkeypatch):
    place = service.enrol(dana, service.get(dana, junior_class)).id
    service.leave(dana, service.get(dana, junior_class))
    assert service.mine(dana) == {junior_class: Taking.CANCELLED}
    begun(monkeypatch, junior_class)
    assert program(anew(erin)).post(f"{URL}/{junior_class}/enrolments/{place}/attended").status_code == 404


def test_lists_ask_the_database_no_more_for_more_rows(program, erin, dana, count_queries):
    def asked(url):
        api = program(anew(dana))
        api.get(url)
        with count_queries() as queries:
            assert api.get(url).status_code == 200
        return queries.count

    def more(number):
        service.plan(anew(erin), {**WRITTEN, "level": Level.JUNIOR, "starts_at": in_days(number)})
        a_certificate(anew(erin), a_person(f"b{number}@broker.example", is_broker=True))

    more(1)
    few = asked(URL), asked("/api/v1/brokers")
    for number in range(2, 6):
        more(number)
    assert (asked(URL), asked("/api/v1/brokers")) == few

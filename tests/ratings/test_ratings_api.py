"""Talks of an event rated over JSON."""

from datetime import timedelta

import pytest
from events.planned import an_edition
from seating.seated import anew
from sqlalchemy import select

from marketplace import clock
from marketplace.accounts import tokens
from marketplace.accounts.scopes import Scope
from marketplace.db import session, transaction
from marketplace.events import attending
from marketplace.ratings import service
from marketplace.ratings.models import Mutual, Rating, Verdict
from marketplace.ratings.service import Said

pytest_plugins = ["ratings.at_tables"]


def address(evening, *rest):
    return "/".join(["/api/v1/events", evening.edition.ref, "ratings", *map(str, rest)])


def test_alice_finds_what_she_has_to_rate_and_rates_it_twice_with_one_answer(program, evening, alice, charlie):
    hers, number = program(alice), evening.of(charlie).id
    [event] = hers.get("/api/v1/ratings").json["items"]
    assert (event["event"]["ref"], event["open"], event["given"]) == (evening.edition.ref, 2, 0)
    talks = hers.get(address(evening)).json
    assert [one["name"] for one in talks["items"]] == ["Charlie", "Grace"]
    assert [one["table"] for one in talks["items"]] == [1, 1]
    for _ in range(2):
        said = hers.put(address(evening, number), json={"verdict": "possible", "note": "A pilot line"})
        assert (said.status_code, said.json["verdict"], said.json["note"]) == (200, "possible", "A pilot line")
    assert len(session.scalars(select(Rating)).all()) == 1
    [event] = hers.get("/api/v1/ratings").json["items"]
    assert (event["open"], event["given"], event["mutual"]) == (1, 1, 0)


def test_what_was_mutual_is_shown_to_both_with_what_the_other_wrote(program, evening, alice, charlie):
    service.rate(evening.of(alice), evening.edition, {evening.of(charlie).id: Said(Verdict.POSSIBLE, "A pilot line")})
    his, number = program(charlie), evening.of(alice).id
    before = his.get(address(evening, number)).json
    assert (before["mutual"], before["words"], before["verdict"]) == (False, None, None)
    after = his.put(address(evening, number), json={"verdict": "possible"}).json
    assert (after["mutual"], after["words"], after["introduction"]) == (True, "A pilot line", None)
    [agreed] = his.get("/api/v1/ratings/mutual").json["items"]
    assert (agreed["name"], agreed["words"], agreed["event"]["ref"]) == ("Alice", "A pilot line", evening.edition.ref)
    service.note_introduction(session.scalars(select(Mutual)).one(), "I-2026-000001")
    [agreed] = program(anew(alice)).get("/api/v1/ratings/mutual").json["items"]
    assert (agreed["name"], agreed["words"], agreed["introduction"]) == ("Charlie", None, "I-2026-000001")


def test_who_takes_it_back_is_no_longer_read(program, evening, alice, charlie):
    for one, other in ((alice, charlie), (charlie, alice)):
        service.rate(evening.of(one), evening.edition, {evening.of(other).id: Said(Verdict.POSSIBLE, "A pilot line")})
    hers, his, number = program(alice), program(charlie), evening.of(charlie).id
    assert his.get("/api/v1/ratings/mutual").json["items"][0]["words"] == "A pilot line"
    hers.put(address(evening, number), json={"verdict": "informative", "note": "A pilot line"})
    [agreed] = his.get("/api/v1/ratings/mutual").json["items"]
    assert (agreed["stands"], agreed["words"]) == (False, None)


def test_half_a_year_on_it_asks_what_became_of_it(program, evening, alice, charlie, grace):
    for other, verdict in ((charlie, Verdict.INFORMATIVE), (grace, Verdict.NOT_HELD)):
        service.rate(evening.of(alice), evening.edition, {evening.of(other).id: Said(verdict)})
    number, other = evening.of(charlie).id, evening.of(grace).id
    early = program(alice).put(address(evening, number, "later"), json={"later": "talking"})
    assert early.status_code == 409 and "half a year" in early.json["detail"]
    evening.at(evening.edition.ends_at + timedelta(days=190))
    hers = program(anew(alice))
    [event] = hers.get("/api/v1/ratings").json["items"]
    assert (event["asks_again"], event["open"]) == (True, 1)
    said = hers.put(address(evening, number, "later"), json={"later": "talking"})
    assert (said.status_code, said.json["later"], said.json["asks_again"]) == (200, "talking", True)
    assert hers.get("/api/v1/ratings").json["items"][0]["open"] == 0
    of_grace = hers.put(address(evening, other, "later"), json={"later": "talking"})
    assert of_grace.status_code == 409


def test_whom_one_did_not_sit_with_and_colleagues_are_not_there(program, evening, alice, bob):
    hers, numbers = program(alice), [evening.of(alice).id, evening.of(bob).id, 987654]
    for number in numbers:
        assert hers.get(address(evening, number)).status_code == 404
        assert hers.put(address(evening, number), json={"verdict": "possible"}).status_code == 404


def test_strangers_visitors_and_tokens_for_something_else_rate_nothing(program, client, evening, alice, charlie, dana):
    number = evening.of(charlie).id
    token, row = tokens.new(alice, clock.now(), scopes=[Scope.READ.value, Scope.ACCOUNT.value])
    broker, visitor = program(dana), program()
    for where in (address(evening), address(evening, number)):
        assert broker.get(where).status_code == 404
        assert visitor.get(where).status_code == 401
    assert broker.put(address(evening, number), json={"verdict": "possible"}).status_code == 404
    assert broker.get("/api/v1/ratings").json["total"] == 0
    with transaction():
        session.add(row)
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get(address(evening), headers=headers).status_code == 200
    refused = client.put(address(evening, number), json={"verdict": "possible"}, headers=headers)
    assert refused.status_code == 403 and "write:introductions" in refused.json["detail"]
    assert session.scalars(select(Rating)).all() == []


def test_before_the_event_there_is_nothing_to_rate(program, evening, alice, charlie):
    evening.at(evening.edition.starts_at - timedelta(minutes=1))
    hers = program(alice)
    assert hers.get(address(evening)).json["items"] == [] and hers.get("/api/v1/ratings").json["total"] == 0
    answer = hers.put(address(evening, evening.of(charlie).id), json={"verdict": "possible"})
    assert answer.status_code == 409 and "has not begun" in answer.json["detail"]


@pytest.mark.parametrize(("sent", "field", "said"), [
    ({"verdict": "perhaps"}, "verdict", "“perhaps” is none of the choices: not_held, informative, possible."),
    ({}, "verdict", "This is needed."),
    ({"verdict": "possible", "note": "x" * 1001}, "note", "At most 1000 characters; this has more."),
    ({"verdict": "possible", "stars": 5}, "stars", "There is no such field."),
])
def test_a_wrong_answer_names_the_field_and_what_would_do(program, evening, alice, charlie, sent, field, said):
    hers, where = program(alice), address(evening, evening.of(charlie).id)
    answer = hers.put(where, json=sent)
    assert answer.status_code == 422 and answer.json["fields"] == {field: said}
    chinese = hers.put(f"{where}?lang=zh", json=sent).json["fields"][field]
    assert chinese != said and any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_an_unchanged_table_costs_nothing(program, evening, alice):
    hers = program(alice)
    tag = hers.get(address(evening)).headers["ETag"]
    assert hers.get(address(evening), headers={"If-None-Match": tag}).status_code == 304


def test_the_list_asks_the_database_no_more_for_more_events(program, evening, erin, alice, charlie, count_queries):
    def asked():
        hers = program(anew(alice))
        hers.get("/api/v1/ratings")
        with count_queries() as queries:
            found = hers.get("/api/v1/ratings").json["total"], hers.get("/api/v1/ratings/mutual").status_code
        return found, queries.count

    (few, _), once = asked()
    for number in range(3):
        edition = an_edition(anew(erin), evening.edition.series, days=0, title_zh=f"第{number}次")
        for person in (alice, charlie):
            attending.register(anew(person), edition)
        evening.at(edition.ends_at + timedelta(hours=1))
    (many, _), more = asked()
    assert (few, many) == (1, 4) and more == once

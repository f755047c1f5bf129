"""News of needs and broadcasts over the API."""

import pytest
from conftest import a_listing
from sqlalchemy import select
from told import a_funding_need, an_investor, sent, write_all

from marketplace.broadcasts import news, service
from marketplace.broadcasts.models import Broadcast, Subscription, What
from marketplace.db import session
from marketplace.listings.models import Kind

NEWS, ALL = "/api/v1/news/preferences", "/api/v1/broadcasts"


@pytest.fixture
def funding(company):
    return a_funding_need(company)


def test_program_asks_for_news_changes_what_and_leaves(program, alice):
    api = program(alice)
    seen = api.get(NEWS)
    assert seen.json == {"wanted": False, "subtype": [], "field": [], "region": [], "kind": []}
    chosen = {"subtype": ["funding"], "region": ["深圳", "Singapore"]}
    asked = api.put(NEWS, json=chosen, headers={"If-Match": seen.headers["ETag"]})
    assert asked.json == {"wanted": True, "subtype": ["funding"], "field": [], "region": ["440300", "SG"], "kind": []}
    assert news.of(alice)[What.REGION] == ["440300", "SG"]
    assert api.get(NEWS, headers={"If-None-Match": asked.headers["ETag"]}).status_code == 304
    assert api.delete(NEWS).status_code == 204 and api.delete(NEWS).status_code == 204
    assert api.get(NEWS).json["wanted"] is False and session.scalar(select(Subscription)) is None


def test_an_older_choice_does_not_take_the_place_of_a_newer_one(program, alice):
    api = program(alice)
    seen = api.get(NEWS).headers["ETag"]
    api.put(NEWS, json={"field": ["biology"]}, headers={"If-Match": seen})
    late = api.put(NEWS, json={}, headers={"If-Match": seen})
    assert late.status_code == 412 and "Load it again" in late.json["title"]
    blind = api.put(NEWS, json={})
    assert blind.status_code == 428 and "If-Match" in blind.json["title"]
    assert "If-Match" in api.put(f"{NEWS}?lang=zh", json={}).json["title"]
    assert news.of(alice)[What.FIELD] == ["biology"]


def test_what_is_no_choice_is_named_with_what_there_is(program, alice):
    answer = program(alice).put(NEWS, json={"field": ["magic"], "region": ["Atlantis"]}, headers={"If-Match": "*"})
    fields = answer.json["fields"]
    assert fields["field.0"].startswith("“magic” is none of the choices: ")
    assert fields["region.0"] == "“Atlantis” is not a region we know."
    fields = program(alice).put(f"{NEWS}?lang=zh", json={"field": ["magic"]}, headers={"If-Match": "*"}).json["fields"]
    assert "magic" in fields["field.0"] and "choices" not in fields["field.0"]


def test_operator_plans_looks_whom_it_reaches_sends_and_reads_what_came_of_it(program, erin, funding):
    an_investor("investor", subtype=["funding"])
    an_investor("other", subtype=["research"])
    api = program(erin)
    made = api.post(ALL, json={"listing": funding.ref, "kinds": ["investor"], "note_en": "Until Friday."})
    assert made.status_code == 201 and made.json["state"] == "draft" and made.json["title"] == funding.title
    here = f"{ALL}/{made.json['ref']}"
    looked = api.get(f"{here}/preview").json
    assert looked["total"] == 1 and looked["by_kind"] == [{"kind": "investor", "people": 1}]
    [one] = looked["people"]
    assert one["name"] == "Investor" and one["why"][0] | {"text": ""} == {
        "what": "subtype", "code": "funding", "text": ""}
    gone = api.post(f"{here}/send", json={"version": made.json["version"]})
    assert gone.status_code == 202 and gone.json["state"] == "sending"
    assert gone.json["counts"]["chosen"] == gone.json["counts"]["waiting"] == 1
    assert api.post(f"{here}/send", json={"version": made.json["version"]}).status_code == 409
    write_all()
    [listed] = api.get(ALL).json["items"]
    assert listed["counts"] == {"chosen": 1, "waiting": 0, "mailed": 1, "skipped": 0, "opened": 0, "interested": 0}


def test_who_has_read_an_older_draft_does_not_overwrite_it(program, erin, funding, company):
    api, other = program(erin), a_listing(company, Kind.NEED, title="A glue that lets go")
    here = f"{ALL}/{api.post(ALL, json={'listing': funding.ref}).json['ref']}"
    seen = api.get(here)
    changed = api.put(here, json={"listing": other.ref}, headers={"If-Match": seen.headers["ETag"]})
    assert changed.status_code == 200 and changed.json["listing"] == other.ref
    assert changed.json["version"] == seen.json["version"] + 1
    late = api.put(here, json={"listing": funding.ref}, headers={"If-Match": seen.headers["ETag"]})
    assert late.status_code == 412
    again = api.put(here, json={"listing": funding.ref}, headers={"If-Match": changed.headers["ETag"]})
    assert again.status_code == 200
    stale = api.post(f"{here}/send", json={"version": seen.json["version"]})
    assert stale.status_code == 409


def test_nothing_is_sent_when_nobody_asked_and_what_is_no_need_is_named(program, erin, funding, institute):
    api = program(erin)
    made = api.post(ALL, json={"listing": funding.ref}).json
    nobody = api.post(f"{ALL}/{made['ref']}/send", json={"version": made["version"]})
    assert nobody.status_code == 409 and "Nobody has asked" in nobody.json["detail"]
    assert session.scalars(select(Broadcast)).one().state == "draft"
    result = a_listing(institute)
    for ref in (result.ref, "N-2026-999999"):
        assert ref in api.post(ALL, json={"listing": ref}).json["fields"]["listing"]
    assert "This is needed" in api.post(ALL, json={}).json["fields"]["listing"]


def test_operator_stops_what_is_being_sent(program, erin, funding):
    an_investor("investor")
    broadcast = sent(erin, funding)
    api, here = program(erin), f"{ALL}/{broadcast.ref}"
    assert api.post(f"{here}/stop").json["state"] == "stopped"
    assert api.post(f"{here}/stop").status_code == 409


def test_nobody_but_operators_learns_of_a_broadcast(program, erin, funding, charlie, dana):
    need = funding.ref
    here = f"{ALL}/{service.plan(erin, listing=need).ref}"
    for person in (charlie, dana):
        api = program(person)
        assert api.get(here).status_code == api.get(f"{here}/preview").status_code == 404
        assert api.post(f"{here}/send", json={"version": 1}).status_code == 404
        assert api.post(f"{here}/stop").status_code == 404
        assert api.put(here, json={"listing": need}, headers={"If-Match": "*"}).status_code == 404
        assert api.get(ALL).status_code == api.post(ALL, json={"listing": need}).status_code == 403
    assert program().get(NEWS).status_code == 401


def test_list_takes_as_many_queries_for_many_as_for_few(program, erin, funding, count_queries):
    api, erin_id = program(erin), erin.id

    def counted(count):
        for _ in range(count):
            service.plan(session.get_one(type(erin), erin_id), listing=funding_ref)
        with count_queries() as asked:
            api.get(f"{ALL}?size=50")
        return asked.count

    funding_ref = funding.ref
    few = counted(2)
    assert counted(20) <= few

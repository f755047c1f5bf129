"""Requests as people meet them on pages and over the API."""

from __future__ import annotations

import pytest
from conftest import a_person, attached
from desk_facts import REPLY, TEXT, TITLE
from events.planned import a_series, an_edition

from marketplace.db import session
from marketplace.requests_desk import routes, service
from marketplace.requests_desk.models import Request, Step, Topic

pytest_plugins = ["desk_cast"]
ASKED = {"topic": "permits", "title": TITLE, "text": TEXT}


def fresh(request: Request) -> Request:
    return session.get_one(Request, request.id, populate_existing=True)


def test_from_asking_at_an_event_to_settled_without_script(signed_in, charlie, erin, routed, pauline):
    edition = an_edition(erin, a_series(erin))
    company, park = signed_in(charlie), signed_in(pauline)
    form = company.get(f"/requests/new?event={edition.ref}&topic=permits").text
    assert "Raised at “Injectable processes”" in form
    sent = company.post("/requests/new", data={**ASKED, "event": edition.ref})
    here = sent.headers["Location"]
    assert here.startswith("/requests/Q-")
    page = company.get(here).text
    assert "Park answers by" in page and "Service hall" in page and "Injectable processes" in page
    assert TITLE in park.get("/requests/desk?due=mine").text
    assert park.post(f"{here}/answer", data={"answer": REPLY, "version": "1"}).status_code in (302, 409)
    version = session.query(Request).one().version
    if session.query(Request).one().step is not Step.ANSWERED:
        assert park.post(f"{here}/answer", data={"answer": REPLY, "version": version}).status_code == 302
    page = company.get(here).text
    assert REPLY in page and "Yes, that settles it" in page
    assert "What is missing?" in company.get(f"{here}/return").text
    assert company.post(f"{here}/return", data={"note": ""}).status_code == 422
    assert company.post(f"{here}/return", data={"note": "Closed on Fridays"}).status_code == 302
    assert "Closed on Fridays" in park.get(f"{here}/answer").text
    park.post(f"{here}/answer", data={"answer": "Window 13."})
    assert company.post(f"{here}/confirm").status_code == 302
    assert "Solved" in company.get("/requests").text
    assert TITLE in signed_in(erin).get(f"/requests/desk?event={edition.ref}&step=confirmed").text


def test_a_form_that_is_refused_comes_back_filled(signed_in, charlie, erin):
    browser = signed_in(charlie)
    refused = browser.post("/requests/new", data={"topic": "none", "title": "x" * 121, "text": "Kept words"})
    assert refused.status_code == 422 and "Kept words" in refused.text
    assert browser.post("/requests/new", data={**ASKED, "event": "E-2000-000001"}).status_code == 404
    unknown = signed_in(erin).post("/requests/new", data={**ASKED, "organisation": "nobody here"})
    assert unknown.status_code == 422 and "nobody here" in unknown.text


def test_an_answer_written_meanwhile_is_not_overwritten_and_not_lost(signed_in, dana, erin, with_steward):
    version = with_steward.version
    service.assign(erin, with_steward, f"steward:{dana.id}", note="Please today.")
    browser = signed_in(dana)
    address, request_id = f"{with_steward.url}/answer", with_steward.id
    late = browser.post(address, data={"answer": "My long answer", "version": version})
    assert late.status_code == 409 and "My long answer" in late.text
    assert session.get_one(Request, request_id).step is Step.ASSIGNED


@pytest.mark.parametrize("path", ["", "/assign", "/answer", "/return", "/publish"])
def test_strangers_to_a_request_find_no_page(path, signed_in, answered, alice, pauline):
    for person in (alice, pauline, a_person("frank@broker.example", is_broker=True)):
        assert signed_in(person).get(f"{answered.url}{path}").status_code == 404
        assert signed_in(person).post(f"{answered.url}{path or '/confirm'}", data={"note": "x"}).status_code == 404
    assert fresh(answered).step is Step.ANSWERED


def test_pages_of_a_step_that_has_passed_say_so(signed_in, dana, charlie, answered):
    assert signed_in(dana).get(f"{answered.url}/answer").status_code == 403
    assert signed_in(dana).get(f"{answered.url}/return").status_code == 403
    assert signed_in(charlie).get(f"{answered.url}/assign").status_code == 403
    assert signed_in(charlie).get(answered.url.lower().replace("/requests/q", "/requests/q")).status_code == 200


def test_operators_keep_the_table_of_who_answers(signed_in, erin, charlie, desk_park):
    browser = signed_in(erin)
    assert "Nobody is named yet" in browser.get("/requests/routes").text
    line = {"topic": "space", "organisation": desk_park.id, "department": "Halls", "region": "440300", "days": "4"}
    assert browser.post("/requests/routes", data=line).status_code == 302
    assert "Halls" in browser.get("/requests/routes").text
    assert browser.post("/requests/routes", data=line).status_code == 409
    assert browser.post("/requests/routes", data={**line, "days": "900"}).status_code == 422
    assert browser.post("/requests/routes", data={**line, "organisation": "77777"}).status_code == 422
    number = routes.routes(attached(erin))[0].id
    assert browser.post(f"/requests/routes/{number}/remove").status_code == 302
    for call in (signed_in(charlie).get, signed_in(charlie).post):
        assert call("/requests/routes").status_code == 403
    assert signed_in(charlie).post(f"/requests/routes/{number}/remove").status_code == 403


def test_the_form_of_assigning_begins_with_whom_the_table_names(signed_in, dana, with_steward, routed, desk_park):
    form = signed_in(dana).get(f"{with_steward.url}/assign").text
    assert f'value="organisation:{desk_park.id}" selected' in form and 'value="Service hall"' in form
    sent = {"to": f"organisation:{desk_park.id}", "department": "Service hall", "note": "Yours.", "days": ""}
    assert signed_in(dana).post(f"{with_steward.url}/assign", data=sent).status_code == 302
    assert fresh(with_steward).handler_id == desk_park.id


def test_who_passes_it_out_of_their_sight_is_led_to_the_desk(signed_in, charlie, company, pauline, routed, desk_bureau):
    request = service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)
    browser = signed_in(pauline)
    passed = browser.post(f"{request.url}/assign", data={"to": f"organisation:{desk_bureau.id}"})
    assert passed.headers["Location"] == "/requests/desk"
    assert "Assigned." in browser.get("/requests/desk").text
    assert fresh(request).handler_id == desk_bureau.id


def test_a_program_that_passes_it_out_of_its_sight_is_told_so_much(program, charlie, company, pauline, routed):
    request = service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)
    passed = program(pauline).post(f"/api/v1/requests/{request.ref}/assign", json={"to": "bureau"})
    assert passed.status_code == 200 and passed.json["in_charge"] == "Bureau"
    assert not {"text", "history", "answer"} & set(passed.json)


def test_nonsense_in_addresses_narrows_nothing(signed_in, erin, with_steward):
    browser = signed_in(erin)
    for query in ("?step=x&topic=y&level=z&due=never&page=zero", "?q=%00%25&event=%00", "?page=99999999"):
        assert browser.get(f"/requests/desk{query}").status_code == 200
    assert browser.get("/requests/Q-1").status_code == 404
    assert browser.get("/requests/%E5%95%86").status_code == 404


def test_the_desk_is_for_those_who_work_there(signed_in, charlie, alice, pauline, dana, erin):
    for person, status in ((charlie, 404), (alice, 404), (pauline, 200), (dana, 200), (erin, 200)):
        assert signed_in(person).get("/requests/desk").status_code == status
    assert "Requests desk" not in signed_in(charlie).get("/requests").text


def test_in_chinese_too(signed_in, charlie, answered):
    page = signed_in(charlie, "zh").get(f"{answered.url}?lang=zh").text
    assert "已答复，待企业确认" in page and "审批许可" in page and "确认已解决" in page


def test_over_the_api_from_asking_to_settled(program, charlie, erin, pauline, routed, desk_park, alice):
    company, park = program(charlie), program(pauline)
    made = company.post("/api/v1/requests", json=ASKED)
    assert made.status_code == 201 and made.json["in_charge"] == "Park" and made.json["may"] == ["withdraw"]
    here = f"/api/v1/requests/{made.json['ref']}"
    assert program(alice).get(here).status_code == 404
    assert park.get("/api/v1/requests/desk?due=mine&topic=permits").json["total"] == 1
    assert program(alice).get("/api/v1/requests/desk").status_code == 403
    assert company.post(f"{here}/answer", json={"answer": "Mine"}).status_code == 403
    assert park.post(f"{here}/answer", json={"answer": REPLY, "version": 999}).status_code == 409
    assert park.post(f"{here}/answer", json={"answer": REPLY}).json["step"] == "answered"
    back = company.post(f"{here}/return", json={"note": "Closed"})
    assert back.json["step"] == "assigned" and back.json["remark"] == "Closed"
    passed = program(erin).post(f"{here}/assign", json={"to": "bureau", "days": 8})
    assert passed.json["level"] == "authority" and passed.json["in_charge"] == "Bureau"
    program(erin).post(f"{here}/answer", json={"answer": REPLY})
    assert company.post(f"{here}/confirm").json["step"] == "confirmed"
    whole = company.get(here)
    assert whole.headers["ETag"] and [act["what"] for act in whole.json["history"]][-1] == "confirmed"
    assert company.get("/api/v1/requests").json["items"][0]["ref"] == made.json["ref"]
    assert company.post(f"{here}/withdraw").status_code == 409
    assert program().get(here).status_code == 401


def test_bad_bodies_are_told_field_by_field(program, charlie, erin, unassigned):
    bad = program(charlie).post("/api/v1/requests", json={"topic": "none", "title": 5, "unknown": 1})
    assert bad.status_code == 422
    text = bad.get_data(as_text=True)
    assert all(name in text for name in ("topic", "title", "text", "unknown"))
    for body in ({"to": "company"}, {"to": 5, "days": "x"}, {"to": "bureau", "days": 2**40}):
        assert program(erin).post(f"/api/v1/requests/{unassigned.ref}/assign", json=body).status_code == 422


def test_the_menu_leads_there(signed_in, charlie):
    assert 'href="/requests"' in signed_in(charlie).get("/notices").text


def test_a_mail_of_collected_notices_tells_only_what_one_may_still_see(charlie, with_steward, onlooker, alice):
    assert service.visible_refs(onlooker, [with_steward.ref, "Q-1"]) == [with_steward.ref]
    assert service.visible_refs(alice, [with_steward.ref]) == []


def test_topics_have_words(client):
    assert {topic.value for topic in Topic} == {"policy", "permits", "space", "people", "finance", "other"}

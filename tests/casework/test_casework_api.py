"""The same work over JSON: same services, same refusals."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from meeting_plans import PDF, a_file, a_plan, a_task

from marketplace import clock
from marketplace.accounts import tokens
from marketplace.casework import filing, meetings, tasks
from marketplace.casework.models import Reach
from marketplace.db import session, transaction
from marketplace.introductions import agreeing, service
from marketplace.introductions.models import Stage

pytest_plugins = ["introductions.case_cast"]


def a_key(person):
    token, row = tokens.new(person, clock.now())
    with transaction():
        session.add(row)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def api(client, alice, charlie, dana, mallory):
    """api(alice, "GET", path, json) -> (status, what was answered)."""
    keys = {id(person): a_key(person) for person in (alice, charlie, dana, mallory)}

    def call(person, method, path, body=None, **options):
        with client.open(f"/api/v1{path}", method=method, headers=keys[id(person)], json=body, **options) as answer:
            return answer.status_code, answer.get_json(silent=True)

    return call


@pytest.fixture
def here(brought_to):
    return f"/introductions/{brought_to(Stage.INTRODUCED).ref}"


def sent(plan):
    return {**plan, "starts_at": plan["starts_at"].isoformat()}


def test_a_meeting_from_invitation_to_minutes(api, here, dana, alice, charlie):
    _, page = api(dana, "GET", f"{here}/meetings")
    ids = {one["name"]: one["id"] for one in page["candidates"]}
    plan = a_plan(alice, charlie)
    assert {ids["Alice"], ids["Charlie"]} == set(plan["attendees"])
    status, made = api(dana, "POST", f"{here}/meetings", sent(plan))
    assert (status, made["state"], len(made["attendees"])) == (201, "arranged", 3)
    place = f"{here}/meetings/{made['id']}"
    status, moved = api(charlie, "PUT", place, {**sent(plan), "place": "Room 2", "version": made["version"]})
    assert (status, moved["place"]) == (200, "Room 2")
    assert api(alice, "PUT", place, {**sent(plan), "version": made["version"]})[0] == 409
    assert api(alice, "POST", f"{place}/minutes", {"text": "x"})[0] == 409
    with clock.at(plan["starts_at"] + timedelta(hours=1)):
        assert api(alice, "POST", f"{place}/minutes", {"text": "We met."})[0] == 422
        status, held = api(alice, "POST", f"{place}/minutes", {
            "text": "We met.", "next_action": "Samples", "owner": "result",
            "due_on": (clock.today() + timedelta(days=5)).isoformat()})
    assert (status, held["state"], held["next_action"], held["owner"]) == (200, "held", "Samples", "result")
    assert api(alice, "GET", here)[1]["stage"] == 4


def test_a_meeting_is_cancelled_or_missed(api, here, dana, alice, charlie):
    plan = a_plan(alice, charlie)
    _, one = api(dana, "POST", f"{here}/meetings", sent(plan))
    assert api(dana, "POST", f"{here}/meetings/{one['id']}/cancel", {})[0] == 422
    assert api(dana, "POST", f"{here}/meetings/{one['id']}/cancel", {"why": "Holiday"})[1]["state"] == "cancelled"
    _, two = api(dana, "POST", f"{here}/meetings", sent(plan))
    with clock.at(plan["starts_at"] + timedelta(hours=1)):
        new = (clock.today() + timedelta(days=7)).isoformat()
        missed = api(dana, "POST", f"{here}/meetings/{two['id']}/no-show", {"absent": "need", "due_on": new})
    assert missed[1]["state"] == "no_show"


@pytest.mark.parametrize("starts_at", ["2020-01-01T09:00:00+08:00", "tomorrow", "2026-12-01T09:00:00", "", None])
def test_an_hour_that_will_not_do_is_named(api, here, dana, alice, starts_at):
    status, problem = api(dana, "POST", f"{here}/meetings", {**a_plan(alice), "starts_at": starts_at})
    assert status == 422 and "starts_at" in problem["fields"]


def test_tasks_over_json(api, here, dana, charlie, alice):
    given = {**a_task(), "due_on": a_task()["due_on"].isoformat()}
    status, task = api(dana, "POST", f"{here}/tasks", given)
    assert (status, task["owner"], task["is_overdue"]) == (201, "need", False)
    place = f"{here}/tasks/{task['id']}"
    assert api(alice, "POST", f"{place}/done")[0] == 403
    assert api(charlie, "POST", f"{place}/done")[1]["done_at"]
    assert api(charlie, "POST", f"{place}/undone")[1]["done_at"] is None
    assert api(charlie, "PUT", place, {**given, "note": "By post", "version": 1})[0] in (200, 409)
    assert api(dana, "POST", f"{here}/tasks/template", {"contract_type": "licence"})[1]["items"]
    assert api(charlie, "POST", f"{here}/tasks/template", {"contract_type": "licence"})[0] == 403
    assert api(dana, "POST", f"{here}/tasks", {**given, "due_on": "soon"})[0] == 422


def test_documents_and_their_readings_over_json(api, here, alice, charlie, result):
    data = {"file": a_file(), "reach": "introduced", "title": "Report"}
    status, made = api(alice, "POST", f"{here}/documents", data=data, content_type="multipart/form-data")
    assert (status, made["tier"]) == (201, 2)
    place = f"{here}/documents/{made['id']}"
    again = {"file": a_file("two.pdf"), "note": "Ageing"}
    status, both = api(alice, "POST", f"{place}/versions", data=again, content_type="multipart/form-data")
    assert [one["number"] for one in both["versions"]] == [2, 1]
    assert api(charlie, "GET", f"{place}/versions/2")[0] == 200
    assert api(alice, "GET", f"{here}/reads")[1]["items"][0]["organisation"] == "Company"
    assert api(alice, "GET", f"/listings/{result.ref}/reads")[0] == 200
    assert api(charlie, "GET", f"/listings/{result.ref}/reads")[0] == 404
    assert api(charlie, "DELETE", place)[0] == 403
    assert api(alice, "DELETE", place)[0] == 204
    assert api(alice, "POST", f"{here}/documents", data={"reach": "nda"}, content_type="multipart/form-data")[0] == 422


def test_messages_and_relaying_over_json(api, brought_to, charlie, alice, dana):
    here = f"/introductions/{brought_to(Stage.QUALIFIED).ref}"
    status, message = api(charlie, "POST", f"{here}/messages", {"body": "Charlie asks: does it age?"})
    assert (status, message["side"], message["audience"]) == (201, "need", "demand")
    place = f"{here}/messages/{message['id']}"
    status, problem = api(dana, "POST", f"{place}/pass-on", {"body": "Charlie asks."})
    assert status == 422 and "Charlie" in problem["fields"]["body"]
    assert api(charlie, "POST", f"{place}/pass-on", {"as_it_is": True})[0] == 403
    assert api(dana, "POST", f"{place}/pass-on", {"as_it_is": True})[1]["body"] == "[…] asks: does it age?"
    assert [one["body"] for one in api(alice, "GET", f"{here}/messages")[1]["items"]] == ["[…] asks: does it age?"]
    assert api(dana, "POST", f"{place}/settle")[0] == 204


def test_consents_and_nda_over_json(api, brought_to, charlie, alice, dana):
    here = f"/introductions/{brought_to(Stage.QUALIFIED).ref}"
    assert api(charlie, "GET", f"{here}/consents")[1]["wording"]["clauses"]
    assert api(charlie, "POST", f"{here}/moves", {"move": "consent"})[0] == 200
    assert api(charlie, "POST", f"{here}/moves", {"move": "withdraw_consent"})[0] == 200
    given = api(dana, "GET", f"{here}/consents")[1]["items"][0]
    assert given["edition"] and given["withdrawn_at"] and given["person"] == "Charlie"
    status, found = api(charlie, "POST", f"{here}/nda/copies", data={"file": a_file("nda.pdf")},
                        content_type="multipart/form-data")
    copy = found["copies"][0]["id"]
    assert status == 201 and found["parties"][0]["being_checked"]
    assert api(alice, "GET", f"{here}/nda/copies/{copy}")[0] == 404
    assert api(charlie, "GET", f"{here}/nda/copies/{copy}")[0] == 200
    assert api(dana, "POST", f"{here}/nda/copies/{copy}/refuse", {})[0] == 422
    assert api(dana, "POST", f"{here}/moves", {"move": "accept_nda", "signer": "need"})[0] == 200
    assert api(alice, "GET", f"{here}/nda")[1]["parties"][0]["signature"]["on_paper"]


def test_stranger_finds_none_of_it(api, brought_to, mallory, dana, alice, charlie):
    case = brought_to(Stage.INTRODUCED)
    ref = case.ref
    meeting = meetings.arrange(dana, case, **a_plan(alice, charlie)).id
    task = tasks.set_task(dana, case, **a_task()).id
    document = filing.add(alice, case, "Report", Reach.SIDES, "report.pdf", io.BytesIO(PDF)).id
    copy = agreeing.send_copy(charlie, case, "nda.pdf", io.BytesIO(PDF)).id
    message = service.write_message(charlie, case, "When?", "all").id
    tried = {
        "GET": ["meetings", f"meetings/{meeting}", "tasks", f"tasks/{task}", "documents", "reads", "messages",
                "consents", "nda", f"documents/{document}/versions/1", f"nda/copies/{copy}"],
        "POST": ["meetings", f"meetings/{meeting}/cancel", f"meetings/{meeting}/minutes", f"meetings/{meeting}/no-show",
                 "tasks", "tasks/template", f"tasks/{task}/done", "messages", f"messages/{message}/pass-on",
                 f"messages/{message}/settle", f"nda/copies/{copy}/refuse"],
        "PUT": [f"meetings/{meeting}", f"tasks/{task}"], "DELETE": [f"documents/{document}"],
    }
    bodies = {"meetings": sent(a_plan()), f"meetings/{meeting}": sent(a_plan())}
    for method, paths in tried.items():
        for path in paths:
            body = bodies.get(path, {}) if method in ("POST", "PUT") else None
            status, _ = api(mallory, method, f"/introductions/{ref}/{path}", body)
            assert status == 404, (method, path)
    for path in ("documents", f"documents/{document}/versions", "nda/copies"):
        status, _ = api(mallory, "POST", f"/introductions/{ref}/{path}", data={"file": a_file()},
                        content_type="multipart/form-data")
        assert status == 404, path


def test_a_meeting_and_a_task_carry_an_etag(client, brought_to, dana, alice):
    case = brought_to(Stage.INTRODUCED)
    meeting = meetings.arrange(dana, case, **a_plan(alice)).id
    headers = a_key(dana)
    address = f"/api/v1/introductions/{case.ref}/meetings/{meeting}"
    etag = client.get(address, headers=headers).headers["ETag"]
    assert client.get(address, headers={**headers, "If-None-Match": etag}).status_code == 304

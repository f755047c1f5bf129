"""Everything that is hostile, sent into every form and every JSON route around a case: never an error of ours."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from busy_case import a_busy_case
from casework.meeting_plans import PDF
from trying import HOSTILE, text_of, token_of
from werkzeug.routing import BuildError

pytest_plugins = ["introductions.case_cast"]
ROOMS = ("introductions", "case", "desk", "casework", "meetings", "contracts", "comparing", "refining", "messaging",
         "analytics")
NAMES = [
    "agenda", "agree", "amount", "answer", "answers.symptom", "anyway", "attendees", "audience", "back", "because",
    "body", "broker", "cancelled_because", "checklist", "close", "code", "comment", "contract_type",
    "cooperation_sought", "criteria.0.name", "criteria.0.weight", "currency", "day", "decided_on", "due_on",
    "effective_on", "ends", "evidence", "from", "held_on", "hour", "is_final", "is_internal", "jobs", "key",
    "kind", "link", "message", "minutes_long", "months", "next_action", "note", "number", "on", "owner", "page",
    "parties", "person", "place", "planned_on", "points.1", "reach", "reason", "reason_code", "ref", "refs",
    "registration_no", "reached_on", "revenue", "satisfaction", "seen", "signed_on", "signer", "starts_at",
    "subject", "technology_amount", "template", "text", "then", "title", "to", "to_broker", "unclear", "version",
    "waiver_reason", "wakes_on", "why", "wish", "zone", "origin", "result", "need", "own", "after", "show", "sort",
    "status", "stage", "field", "region", "mode", "absent", "payer", "actual_on", "actual_amount",
]
KINDS = ("blanks", "quotes", "NUL", "control", "right to left", "markup", "template", "number", "one long word")
VALUES = {
    **{kind: HOSTILE[kind] for kind in KINDS}, "day": "2026-02-31", "year one": "0001-01-01", "year last": "9999-12-31",
    "twenty": "9" * 20, "negative": "-5", "not a number": "NaN", "power": "1e9", "wide": "１２３", "false": "0",
    "formula": "=1+1",
}
OF_ANOTHER_KIND = (
    None, [], {}, "\ud800", 10**30, -1, 1.5, True, [None], [[]], [{}], {"a": []}, ["\0"], "\0", float("inf"),
    [{"introduction": "\0", "criterion": 10**30, "name": {}, "weight": []}], {"symptom": "\0", "\0": "\0"},
)


def rules(app, methods, prefix=""):
    for rule in app.url_map.iter_rules():
        room = rule.endpoint.split(".")[0].removesuffix("_api")
        if room in ROOMS and methods & rule.methods and rule.rule.startswith("/api/") == bool(prefix):
            yield rule


def address(app, rule, numbers):
    values = {**numbers, "step": "take", "verb": "take", "token": "forged", "ending": "csv", "format": "csv",
              "mail_id": 1}
    if "refin" in rule.rule:
        values["ref"] = numbers["refining"]
    elif rule.rule.split("/")[1] in ("needs", "listings") or "/needs/" in rule.rule or "/listings/" in rule.rule:
        values["ref"] = numbers["need"]
    if "/steps/" in rule.rule or "/surveys/" in rule.rule:
        values["number"] = 1
    if "<any(sourced" in rule.rule:
        values["what"] = "sourced"
    with app.test_request_context():
        try:
            return rule.build({name: values[name] for name in rule.arguments})[1]
        except (BuildError, KeyError, TypeError):
            return None


@pytest.mark.once
@pytest.mark.parametrize("person", ["charlie", "dana"])
def test_no_form_fails_whatever_is_sent(app, request, signed_in, person, brought_to, alice, charlie, dana):
    numbers, failed, tried = a_busy_case(brought_to, alice, charlie, dana), [], 0
    browser = signed_in(request.getfixturevalue(person))
    for rule in rules(app, {"POST"}):
        for name, value in VALUES.items():
            path = address(app, rule, numbers)
            answer = browser.post(path, data=dict.fromkeys(NAMES, value))
            tried += 1
            if answer.status_code >= 500:
                failed.append((rule.rule, name))
    assert not failed and tried > 500


@pytest.mark.once
@pytest.mark.parametrize("person", ["charlie", "dana"])
def test_no_page_fails_whatever_is_asked(app, request, signed_in, person, brought_to, alice, charlie, dana):
    numbers, failed = a_busy_case(brought_to, alice, charlie, dana), []
    browser = signed_in(request.getfixturevalue(person))
    for rule in rules(app, {"GET"}):
        for name, value in VALUES.items():
            path = address(app, rule, numbers)
            with browser.get(path, query_string=dict.fromkeys(NAMES, value[:300])) as answer:
                if answer.status_code >= 500:
                    failed.append((rule.rule, name))
    assert not failed


@pytest.mark.once
@pytest.mark.parametrize("person", ["charlie", "dana"])
def test_no_route_of_the_api_fails_at_json_of_another_kind(app, request, person, brought_to, alice, charlie, dana):
    numbers, failed = a_busy_case(brought_to, alice, charlie, dana), []
    client, token = app.test_client(), token_of(request.getfixturevalue(person))
    properties = sorted({*NAMES, "criteria", "scores", "declines", "answers", "shortlisted", "keep", "refs"})
    for value in OF_ANOTHER_KIND:
        for rule in rules(app, {"POST", "PUT", "PATCH"}, "/api/"):
            method = next(iter({"POST", "PUT", "PATCH"} & rule.methods))
            known = known_properties(app, rule.rule, method) or properties
            for body in (value, dict.fromkeys(known, value)):
                answer = client.open(address(app, rule, numbers), method=method, data=json.dumps(body),
                                     content_type="application/json", headers={"Authorization": f"Bearer {token}"})
                if answer.status_code >= 500:
                    failed.append((method, rule.rule, repr(body)[:80], text_of(answer)[:80]))
    assert not failed


@pytest.mark.once
def test_a_hostile_name_title_and_note_of_a_file_are_taken_or_refused(
    app, brought_to, alice, charlie, dana, signed_in
):
    numbers = a_busy_case(brought_to, alice, charlie, dana)
    client, token, browser = app.test_client(), token_of(charlie), signed_in(charlie)
    headers = {"Authorization": f"Bearer {token}"}
    for value in VALUES.values():
        for where in ("/documents", f"/documents/{numbers['document_id']}/versions", "/nda/copies"):
            sent = {"title": value, "note": value, "reach": "sides", "file": (BytesIO(PDF), f"{value[:80]}.pdf")}
            path = f"/api/v1/introductions/{numbers['ref']}{where}"
            assert client.post(path, data=sent, headers=headers).status_code < 500
        sent = {"title": value, "note": value, "reach": value, "file": (BytesIO(b"\0"), f"{value[:80]}.pdf")}
        assert browser.post(f"/introductions/{numbers['ref']}/documents/new", data=sent).status_code < 500


def known_properties(app, rule, method):
    """What the description of the API says that this route takes."""
    described = described_by(app)
    path = "".join("{" + part.split(":")[-1].split(">")[0] + "}" + part.split(">", 1)[1] if i else part
                   for i, part in enumerate(rule.split("<")))
    try:
        found = described["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
        return list(described["components"]["schemas"][found["$ref"].rpartition("/")[2]]["properties"])
    except KeyError:
        return None


def described_by(app):
    if "described" not in app.extensions:
        from marketplace.web import api_docs
        app.extensions["described"] = app.test_client().get(api_docs.ADDRESS).json
    return app.extensions["described"]

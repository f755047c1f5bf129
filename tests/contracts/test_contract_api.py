"""Contracts, steps, forms, surveys and the ledger over JSON."""

import pytest
from contract_cases import corrected, payment

from marketplace import clock
from marketplace.contracts import steps, surveys
from marketplace.introductions import service
from marketplace.introductions.models import Side

pytest_plugins = ["introductions.case_cast", "contracts.contract_cases"]
ROOT = "/api/v1/introductions"


def plain(values):
    """As JSON has it."""
    return {name: value if isinstance(value, (str, int, bool, type(None), list)) else str(value)
            for name, value in values.items()}


def test_a_contract_is_read_and_corrected(signed, dana, program):
    ref, client = signed.ref, program(dana)
    first = client.get(f"{ROOT}/{ref}/contract")
    assert first.json["contract"]["amount"] == "800000.00" and first.headers["ETag"]
    assert first.json["contract"]["parties"][0] == {"name": "The company", "credit_code": None}
    given = plain(corrected(amount="1,234.56万", version=first.json["contract"]["version"]))
    second = client.post(f"{ROOT}/{ref}/contract", json=given)
    assert second.status_code == 200 and second.json["contract"]["amount"] == "12345600.00"
    assert second.json["former"][0]["amount"] == "800000.00"
    assert client.post(f"{ROOT}/{ref}/contract", json=given).status_code == 409
    assert client.get(f"{ROOT}/{ref}/contract", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_steps_are_planned_done_and_cancelled(signed, charlie, program):
    ref, client = signed.ref, program(charlie)
    made = client.post(f"{ROOT}/{ref}/steps", json=plain(payment(amount="30万")))
    assert made.status_code == 201 and made.json["state"] == "planned"
    one = f"{ROOT}/{ref}/steps/{made.json['id']}"
    done = client.patch(one, json={"actual_on": clock.today().isoformat(), "version": made.json["version"]})
    assert done.json["state"] == "done" and done.json["actual_amount"] == "300000.00"
    assert client.patch(one, json={"title": "x", "version": made.json["version"]}).status_code == 409
    undone = client.patch(one, json={"actual_on": None, "actual_amount": None})
    assert undone.json["state"] == "planned"
    assert client.patch(one, json={"cancelled_because": "Merged."}).json["state"] == "cancelled"
    listed = client.get(f"{ROOT}/{ref}/steps").json
    assert listed["sums"]["planned"] == "0" and [item["state"] for item in listed["items"]] == ["cancelled"]
    assert client.get(one).headers["ETag"]


def test_what_is_wrong_is_named(signed, charlie, program):
    answer = program(charlie).post(f"{ROOT}/{signed.ref}/steps", json=plain(payment(amount="-5", payer="nobody")))
    assert answer.status_code == 422 and set(answer.json["fields"]) == {"amount", "payer"}


def test_the_registration_form(signed, alice, program):
    ref, client = signed.ref, program(alice)
    got = client.get(f"{ROOT}/{ref}/registration").json
    assert got["version"] == 0 and "seller_representative" in {field["name"] for field in got["missing"]}
    saved = client.patch(f"{ROOT}/{ref}/registration",
                         json={"seller_representative": "王建国", "technology_amount": "50万元", "version": 0})
    assert saved.json["values"]["technology_amount"] == "500000.00"
    assert saved.json["entered"] == ["seller_representative", "technology_amount"]
    stale = client.patch(f"{ROOT}/{ref}/registration", json={"seller_representative": "李梅", "version": 0})
    assert stale.status_code == 409


def test_surveys(asked, performing, charlie, dana, alice, program):
    ref = performing.ref
    number = next(one.id for one in asked if one.side is Side.NEED)
    client = program(charlie)
    listed = client.get(f"{ROOT}/{ref}/surveys").json["items"]
    assert [(one["id"], one["answer"]) for one in listed] == [(number, None)]
    answered = client.post(f"{ROOT}/{ref}/surveys/{number}", json={"answer": "stopped", "satisfaction": 1})
    assert answered.json["answer"] == "stopped"
    assert program(dana).get(f"{ROOT}/{ref}/surveys/{number}").json["satisfaction"] == 1
    assert program(dana).post(f"{ROOT}/{ref}/surveys/{number}", json={"answer": "in_use"}).status_code == 403
    assert program(alice).get(f"{ROOT}/{ref}/surveys/{number}").status_code == 404


def test_the_ledger(performing, dana, erin, program):
    ref, number = performing.ref, dana.id
    line = program(dana).get("/api/v1/ledger").json["items"][0]
    assert line["counts"]["signed"] == 1 and line["amounts"] == [
        {"currency": "CNY", "contract": "800000.00", "technology": "500000.00"}]
    cases = program(erin).get(f"/api/v1/ledger/cases?what=signed&broker={number}").json
    assert [item["introduction"] for item in cases["items"]] == [ref] and cases["total"] == 1
    assert program(erin).get("/api/v1/ledger?from=2026-02-01&to=2026-01-01").status_code == 422


def test_undisclosed_amounts_stay_so_for_who_is_not_privy(undisclosed, dana, frank, alice, program):
    service.move(dana, undisclosed, "register", registration_no="2026440300000001", technology_amount="654321")
    steps.plan(dana, undisclosed, payment())
    ref = undisclosed.ref
    client, privy = program(frank), program(alice)
    for path in ("contract", "steps"):
        text = client.get(f"{ROOT}/{ref}/{path}").text
        assert "654321" not in text and "300000.00" not in text
    assert client.get(f"{ROOT}/{ref}/steps").json["sums"] is None
    assert "654321" in privy.get(f"{ROOT}/{ref}/contract").text


PATHS = ("contract", "registration", "steps", "surveys")


@pytest.mark.parametrize("path", [*PATHS, "steps/1", "surveys/1"])
def test_strangers_find_nothing(signed, mallory, path, program):
    assert program(mallory).get(f"{ROOT}/{signed.ref}/{path}").status_code == 404


@pytest.mark.parametrize(("method", "path", "body"), [
    ("post", "contract", corrected), ("patch", "registration", {"agency": "x"}),
    ("post", "steps", payment),
    ("patch", "steps/{step}", {"title": "x"}),
])
def test_a_viewer_and_another_broker_change_nothing_and_a_stranger_finds_nothing(
    step, victor, frank, mallory, method, path, body, program
):
    address = f"{ROOT}/{step.introduction.ref}/{path.format(step=step.id)}"
    body = plain(body()) if callable(body) else body
    for client, status in [(program(who), status) for who, status in ((victor, 403), (frank, 403), (mallory, 404))]:
        assert getattr(client, method)(address, json=body).status_code == status


def test_the_ledger_is_for_brokers_and_operators(signed, alice, frank, dana, program):
    number = dana.id
    for path in ("ledger", "ledger/cases?what=signed"):
        assert program(alice).get(f"/api/v1/{path}").status_code == 404
        joined = "&" if "?" in path else "?"
        assert program(frank).get(f"/api/v1/{path}{joined}broker={number}").status_code == 404


def test_a_survey_of_another_case_is_not_found_here(asked, performing, dana, interest, program):
    assert surveys.of(dana, performing)
    assert program(dana).get(f"{ROOT}/{interest.ref}/surveys/999").status_code == 404

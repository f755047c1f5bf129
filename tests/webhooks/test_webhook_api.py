"""Webhooks over the API, and the document that says how a receiver checks them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from webhooks.conftest import EVERY, again, told

from marketplace.db import session
from marketplace.webhooks import service
from marketplace.webhooks.models import Endpoint

HERE = "/api/v1/organisations/institute/webhooks"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def routes(number: int, base: str = HERE) -> list[tuple[str, str, dict | None]]:
    one = f"{base}/{number}"
    return [
        ("GET", base, None), ("POST", base, {"url": "https://hooks.example.com/", "facts": EVERY}), ("GET", one, None),
        ("PATCH", one, {"facts": EVERY}), ("DELETE", one, None), ("POST", f"{one}/secret", None),
        ("POST", f"{one}/pause", None), ("POST", f"{one}/resume", None), ("POST", f"{one}/test", None),
        ("GET", f"{one}/deliveries", None), ("GET", f"{one}/deliveries/x", None),
        ("POST", f"{one}/deliveries/x/redeliver", None),
    ]


@pytest.mark.parametrize("who", ["bob", "charlie", "dana"])
def test_nobody_but_administrators_comes_near(request, program, endpoint, who):
    number, client = endpoint.id, program(request.getfixturevalue(who))
    for method, address, body in (*routes(number), *routes(number, "/api/v1/webhooks")):
        assert client.open(address, method=method, json=body).status_code == 403, f"{method} {address}"
    assert session.query(Endpoint).count() == 1


def test_a_visitor_is_asked_for_a_token(client, endpoint):
    for method, address, body in routes(endpoint.id):
        assert client.open(address, method=method, json=body).status_code == 401


def test_anothers_address_is_not_found(program, charlie, company, endpoint):
    number, client = endpoint.id, program(charlie)
    for method, address, body in routes(number, "/api/v1/organisations/company/webhooks")[2:]:
        assert client.open(address, method=method, json=body).status_code == 404, f"{method} {address}"


def test_from_registering_to_deleting(program, alice, institute, receiver):
    client = program(alice)
    made = client.post(HERE, json={"url": receiver.url, "facts": ["listing.published"]})
    assert made.status_code == 201 and made.json["secret"].startswith("whsec_")
    assert made.headers["Cache-Control"] == "no-store"
    one = made.headers["Location"]
    assert one == f"{HERE}/{made.json['id']}"
    shown = client.get(one).json
    assert "secret" not in shown and shown["standing"] == "active" and shown["former_until"] is None
    assert client.get(HERE).json["items"] == [shown]
    changed = client.patch(one, json={"facts": ["listing.withdrawn", "listing.changed"], "version": shown["version"]})
    assert changed.json["facts"] == ["listing.changed", "listing.withdrawn"]
    assert client.patch(one, json={"facts": EVERY, "version": shown["version"]}).status_code == 409
    renewed = client.post(f"{one}/secret").json
    assert renewed["secret"] != made.json["secret"] and renewed["former_until"]
    assert client.post(f"{one}/pause").json["standing"] == "paused"
    assert client.post(f"{one}/test").status_code == 409
    assert client.post(f"{one}/resume").json["standing"] == "active"
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404


def test_a_test_and_its_log(program, alice, endpoint, receiver):
    client, one = program(alice), f"{HERE}/{endpoint.id}"
    receiver.status, receiver.body = 202, "收到".encode()
    sent = client.post(f"{one}/test")
    assert sent.status_code == 202 and sent.json["outcome"] == "waiting" and sent.json["due_at"]
    told()
    number = sent.json["number"]
    row = client.get(f"{one}/deliveries/{number}").json
    assert (row["outcome"], row["status"], row["answer"], row["due_at"]) == ("delivered", 202, "收到", None)
    page = client.get(f"{one}/deliveries?outcome=delivered&size=5").json
    assert page["items"] == [row] and page["total"] == 1
    assert client.get(f"{one}/deliveries?outcome=waiting").json["total"] == 0
    assert client.post(f"{one}/deliveries/{number}/redeliver").status_code == 202
    told()
    assert receiver.numbers == [number, number]


def test_an_operator_has_the_platforms_own(program, erin, receiver):
    client = program(erin)
    made = client.post("/api/v1/webhooks", json={"url": receiver.url, "facts": EVERY})
    assert made.headers["Location"] == f"/api/v1/webhooks/{made.json['id']}"
    assert len(client.get("/api/v1/webhooks").json["items"]) == 1


@pytest.mark.parametrize(("sent", "field"), [
    ({"url": "https://10.0.0.1/", "facts": EVERY}, "url"), ({"facts": EVERY}, "url"),
    ({"url": "https://hooks.example.com/", "facts": []}, "facts"),
    ({"url": "https://hooks.example.com/", "facts": ["test"]}, "facts.0"),
    ({"url": "https://hooks.example.com/", "facts": ["secrets.leaked"]}, "facts.0"),
    ({"url": "https://hooks.example.com/", "facts": "listing.changed"}, "facts"),
    ({"url": 7, "facts": EVERY}, "url"),
    ({"url": "https://hooks.example.com/", "facts": EVERY, "secret": "mine"}, "secret"),
])
def test_what_is_wrong_is_named(program, alice, institute, sent, field):
    answer = program(alice).post(HERE, json=sent)
    assert answer.status_code == 422 and field in answer.json["fields"]


def test_the_documented_check_takes_what_we_send_and_nothing_else(alice, institute, receiver):
    section = DOCUMENT.read_text().partition("## Webhooks")[2].partition("\n## ")[0]
    names: dict = {}
    exec(re.search(r"```python\n(.*?)```", section, re.DOTALL)[1], names)
    is_ours = names["is_ours"]
    endpoint, first = service.register(alice, institute, receiver.url, EVERY)
    second = service.rotate(alice, endpoint)
    service.send_test(alice, again(endpoint.id))
    told()
    (one,) = receiver.arrived
    header = one.headers["Yinqiao-Signature"]
    assert is_ours(second, header, one.body) and is_ours(first, header, one.body)
    assert not is_ours("whsec_another", header, one.body)
    assert not is_ours(second, header, one.body + b" ")
    assert not is_ours(second, header.replace("t=", "t=1"), one.body)
    old = f"t={int(time.time()) - 301}," + header.partition(",")[2]
    assert not is_ours(second, old, one.body)
    for nonsense in ("", "t=", "v1=", "t=x,v1=y", "t=-1", "=,=,="):
        assert not is_ours(second, nonsense, one.body)


def test_every_fact_that_is_sent_is_documented_and_none_besides():
    section = DOCUMENT.read_text().partition("## Webhooks")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z.]+)` \|", section, re.MULTILINE) == EVERY

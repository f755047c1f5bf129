"""Who has no part in a case is told the same about it as about one that does not exist, at every address."""

from __future__ import annotations

import pytest
from busy_case import a_busy_case
from test_broker_forms import address, rules
from trying import token_of

pytest_plugins = ["introductions.case_cast"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OF_A_CASE = ("ref", "introduction")
EVERYBODYS = {"introductions.new"}


@pytest.mark.once
@pytest.mark.parametrize("person", ["mallory", "nobody"])
def test_a_stranger_cannot_tell_a_case_from_none(
    app, signed_in, mallory, person, brought_to, alice, charlie, dana
):
    numbers = a_busy_case(brought_to, alice, charlie, dana)
    none = {**numbers, "ref": "I-2026-999999", "introduction": "I-2026-999998", "refining": "N-2026-999999"}
    stranger = signed_in(mallory) if person == "mallory" else app.test_client()
    token = {"Authorization": f"Bearer {token_of(mallory)}"} if person == "mallory" else {}
    told, asked = [], 0
    for prefix in ("", "/api/"):
        for rule in rules(app, set(METHODS), prefix):
            if not set(OF_A_CASE) & rule.arguments or "listings" in rule.rule:
                continue
            for method in set(METHODS) & rule.methods:
                headers = token if prefix else {}
                options = {"method": method, "headers": headers, **({"json": {}} if prefix and method != "GET" else {})}
                there = stranger.open(address(app, rule, numbers), **options)
                gone = stranger.open(address(app, rule, none), **options)
                asked += 1
                if there.status_code != gone.status_code or there.status_code < 302:
                    told.append((method, rule.rule, there.status_code, gone.status_code))
    assert told == [] and asked > 60

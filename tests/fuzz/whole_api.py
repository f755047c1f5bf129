"""Requests made from the API's own description, sound and broken, by three roles for as long as asked: it never fails.

Not collected by itself: `make fuzz` runs it with FUZZ_SECONDS.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from urllib.parse import quote

import pytest
import schemathesis
from access.asking import address, nothing_stays, rules_of
from access.world import ITS_BROKER, OPERATOR, OWN, build
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from marketplace.db import session
from marketplace.web import api_docs
from marketplace.webhooks import sending

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
LEFT_OUT = {("/api/v1/tokens/current", "DELETE")}
"""It would sign the one who asks out for good."""


@pytest.mark.parametrize("role", [OWN[1], ITS_BROKER, OPERATOR])
def test_the_whole_api(app, role, monkeypatch):
    monkeypatch.setattr(sending.Senders, "wake", lambda _: None)
    world, until, round_ = build(), time.monotonic() + SECONDS, 0
    headers = {"Authorization": f"Bearer {world.keys[role].token}"}
    real = {route.endpoint: address(rule, world.names) for route, rule in rules_of(app).items() if route.is_api}
    schema = schemathesis.openapi.from_wsgi(api_docs.ADDRESS, app)
    operations = [found.ok() for found in schema.get_all_operations()]
    while time.monotonic() < until:
        round_ += 1
        for operation in operations:
            if (operation.path, operation.method.upper()) in LEFT_OUT or time.monotonic() > until:
                continue
            for mode in GenerationMode:
                with suppress(Unsatisfiable):
                    asked(operation, mode, headers, world.names, round_)
    print(f"{role}: {round_} rounds of {len(operations)} operations, {len(real)} addresses")


def asked(operation, mode, headers, names, round_) -> None:
    """Every other request goes to something that is there: what is made up is seldom found."""
    sent = []
    room = operation.path.removeprefix("/api/v1/").split("/")[0]
    refs = {"listings": names["need"], "needs": names["need"], "introductions": names["ref"],
            "organisations": "company", **{one: names[f"{one}.ref"] for one in ("suppliers", "broadcasts")},
            "parks": names["parks.slug"], "certificates": names["training_api.ref"]}

    @seed(round_)
    @settings(max_examples=6, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case):
        sent.append(case)
        if len(sent) % 2:
            for name in case.path_parameters or {}:
                known = refs.get(room) if name in ("ref", "slug") else names.get(name)
                there = names.get(f"{room}_api.{name}", known)
                if there is not None:
                    case.path_parameters[name] = quote(str(there))
        with nothing_stays():
            case.call_and_validate(checks=[not_a_server_error], headers=headers)
            session.rollback()

    holds()

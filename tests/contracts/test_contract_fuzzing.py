"""Requests made from the description of the contracts' API, sound and broken: it fails at none."""

from __future__ import annotations

from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from marketplace import clock
from marketplace.accounts import tokens
from marketplace.contracts import steps
from marketplace.db import session, transaction
from marketplace.web import api_docs

pytest_plugins = ["introductions.case_cast", "contracts.contract_cases"]
OURS = ("/contract", "/registration", "/steps", "/surveys", "/ledger")


@pytest.mark.once
@pytest.mark.parametrize("person", ["charlie", "dana"])
def test_nothing_that_is_sent_about_a_contract_makes_the_api_fail(app, request, person, asked):
    token, row = tokens.new(request.getfixturevalue(person), clock.now())
    ref, survey = asked[0].introduction.ref, asked[0].id
    with transaction():
        session.add(row)
    step = steps.plan(request.getfixturevalue(person), asked[0].introduction, {
        "kind": "payment", "title": "First", "planned_on": clock.today(), "amount": 5, "payer": "need"}).id
    headers, tried = {"Authorization": f"Bearer {token}"}, 0
    for found in schemathesis.openapi.from_wsgi(api_docs.ADDRESS, app).get_all_operations():
        operation = found.ok()
        if any(part in operation.path for part in OURS):
            for mode in GenerationMode:
                with suppress(Unsatisfiable):
                    tried += tries(operation, mode, headers, ref, survey if "surveys" in operation.path else step)
    assert tried > 100


def tries(operation, mode, headers, ref: str, number: int) -> int:
    sent = []

    @settings(max_examples=12, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case):
        for name, value in (("ref", ref), ("number", number)):
            if name in case.path_parameters:
                case.path_parameters[name] = value
        sent.append(case)
        case.call_and_validate(headers={**(case.headers or {}), **headers}, checks=[not_a_server_error])
        session.rollback()

    holds()
    return len(sent)

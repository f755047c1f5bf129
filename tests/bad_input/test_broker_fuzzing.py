"""Requests made from the description of everything around a case, sound and broken, at a case that has it all."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
import schemathesis
from busy_case import a_busy_case
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from trying import token_of

from marketplace.db import session
from marketplace.web import api_docs

pytest_plugins = ["introductions.case_cast"]
OURS = re.compile("/(meetings|tasks|documents|messages|nda|moves|reads|history|consents|comparison|refinements?"
                  "|figures|desk|board|cases|notices|workload|hand-on|introductions)(/|$)")

BYTES = ("/versions/{number}", "/copies/{copy_id}")


@pytest.mark.once
@pytest.mark.parametrize("person", ["charlie", "dana"])
def test_nothing_that_is_sent_about_a_case_makes_the_api_fail(app, request, person, brought_to, alice, charlie, dana):
    numbers = a_busy_case(brought_to, alice, charlie, dana)
    headers, tried = {"Authorization": f"Bearer {token_of(request.getfixturevalue(person))}"}, 0
    for found in schemathesis.openapi.from_wsgi(api_docs.ADDRESS, app).get_all_operations():
        operation = found.ok()
        if OURS.search(operation.path) and not operation.path.endswith(BYTES):
            for mode in GenerationMode:
                with suppress(Unsatisfiable):
                    tried += tries(operation, mode, headers, numbers)
    assert tried > 100


def tries(operation, mode, headers, numbers: dict) -> int:
    sent = []

    @settings(max_examples=10, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case):
        for name in case.path_parameters or {}:
            if name == "ref" and "/needs/" in operation.path:
                case.path_parameters[name] = numbers["refining" if "refinement" in operation.path else "need"]
            elif name in numbers:
                case.path_parameters[name] = numbers[name]
        sent.append(case)
        case.call_and_validate(headers={**(case.headers or {}), **headers}, checks=[not_a_server_error])
        session.rollback()

    holds()
    return len(sent)

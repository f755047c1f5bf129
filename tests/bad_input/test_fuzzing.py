"""Requests made from the API's own description, sound and broken, by everybody of the cast: we fail at none."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import quote

import pytest
import schemathesis
from conftest import a_listing
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from trying import token_of

from marketplace.db import session
from marketplace.listings.models import State
from marketplace.web import api_docs

pytest_plugins = ["company_of_trouble"]


@pytest.mark.once
@pytest.mark.parametrize("person", ["alice", "charlie", "dana", "erin"])
def test_nothing_a_member_of_the_cast_sends_makes_the_api_fail(app, request, person, institute, company, interest):
    draft = a_listing(institute, state=State.DRAFT).ref
    refs = {"listings": draft, "introductions": interest.ref, "organisations": "institute"}
    headers = {"Authorization": f"Bearer {token_of(request.getfixturevalue(person))}"}
    schema = schemathesis.openapi.from_wsgi(api_docs.ADDRESS, app)
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.path, operation.method.upper()) == ("/api/v1/tokens/current", "DELETE"):
            continue
        for mode in GenerationMode:
            with suppress(Unsatisfiable):
                tried += asked(operation, mode, headers, refs)
    assert tried > 100


def asked(operation, mode, headers, refs) -> int:
    """Half of the requests go to things that are there: those made up are seldom found."""
    sent = []
    room = re.match(r"/api/v1/(\w+)", operation.path)

    @settings(
        max_examples=8,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case):
        if len(sent) % 2 and case.path_parameters and room and room[1] in refs:
            for name in ("ref", "slug"):
                if name in case.path_parameters:
                    case.path_parameters[name] = quote(refs[room[1]])
        sent.append(case)
        case.call_and_validate(checks=[not_a_server_error], headers=headers)
        session.rollback()

    holds()
    return len(sent)

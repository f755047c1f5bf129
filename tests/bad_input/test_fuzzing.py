"""Requests made from the API's own description, sound and broken, by everybody of the cast: we fail at none."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from bad_input.made_up import operations, sends
from conftest import a_listing
from trying import token_of

from marketplace.listings.models import State

pytest_plugins = ["company_of_trouble"]
OWN_TOKEN = "/api/v1/tokens/current", "DELETE"


@pytest.mark.once
def test_nothing_the_cast_sends_makes_the_api_fail(app, alice, charlie, dana, erin, institute, company, interest):
    refs = {"listings": a_listing(institute, state=State.DRAFT).ref, "introductions": interest.ref,
            "organisations": "institute"}
    tokens = {one.name: token_of(one) for one in (alice, charlie, dana, erin)}

    def aim(case, number):
        room = re.match(r"/api/v1/(\w+)", case.path)
        if number % 2 and case.path_parameters and room and room[1] in refs:
            for name in {"ref", "slug"} & set(case.path_parameters):
                case.path_parameters[name] = quote(refs[room[1]])

    all_there = [one for one in operations(app) if (one.path, one.method.upper()) != OWN_TOKEN]
    assert sum(sends(one, tokens, aim, examples=8) for one in all_there) > 1_000

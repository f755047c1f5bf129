"""Requests made from the description of the contracts' API, sound and broken: it fails at none."""

from __future__ import annotations

import pytest
from bad_input.made_up import operations, sends
from bad_input.trying import token_of

from marketplace import clock
from marketplace.contracts import steps

pytest_plugins = ["introductions.case_cast", "contracts.contract_cases"]
OURS = ("/contract", "/registration", "/steps", "/surveys", "/ledger")


@pytest.mark.once
def test_nothing_that_is_sent_about_a_contract_makes_the_api_fail(app, charlie, dana, asked):
    case, survey = asked[0].introduction, asked[0].id
    tokens = {one.name: token_of(one) for one in (charlie, dana)}
    planned = {"kind": "payment", "title": "First", "planned_on": clock.today(), "amount": 5, "payer": "need"}
    step = steps.plan(dana, case, planned).id

    def aim(request, _):
        for name, value in (("ref", case.ref), ("number", survey if "surveys" in request.path else step)):
            if name in request.path_parameters:
                request.path_parameters[name] = value

    ours = [one for one in operations(app) if any(part in one.path for part in OURS)]
    assert sum(sends(one, tokens, aim, examples=12) for one in ours) > 200

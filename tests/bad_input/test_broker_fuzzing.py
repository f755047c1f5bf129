"""Requests made from the description of everything around a case, sound and broken, at a case that has it all."""

from __future__ import annotations

import re

import pytest
from bad_input.made_up import operations, sends
from busy_case import a_busy_case
from trying import token_of

pytest_plugins = ["introductions.case_cast"]
OURS = re.compile("/(meetings|tasks|documents|messages|nda|moves|reads|history|consents|comparison|refinements?"
                  "|figures|desk|board|cases|notices|workload|hand-on|introductions)(/|$)")

BYTES = ("/versions/{number}", "/copies/{copy_id}")


@pytest.mark.once
def test_nothing_that_is_sent_about_a_case_makes_the_api_fail(app, brought_to, alice, charlie, dana):
    numbers = a_busy_case(brought_to, alice, charlie, dana)
    tokens = {one.name: token_of(one) for one in (charlie, dana)}

    def aim(case, _):
        for name in case.path_parameters or {}:
            if name == "ref" and "/needs/" in case.path:
                case.path_parameters[name] = numbers["refining" if "refinement" in case.path else "need"]
            elif name in numbers:
                case.path_parameters[name] = numbers[name]

    ours = [one for one in operations(app) if OURS.search(one.path) and not one.path.endswith(BYTES)]
    assert sum(sends(one, tokens, aim, examples=10) for one in ours) > 200

"""Requests made up from the API's own description, sound and broken, each sent by several people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from marketplace.db import session
from marketplace.web import api_docs


def operations(app: Flask) -> Iterator[Any]:
    """What the API can be asked for, as its description says."""
    for found in schemathesis.openapi.from_wsgi(api_docs.ADDRESS, app).get_all_operations():
        yield found.ok()


def sends(operation: Any, tokens: Mapping[str, str], aim: Callable[[Any, int], None], examples: int) -> int:
    """Make up so many sound and so many broken requests and send each in the name of everybody of {name: token}; how
    many were sent. `aim(case, number)` may put in what is there: what is made up is seldom found.

    Making them up takes longer than answering them, so it is done once for all.
    """
    sent = 0
    for mode in GenerationMode:

        @settings(max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Any) -> None:
            nonlocal sent
            aim(case, sent)
            for name, token in tokens.items():
                note(f"sent by {name}")
                headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
                case.call_and_validate(headers=headers, checks=[not_a_server_error])
                session.rollback()
            sent += 1

        with suppress(Unsatisfiable):
            holds()
    return sent * len(tokens)

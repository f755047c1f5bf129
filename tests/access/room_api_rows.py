"""Rows of the table (table.py) for what surveys, broadcasts, parks and supplier libraries have over the API."""

from __future__ import annotations

from access.world import OPERATOR, OWN, ROLES, VISITOR

SIGNED_IN = frozenset(ROLES) - {VISITOR}
OPERATORS = frozenset({OPERATOR})
ASKED = frozenset({OWN[2]})
"""The admin was asked, and has answered."""

IN_ROOMS: tuple[tuple[frozenset[str], str], ...] = (
    (SIGNED_IN, """
        GET surveys_api: mine
        GET broadcasts_api: wanted
        PUT broadcasts_api: want
        DELETE broadcasts_api: leave
    """),
    (OPERATORS, """
        GET operator_surveys: export
        GET surveys_api: answers people run
        GET broadcasts_api: every preview show
        POST broadcasts_api: plan send stop
        PUT broadcasts_api: change
    """),
    (ASKED, """
        GET surveys_api: answer
        PUT surveys_api: give
    """),
    (ASKED | OPERATORS, """
        GET surveys_api: show
    """),
)

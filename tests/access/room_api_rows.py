"""Rows of the table (table.py) for what surveys, broadcasts, parks and supplier libraries have over the API."""

from __future__ import annotations

from access.world import A_BROKER, COUNTERPART, ITS_BROKER, OPERATOR, OTHERS, OWN, ROLES, VISITOR

SIGNED_IN = frozenset(ROLES) - {VISITOR}
OPERATORS = frozenset({OPERATOR})
ASKED = frozenset({OWN[2]})
"""The admin was asked, and has answered."""

STAFF = frozenset({ITS_BROKER, A_BROKER, OPERATOR})
OWN_EDITORS, OTHER_EDITORS = frozenset(OWN[1:]), frozenset(OTHERS[1:])

IN_ROOMS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset(ROLES), """
        GET parks_api: members
    """),
    (SIGNED_IN, """
        GET parks_api: every
        GET suppliers_api: every places show
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
        POST parks_api: add
        PUT parks_api: change
    """),
    (ASKED, """
        GET surveys_api: answer
        PUT surveys_api: give
    """),
    (ASKED | OPERATORS, """
        GET surveys_api: show
    """),
    # The park's own people and its partners' look too; here it has none. The company is on its list, and may leave it.
    (STAFF, """
        GET parks_api: of_park
    """),
    (STAFF | ASKED, """
        GET parks_api: show
    """),
    (OPERATORS | ASKED, """
        DELETE parks_api: remove
    """),
    # Who is in the company's library, only it and the supplier itself see, which here is the institute.
    (frozenset(OWN), """
        GET suppliers_api: search
    """),
    (OWN_EDITORS, """
        POST suppliers_api: accept decline set_open
        PUT suppliers_api: change
    """),
    (OWN_EDITORS | OTHER_EDITORS, """
        POST suppliers_api: open_library
    """),
    (OTHER_EDITORS | {COUNTERPART}, """
        POST suppliers_api: apply
    """),
    (frozenset(OWN) | {COUNTERPART}, """
        GET suppliers_api: paper show_place
    """),
    (frozenset({COUNTERPART}), """
        POST suppliers_api: add_paper leave renew
    """),
)

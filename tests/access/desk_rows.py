"""Rows of the table (table.py) for the requests desk and supplier libraries."""

from __future__ import annotations

from access.world import A_BROKER, COUNTERPART, ITS_BROKER, OPERATOR, OTHERS, OWN, ROLES, VISITOR

EVERYBODY = frozenset(ROLES)
OWN_EDITORS, OTHER_EDITORS = frozenset(OWN[1:]), frozenset(OTHERS[1:])
IN_CHARGE = frozenset({ITS_BROKER, OPERATOR})

ROWS: tuple[tuple[frozenset[str], str], ...] = (
    (EVERYBODY, """
        GET help_answers: index show
        GET requests_api: answers one_answer
    """),
    # requests_desk.new: who writes for no organisation is told so.
    (EVERYBODY - {VISITOR}, """
        GET requests_desk: index
        GET POST requests_desk: new
        GET requests_api: mine
        POST requests_api: ask
        GET suppliers: index show
    """),
    (frozenset({ITS_BROKER, A_BROKER, OPERATOR}), """
        GET requests_desk: desk
        GET requests_api: desk
    """),
    (frozenset({OPERATOR}), """
        GET POST help_answers: edit new publish
        POST help_answers: retract
        GET POST requests_desk: table
        POST requests_desk: remove_route
    """),
    # The broker is the company's steward here.
    (frozenset(OWN) | IN_CHARGE, """
        GET requests_desk: show
        GET requests_api: show
    """),
    (IN_CHARGE, """
        GET POST requests_desk: answer assign
        POST requests_api: answer assign
    """),
    (OWN_EDITORS, """
        POST requests_desk: confirm withdraw
        GET POST requests_desk: send_back
        POST requests_api: confirm send_back withdraw
        POST suppliers: accept set_open
        GET POST suppliers: decline edit
    """),
    (OWN_EDITORS | OTHER_EDITORS, """
        GET POST suppliers: new
    """),
    # Who is in the company's library, only it and the supplier itself see, which here is the institute.
    (OTHER_EDITORS | {COUNTERPART}, """
        GET POST suppliers: apply
    """),
    (frozenset(OWN) | {COUNTERPART}, """
        GET suppliers: one paper
    """),
    (frozenset({COUNTERPART}), """
        POST suppliers: add_paper leave remove_paper
    """),
)

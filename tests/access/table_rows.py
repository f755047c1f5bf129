"""Rows of the table (table.py) for who sits with whom at events, what they say of it, what it brings; for training."""

from __future__ import annotations

from access.world import A_BROKER, ITS_BROKER, OPERATOR, OWN, ROLES, VISITOR

GUESTS = frozenset({OWN[0], OWN[2]})
"""They come to the event, for the organisation that hosts it, so they lead the table where they sit."""
OPERATORS = frozenset({OPERATOR})

AT_TABLES: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset(ROLES) - {VISITOR}, """
        GET seating: mine
        GET seating_api: mine
    """),
    (OPERATORS, """
        GET seating: cards ice_breakers
        GET POST seating: seat show
        POST seating: again publish stop withdraw
        GET seating_api: show
        POST seating_api: again ask move publish
        GET POST talks: must show
        POST talks: publish
        GET talks_api: show
        POST talks_api: arrange must publish
        POST training_api: cancel certify mark plan withdraw
        PUT training_api: change
    """),
    (GUESTS | OPERATORS, """
        GET POST seating: write_note
        GET seating_api: read_notes
        POST seating_api: write_note
    """),
    (GUESTS, """
        GET POST talks: mine
        GET talks_api: mine
        PUT talks_api: wish
        GET ratings_api: of_event
        PUT ratings_api: rate rate_again
    """),
    (frozenset(ROLES) - {VISITOR}, """
        GET ratings_api: every mutual
        GET training_api: broker brokers every show
        POST training_api: enrol leave
    """),
    (frozenset({ITS_BROKER, A_BROKER, OPERATOR}), """
        GET event_figures_api: edition series
    """),
    # Colleagues do not rate each other, so there is no talk of theirs here (tests/ratings/test_ratings_api.py).
    (frozenset(), """
        GET ratings_api: show
    """),
)

"""Who may look at the figures."""

from __future__ import annotations

from marketplace.organisations.permissions import Reader


def can_read(actor: Reader) -> bool:
    """All of them, names of brokers too."""
    return actor is not None and actor.is_reviewer


def can_open(actor: Reader) -> bool:
    """May this person decide whether the public sees the aggregates?"""
    return actor is not None and actor.is_operator

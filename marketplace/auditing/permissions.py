"""Who may look into the audit log: operators, who answer for the platform."""

from __future__ import annotations

from marketplace.organisations.permissions import Reader


def can_see_log(actor: Reader) -> bool:
    return actor is not None and actor.is_operator

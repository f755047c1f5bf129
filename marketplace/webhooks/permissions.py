"""Who looks after webhooks: an organisation's administrators after its own, operators after the platform's."""

from __future__ import annotations

from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader, can_administer


def can_look_after(actor: Reader, organisation: Organisation | None) -> bool:
    """`organisation` None is the platform."""
    if organisation is None:
        return actor is not None and actor.is_operator
    return can_administer(actor, organisation)


def can_begin(organisation: Organisation | None) -> bool:
    """Nobody makes us send anything before an operator knows them."""
    return organisation is None or organisation.is_verified

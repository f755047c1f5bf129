"""Who may see, plan and certify."""

from __future__ import annotations

from marketplace.accounts.permissions import can_act
from marketplace.organisations.permissions import Reader
from marketplace.training.models import TrainingSession


def can_run(actor: Reader) -> bool:
    """Plan sessions, say who was there, record and withdraw certificates."""
    return actor is not None and actor.is_active and actor.is_operator


def can_enrol(actor: Reader, training: TrainingSession) -> bool:
    """Whoever has confirmed an address, until it begins or is full."""
    return (can_act(actor) and training.cancelled_at is None and not training.has_begun
            and training.taken < training.seats)

"""Who may read what has been said. Threads belong to their subject, whose room decides for them."""

from __future__ import annotations

from marketplace.accounts.models import User
from marketplace.messaging.models import Notice

Reader = User | None


def can_read(actor: Reader, notice: Notice) -> bool:
    return actor is not None and notice.user_id == actor.id


def can_see_mail(actor: Reader) -> bool:
    """Outgoing mail holds addresses, and links before they are used: for operators only."""
    return actor is not None and actor.is_operator

"""Who may see what the platform keeps of people. Everybody's own copy is theirs alone."""

from __future__ import annotations

from marketplace.accounts.models import User
from marketplace.privacy.models import Export

Reader = User | None


def owns(actor: Reader, export: Export) -> bool:
    return actor is not None and export.user_id == actor.id


def can_see_retention(actor: Reader) -> bool:
    return actor is not None and actor.is_operator

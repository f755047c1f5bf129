"""Who may keep a search, and who may read what was searched for."""

from __future__ import annotations

from typing import TypeGuard

from marketplace.accounts.models import User
from marketplace.finding.models import SavedSearch

Reader = User | None


def can_save(actor: Reader) -> TypeGuard[User]:
    return actor is not None and actor.is_active


def owns(actor: Reader, saved: SavedSearch) -> bool:
    """What somebody looks for is nobody else's business, not even the staff's."""
    return actor is not None and saved.owner_id == actor.id


def can_see_record(actor: Reader) -> bool:
    return actor is not None and actor.is_operator

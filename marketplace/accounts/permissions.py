"""What a person may do whatever they belong to."""

from __future__ import annotations

from typing import TypeGuard

from marketplace.accounts.models import ApiToken, User
from marketplace.phrases import say

Reader = User | None
CONFIRM_FIRST = say(
    "Confirm your e-mail address first: open the link in the mail we sent you. Your account page sends it again."
)


def can_act(actor: Reader) -> TypeGuard[User]:
    """May they do what others rely on: found an organisation, decide, sign? Only once their address is theirs."""
    return actor is not None and actor.is_active and actor.confirmed_at is not None


def can_revoke(actor: Reader, token: ApiToken) -> bool:
    return actor is not None and token.user_id == actor.id

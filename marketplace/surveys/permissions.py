"""Who may run surveys, answer them, and see what came of them."""

from __future__ import annotations

from marketplace.accounts.models import User
from marketplace.surveys.models import Asked, Survey

Reader = User | None


def can_run(actor: Reader) -> bool:
    """Make surveys, see who has not answered, ring people up, read every answer."""
    return actor is not None and actor.is_active and actor.is_operator


def can_answer(asked: Asked | None) -> bool:
    """Whoever was asked, until they need not answer any more."""
    return asked is not None and asked.ended_at is None


def can_see_figures(actor: Reader, survey: Survey) -> bool:
    """Everybody, once they are published; small groups are told to those who run surveys alone."""
    return survey.published_at is not None or can_run(actor)

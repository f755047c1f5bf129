"""What operators see: figures only, nobody's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from marketplace.accounts import accepting, texts
from marketplace.accounts.models import User
from marketplace.accounts.texts import Edition, Text
from marketplace.db import session
from marketplace.errors import NotFound
from marketplace.privacy import retention
from marketplace.privacy.models import Deletion, DeletionState, Export, ExportState
from marketplace.privacy.permissions import Reader, can_see_retention
from marketplace.privacy.retention import Due


@dataclass(frozen=True)
class Overview:
    editions: Sequence[tuple[Edition, int]]
    """Each with how many people accepted it, the newest first."""
    people: int
    """Accounts in use."""
    due: Sequence[Due]
    leaving: int
    """Accounts that wait to be deleted."""
    copies: int
    """Copies that can be fetched."""


def of(actor: Reader) -> Overview:
    if not can_see_retention(actor):
        raise NotFound
    counts = accepting.counts()
    found = [(one, counts.get((one.text, one.number), 0)) for text in Text for one in texts.editions(text)]
    return Overview(found, _count(User.disabled_at.is_(None)), retention.report(),
                    _count(Deletion.state == DeletionState.WAITING), _count(Export.state == ExportState.READY))


def _count(condition: object) -> int:
    return session.scalar(select(func.count()).where(condition)) or 0  # type: ignore[arg-type]

"""Who read or did what that somebody may have to answer for. Append-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace import clock
from marketplace.db import Base, in_transaction, session, transaction


class AuditEntry(Base):
    """One act: who, what, on which subject, when, and under which introduction if any."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "subject_kind", "subject_id"), Index(None, "actor_id"), Index(None, "introduction_ref", "id")
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    introduction_ref: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


def record(
    actor_id: int | None, action: str, subject_kind: str, subject_id: int,
    introduction_ref: str | None = None, **details: Any,
) -> None:
    """Add an entry, in the open transaction or, for reads, in one of its own."""
    entry = AuditEntry(
        at=clock.now(), actor_id=actor_id, action=action, subject_kind=subject_kind, subject_id=subject_id,
        introduction_ref=introduction_ref, details=details,
    )
    if in_transaction():
        session.add(entry)
        return
    with transaction():
        session.add(entry)

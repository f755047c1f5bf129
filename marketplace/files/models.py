"""Files kept for a subject of another room: a listing's attachments, a case's documents."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.db import Base


class StoredFile(Base):
    """One file of one subject. The bytes lie under their digest, once for all files that have them."""

    __tablename__ = "files"
    __table_args__ = (Index(None, "subject_kind", "subject_id"), CheckConstraint("tier BETWEEN 0 AND 3", name="tier"))
    id: Mapped[int] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    digest: Mapped[str] = mapped_column(index=True)
    """SHA-256 of the bytes, hexadecimal."""
    name: Mapped[str]
    media_type: Mapped[str]
    """By the table of types we take, never as the sender claimed."""
    size: Mapped[int]
    tier: Mapped[int]
    """Who may read it, as for a field of a listing; the subject's room checks it."""
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    added_at: Mapped[datetime]

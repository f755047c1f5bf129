"""Files kept for a subject of another room: a listing's attachments, a case's documents."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

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
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    """On whose account it counts; None: the platform's."""
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    added_at: Mapped[datetime]


class TextState(StrEnum):
    READ = "read"
    EMPTY = "empty"
    """There is no text in it: pictures of pages, most likely."""
    LOCKED = "locked"
    BROKEN = "broken"
    TOO_HARD = "too_hard"
    """It wanted more time or memory than a file gets."""
    MISSING = "missing"
    """Its bytes were not there."""


class FileText(Base):
    """What a file says, as search finds it."""

    __tablename__ = "file_texts"
    file_id: Mapped[int] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[TextState]
    text: Mapped[str] = mapped_column(default="")
    length: Mapped[int] = mapped_column(default=0)
    """Characters of the text."""
    is_cut: Mapped[bool] = mapped_column(default=False)
    """There is more in the file."""
    edition: Mapped[int]
    """Of the reading: what an older one has read is read again."""
    read_at: Mapped[datetime]

"""Copies of their data that people ask for, and accounts that are to be deleted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.files.models import StoredFile

_WAITING = text("state = 'waiting'")


class ExportState(StrEnum):
    WAITING = "waiting"
    READY = "ready"
    OVER = "over"
    """Its time is over, or a later one took its place: the file is gone."""


class Export(Base):
    """A copy of all that is known of a person, put together by the worker."""

    __tablename__ = "personal_exports"
    __table_args__ = (
        Index("uq_personal_exports_waiting", "user_id", unique=True, sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index(None, "user_id", "id"),
        Index(None, "state", "expires_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    state: Mapped[ExportState] = mapped_column(default=ExportState.WAITING)
    language: Mapped[str]
    asked_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    """When it was fetched first."""
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files.id", ondelete="SET NULL"), index=True)

    file: Mapped[StoredFile | None] = relationship()


class DeletionState(StrEnum):
    WAITING = "waiting"
    CANCELLED = "cancelled"
    DONE = "done"


class Deletion(Base):
    """A person wants their account deleted. Until the day it is due they may change their mind."""

    __tablename__ = "account_deletions"
    __table_args__ = (
        Index("uq_account_deletions_waiting", "user_id", unique=True, sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index(None, "user_id"),
        Index(None, "state", "due_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    state: Mapped[DeletionState] = mapped_column(default=DeletionState.WAITING)
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it was done or cancelled."""
    hindered_at: Mapped[datetime | None]
    """When the person was told that something has come in its way since they asked."""
    successors: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Organisation -> who of its people becomes the contact of its listings."""

    user: Mapped[User] = relationship()

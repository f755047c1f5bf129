"""What the figures keep of their own: how well each listing is met, and whether the public may look."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.db import Base


class Fit(Base):
    """The best score that a listing open for interest has with any open counterpart. Written by the worker: to score
    every need on the page that counts them would take minutes."""

    __tablename__ = "listing_fits"
    __table_args__ = (Index(None, "scored_at"), Index(None, "counterpart_id"))
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True)
    best: Mapped[float]
    """0 when nothing fits at all."""
    counterpart_id: Mapped[int | None] = mapped_column(ForeignKey("listings.id", ondelete="SET NULL"))
    scored_at: Mapped[datetime]


class PublicFigures(Base):
    """Whether everybody may see the aggregates; one row, written by the operator's button."""

    __tablename__ = "public_figures"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    is_on: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

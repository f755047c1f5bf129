"""How a need's owner weighs the answers to it: criteria, what each member gave, and the short list."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base

LOWEST, HIGHEST = 1, 5
"""Of points and of weights."""


class Comparison(Base):
    """The criteria of one need. Its version is what two people who change the criteria race for."""

    __tablename__ = "comparisons"
    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), unique=True)
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int] = mapped_column()

    every_criterion: Mapped[list[Criterion]] = relationship(
        order_by="(Criterion.position, Criterion.id)", lazy="selectin", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def criteria(self) -> list[Criterion]:
        """Those in use."""
        return [criterion for criterion in self.every_criterion if criterion.removed_at is None]


class Criterion(Base):
    """Something the owner judges answers by. Removed ones keep their scores and come back under the same name."""

    __tablename__ = "comparison_criteria"
    __table_args__ = (
        UniqueConstraint("comparison_id", "name"), CheckConstraint("weight BETWEEN 1 AND 5", name="weight"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    comparison_id: Mapped[int] = mapped_column(ForeignKey("comparisons.id", ondelete="CASCADE"))
    name: Mapped[str]
    weight: Mapped[int]
    direction: Mapped[str] = mapped_column(default="")
    """What earns five points, in words."""
    position: Mapped[int]
    removed_at: Mapped[datetime | None]


class Score(Base):
    """What one member gave one answer on one criterion."""

    __tablename__ = "comparison_scores"
    __table_args__ = (
        UniqueConstraint("introduction_id", "criterion_id", "user_id"),
        CheckConstraint("points BETWEEN 1 AND 5", name="points"),
        Index(None, "criterion_id"),
        Index(None, "user_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    criterion_id: Mapped[int] = mapped_column(ForeignKey("comparison_criteria.id", ondelete="CASCADE"))
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    points: Mapped[int]
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]

    user: Mapped[User] = relationship()


class Star(Base):
    """An answer on the owner's short list."""

    __tablename__ = "comparison_stars"
    introduction_id: Mapped[int] = mapped_column(ForeignKey("introductions.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    at: Mapped[datetime]

"""What people who sat at one table say of their talk, what two of them say alike, and what follows an edition."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.events.models import Edition, OfTwo, Registration


class Verdict(StrEnum):
    """Of a talk, in the days after it."""

    NOT_HELD = "not_held"
    INFORMATIVE = "informative"
    POSSIBLE = "possible"


class Later(StrEnum):
    """Of the same talk, half a year on."""

    NOTHING = "nothing"
    TALKING = "talking"
    AGREED = "agreed"


class Rating(Base):
    """What one person says of the talk with another. One row for each direction; the answer given last counts."""

    __tablename__ = "ratings"
    __table_args__ = (
        UniqueConstraint("by_id", "about_id"),
        CheckConstraint("by_id <> about_id", name="two_people"),
        CheckConstraint("(later IS NULL) = (later_at IS NULL)", name="later"),
        Index(None, "edition_id", "verdict"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    by_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    about_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    """Whose word it is: the person behind `by_id`."""
    table_number: Mapped[int | None]
    met_at: Mapped[datetime]
    """When they sat together."""
    verdict: Mapped[Verdict]
    note: Mapped[str | None]
    """What they would like to do together; the other reads it once both see a cooperation."""
    given_at: Mapped[datetime]
    later: Mapped[Later | None]
    later_at: Mapped[datetime | None]

    edition: Mapped[Edition] = relationship()
    by: Mapped[Registration] = relationship(foreign_keys=[by_id])
    about: Mapped[Registration] = relationship(foreign_keys=[about_id])

    @property
    def is_hopeful(self) -> bool:
        """Does this person see a cooperation, by what they said last?"""
        if self.later is not None:
            return self.later is not Later.NOTHING
        return self.verdict is Verdict.POSSIBLE


class Mutual(OfTwo, Base):
    """Two people at one table both see a cooperation. Never deleted: it is the table's intent."""

    __tablename__ = "mutual_ratings"
    __table_args__ = (
        UniqueConstraint("one_id", "other_id"),
        CheckConstraint("one_id < other_id", name="once"),
        Index(None, "edition_id", "introduction_ref"),
    )
    effective_at: Mapped[datetime]
    """The table's time where both said so in the days after it, else when the second of them did."""
    at: Mapped[datetime]
    introduction_ref: Mapped[str | None] = mapped_column(index=True)
    """The introduction that it opened or moved on; None while there is no need and result to introduce."""

    edition: Mapped[Edition] = relationship()
    one: Mapped[Registration] = relationship(foreign_keys="Mutual.one_id")
    other: Mapped[Registration] = relationship(foreign_keys="Mutual.other_id")


class FollowUp(Base):
    """What has been done after an edition ended; begun by the timer that finds it."""

    __tablename__ = "edition_follow_ups"
    __table_args__ = (Index(None, "asked_again_at"),)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True)
    noticed_at: Mapped[datetime]
    thanked_at: Mapped[datetime | None]
    asked_again_at: Mapped[datetime | None]


class EditionMinutes(Base):
    """The minutes of an edition, from its hosts' notes; readable by those who came once they are sent."""

    __tablename__ = "edition_minutes"
    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"), unique=True)
    text: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    sent_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    edition: Mapped[Edition] = relationship()
    changed_by: Mapped[User] = relationship()

    __mapper_args__ = {"version_id_col": version}

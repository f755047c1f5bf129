"""Readable references: a letter, the year, a number that counts up within both (R-2026-000123)."""

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from marketplace import clock
from marketplace.db import Base, in_transaction, session


class RefCounter(Base):
    """The last number given out for a letter and a year."""

    __tablename__ = "ref_counters"
    letter: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


def take(letter: str, count: int = 1) -> list[str]:
    """The next `count` references of `letter`, kept by the open transaction."""
    if not in_transaction():
        raise RuntimeError("take belongs inside transaction()")
    year = clock.today().year
    this = (RefCounter.letter == letter, RefCounter.year == year)
    change = update(RefCounter).where(*this).values(last=RefCounter.last + count).returning(RefCounter.last)
    last = session.scalar(change)
    if last is None:
        try:
            with session.begin_nested():
                session.add(RefCounter(letter=letter, year=year, last=0))
        except IntegrityError:  # somebody else takes the first one of the year at this moment
            pass
        last = session.scalar(change)
        assert last is not None
    return [f"{letter}-{year}-{number:06d}" for number in range(last - count + 1, last + 1)]

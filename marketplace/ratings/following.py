"""What follows an edition by the clock: that it is over is noted once; some days on who has rated nobody is reminded;
half a year on people are asked once more.

What needs a listing to go on is looked at again every day for a while: the listing may come later.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from marketplace import clock, outbox, workdays
from marketplace.db import session, transaction
from marketplace.events.models import RUNS, Edition
from marketplace.ratings import thanks
from marketplace.ratings.models import FollowUp, Mutual
from marketplace.ratings.service import MONTHS

REST = timedelta(hours=1)
"""After the end, so that the last talks are over and the last guests checked in."""
TOO_LATE = timedelta(days=14)
"""An edition that ended longer ago is history: nobody is thanked for it any more."""
LOOKED_FOR = timedelta(days=90)
"""So long an agreement without a need and a result waits for them."""
SOME_DAYS = 3
"""Working days after the thanks, whoever has rated nobody at their table is reminded."""
STILL_USEFUL = timedelta(days=7)
"""So long after that day, where the worker did not run; later the talks are forgotten."""
LONGEST_HOLIDAYS = timedelta(days=30)
"""Thanks of before then are due for no reminder, whatever the calendar."""
AT_ONCE = 100


def note_over() -> int:
    """Find the editions that have ended, each once, and let what follows begin."""
    now = clock.now()
    known = select(FollowUp.edition_id)
    ended = select(Edition.id).where(
        Edition.state.in_(sorted(RUNS)), Edition.ends_at <= now - REST, Edition.ends_at > now - TOO_LATE,
        Edition.id.not_in(known),
    ).order_by(Edition.ends_at).limit(AT_ONCE)
    return sum(_begin(number, now) for number in session.scalars(ended).all())


def remind() -> int:
    """Some days on, remind those who have rated nobody at their table, once; on working days, not before nine."""
    now = clock.now()
    if workdays.hour_from(now) > now:
        return 0
    thanked = select(FollowUp.edition_id, FollowUp.thanked_at).where(FollowUp.thanked_at > now - LONGEST_HOLIDAYS)
    today = clock.today()
    due = [number for number, at in session.execute(thanked.order_by(FollowUp.thanked_at)).all()
           if at is not None and _day_to_remind(at) <= today <= _day_to_remind(at) + STILL_USEFUL]
    return sum(_remind(number) for number in due)


def ask_again() -> int:
    """Half a year on, ask those who said that a talk took place what became of it; on working days, not before nine."""
    now = clock.now()
    if workdays.hour_from(now) > now:
        return 0
    roughly = datetime.combine(clock.today() - timedelta(days=28 * MONTHS), time(), clock.PLACE)
    waiting = select(Edition).join(FollowUp, FollowUp.edition_id == Edition.id).where(
        FollowUp.asked_again_at.is_(None), Edition.ends_at < roughly).order_by(Edition.ends_at).limit(AT_ONCE)
    due = [one for one in session.scalars(waiting).all()
           if clock.later(one.ends_at.astimezone(clock.PLACE).date(), MONTHS) <= clock.today()]
    return sum(_ask_again(edition, now) for edition in due)


def look_again() -> int:
    """Agreements that led to no introduction yet, because one side had nothing to introduce, are looked at again."""
    waiting = session.scalars(select(Mutual.id).where(
        Mutual.introduction_ref.is_(None), Mutual.at > clock.now() - LOOKED_FOR)).all()
    if waiting:
        with transaction():
            outbox.publish("rating.mutual", *waiting)
    return len(waiting)


def _begin(number: int, now: datetime) -> int:
    with transaction():
        try:
            with session.begin_nested():
                session.add(FollowUp(edition_id=number, noticed_at=now))
        except IntegrityError:  # another worker found it at this moment
            return 0
        outbox.publish("edition.over", number)
    return 1


def _day_to_remind(thanked_at: datetime) -> date:
    return workdays.after(thanked_at.astimezone(clock.PLACE).date(), SOME_DAYS)


def _remind(number: int) -> int:
    with transaction():
        # Another worker that is at the same edition waits here, and then finds whom this one has told.
        session.scalars(select(FollowUp).where(FollowUp.edition_id == number).with_for_update()).one()
        edition = session.get_one(Edition, number)
        return thanks.remind(edition) if edition.state in RUNS else 0


def _ask_again(edition: Edition, now: datetime) -> int:
    this = update(FollowUp).where(FollowUp.edition_id == edition.id, FollowUp.asked_again_at.is_(None))
    with transaction():
        first = session.scalar(this.values(asked_again_at=now).returning(FollowUp.edition_id)
                               .execution_options(synchronize_session=False))
        return thanks.ask_again(edition) if first is not None else 0
